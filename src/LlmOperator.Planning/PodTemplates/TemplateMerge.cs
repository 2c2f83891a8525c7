using System.Text.Json.Nodes;

namespace LlmOperator.Planning.PodTemplates;

/// <summary>
/// Merges a user's pod template over the operator's, as Kubernetes' strategic merge does: maps by field, lists with a merge key by that key, every other list as a whole, null removes,
/// <c>$patch</c> replaces or deletes. Where Kubernetes allows one of several fields (the source of a volume or of a variable, the action of a probe), giving one takes the place of the other.
/// </summary>
internal static class TemplateMerge
{
    public const string Directive = "$patch";

    /// <summary>Lists that merge, and by which fields. All others are replaced.</summary>
    private static readonly Dictionary<string, string[]> MergeKeys = new(StringComparer.Ordinal)
    {
        ["containers"] = ["name"],
        ["initContainers"] = ["name"],
        ["volumes"] = ["name"],
        ["env"] = ["name"],
        ["ports"] = ["containerPort", "protocol"],
        ["volumeMounts"] = ["mountPath"],
        ["volumeDevices"] = ["devicePath"],
        ["imagePullSecrets"] = ["name"],
        ["hostAliases"] = ["ip"],
        ["topologySpreadConstraints"] = ["topologyKey", "whenUnsatisfiable"],
        ["resourceClaims"] = ["name"],
        ["schedulingGates"] = ["name"],
    };

    private static readonly string[] Actions = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

    /// <summary>The first field of the merge key of a list; null when it is replaced as a whole.</summary>
    public static string? KeyOf(string list) => MergeKeys.GetValueOrDefault(list)?[0];

    /// <summary>The merged copy; both are left as they were.</summary>
    public static JsonObject Merge(JsonObject original, JsonObject patch) => Merge((JsonObject)original.DeepClone(), patch, "");

    private static JsonObject Merge(JsonObject original, JsonObject patch, string field)
    {
        switch (DirectiveOf(patch))
        {
            case "replace":
                return WithoutDirectives(patch);
            case "delete":
                return [];
        }

        Displace(original, patch, field);
        foreach (var (name, value) in patch)
        {
            if (name == Directive)
            {
                continue;
            }

            original.TryGetPropertyValue(name, out var existing);
            original.Remove(name);
            switch (value)
            {
                case null:
                    break;
                case JsonObject map:
                    original[name] = existing is JsonObject before ? Merge(before, map, name) : WithoutDirectives(map);
                    break;
                case JsonArray list when existing is JsonArray elements && MergeKeys.TryGetValue(name, out var keys):
                    original[name] = MergeList(elements, list, name, keys);
                    break;
                case JsonArray list:
                    original[name] = new JsonArray([.. Elements(list)]);
                    break;
                default:
                    original[name] = value.DeepClone();
                    break;
            }
        }

        return original;
    }

    private static JsonArray MergeList(JsonArray original, JsonArray patch, string name, string[] keys)
    {
        if (patch.Any(element => DirectiveOf(element) == "replace" && element!.AsObject().Count == 1))
        {
            return new JsonArray([.. Elements(patch)]);
        }

        var merged = original.Select(element => element!.DeepClone()).ToList();
        foreach (var element in patch.OfType<JsonObject>())
        {
            var at = merged.FindIndex(other => Array.TrueForAll(keys, key => KeyValue(other, key) == KeyValue(element, key)));
            if (DirectiveOf(element) == "delete")
            {
                if (at >= 0)
                {
                    merged.RemoveAt(at);
                }
            }
            else if (at < 0)
            {
                merged.Add(WithoutDirectives(element));
            }
            else
            {
                merged[at] = Merge((JsonObject)merged[at], element, name);
            }
        }

        return new JsonArray([.. merged]);
    }

    /// <summary>Of fields that exclude each other, the patch's takes the place of the one there is.</summary>
    private static void Displace(JsonObject original, JsonObject patch, string field)
    {
        Func<string, bool>? isChoice = field switch
        {
            "volumes" or "env" => name => name is not ("name" or Directive),
            "livenessProbe" or "readinessProbe" or "startupProbe" or "preStop" or "postStart" => name => Actions.Contains(name),
            _ => null,
        };
        if (isChoice is null || !patch.Any(entry => isChoice(entry.Key) && entry.Value is not null && !original.ContainsKey(entry.Key)))
        {
            return;
        }

        foreach (var other in original.Select(entry => entry.Key).Where(isChoice).ToList())
        {
            original.Remove(other);
        }
    }

    private static string KeyValue(JsonNode? element, string key) => element?[key]?.ToString() ?? (key == "protocol" ? "TCP" : "");

    private static string? DirectiveOf(JsonNode? node) => node is JsonObject map && map.TryGetPropertyValue(Directive, out var word) ? word?.ToString() : null;

    private static IEnumerable<JsonNode?> Elements(JsonArray list) =>
        list.Where(element => DirectiveOf(element) is null).Select(element => element is JsonObject map ? WithoutDirectives(map) : element?.DeepClone());

    /// <summary>What is new is taken without directives and without the fields it would remove.</summary>
    private static JsonObject WithoutDirectives(JsonObject map)
    {
        var copy = new JsonObject();
        foreach (var (name, value) in map)
        {
            if (name != Directive && value is not null)
            {
                copy[name] = value switch
                {
                    JsonObject inner => WithoutDirectives(inner),
                    JsonArray list => new JsonArray([.. Elements(list)]),
                    _ => value.DeepClone(),
                };
            }
        }

        return copy;
    }
}
