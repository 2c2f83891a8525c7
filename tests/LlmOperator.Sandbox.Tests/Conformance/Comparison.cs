using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlmOperator.Sandbox.Tests.Conformance;

/// <summary>Compares answers after taking out what differs from run to run.</summary>
internal static partial class Comparison
{
    private const string Any = "<any>";
    private const string Absent = "<absent>";

    private static readonly HashSet<string> Varying = new(StringComparer.Ordinal)
    {
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime", "lastUpdateTime", "lastProbeTime",
        "startTime", "completionTime", "startedAt", "finishedAt", "clusterIP", "clusterIPs", "nodePort", "podIP", "podIPs", "hostIP", "hostIPs",
        "containerID", "imageID", "continue", "serverAddressByClientCIDRs",
    };

    /// <summary>A copy in which varying values read the same.</summary>
    public static JsonNode? Normalise(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.Select(field => KeyValuePair.Create(field.Key, Field(field.Key, field.Value)))),
        JsonArray array => new JsonArray([.. array.Select(Normalise)]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Hash().Replace(value.GetValue<string>(), "hash=" + Any),
        _ => node?.DeepClone(),
    };

    /// <summary>The value at a JSON pointer.</summary>
    public static (bool Found, JsonNode? Value) At(JsonNode? node, string pointer)
    {
        foreach (var part in pointer.Split('/').Skip(1).Select(part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
        {
            switch (node)
            {
                case JsonObject obj when obj.TryGetPropertyValue(part, out var value):
                    node = value;
                    break;
                case JsonArray array when int.TryParse(part, out var index) && index < array.Count:
                    node = array[index];
                    break;
                default:
                    return (false, null);
            }
        }

        return (true, node);
    }

    /// <summary>What differs at the pointers of a selection, null when nothing does.</summary>
    public static string? Selected(JsonObject wanted, JsonNode? actual)
    {
        var normal = Normalise(actual);
        foreach (var (pointer, value) in wanted)
        {
            var (found, at) = At(normal, pointer);
            if (value?.GetValueKind() == JsonValueKind.String && value.GetValue<string>() == Absent)
            {
                if (found)
                {
                    return $"{pointer}: wanted nothing, got {at?.ToJsonString() ?? "null"}";
                }
            }
            else if (!found || !JsonNode.DeepEquals(Normalise(value), at))
            {
                return $"{pointer}: wanted {value?.ToJsonString() ?? "null"}, got {(found ? at?.ToJsonString() ?? "null" : "nothing")}";
            }
        }

        return null;
    }

    /// <summary>What differs between two bodies, null when nothing does.</summary>
    public static string? Whole(JsonNode? wanted, JsonNode? actual, bool refusal)
    {
        var (left, right) = (Normalise(wanted), Normalise(actual));
        if (refusal)
        {
            (left, right) = (WithoutTexts(left), WithoutTexts(right));
        }

        return JsonNode.DeepEquals(left, right) ? null : $"wanted {left?.ToJsonString()}\n   got {right?.ToJsonString()}";
    }

    private static JsonNode? Field(string name, JsonNode? value)
    {
        if (!Varying.Contains(name))
        {
            return Normalise(value);
        }

        var empty = value switch
        {
            null => true,
            JsonObject obj => obj.Count == 0,
            JsonArray array => array.Count == 0 || array.All(item => item?.GetValueKind() == JsonValueKind.String && item.GetValue<string>() == "None"),
            _ => value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is "" or "None",
        };
        return empty ? value?.DeepClone() : Any;
    }

    /// <summary>Texts are for people: they are kept close but not compared. Causes come in any order.</summary>
    private static JsonNode? WithoutTexts(JsonNode? node)
    {
        if (node is not JsonObject status)
        {
            return node;
        }

        var copy = status.DeepClone().AsObject();
        copy.Remove("message");
        if (copy["details"]?["causes"] is JsonArray causes)
        {
            foreach (var cause in causes)
            {
                cause!.AsObject().Remove("message");
            }

            var sorted = causes.Select(cause => cause!.DeepClone()).OrderBy(cause => cause.ToJsonString(), StringComparer.Ordinal).ToArray();
            copy["details"]!["causes"] = new JsonArray(sorted);
        }

        return copy;
    }

    /// <summary>The hash in an OpenAPI address is that of the server's own document.</summary>
    [GeneratedRegex("hash=[0-9A-F]+")]
    private static partial Regex Hash();
}
