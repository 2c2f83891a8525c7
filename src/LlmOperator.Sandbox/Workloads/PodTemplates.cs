using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Pods from templates, and the hash that names a template.</summary>
internal static class PodTemplates
{
    /// <summary>Label with the hash of a pod's template.</summary>
    public const string HashLabel = "pod-template-hash";

    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>A pod of a template under a controller, named after it unless the caller names it.</summary>
    public static JsonObject NewPod(JsonObject owner, JsonObject template, string apiVersion, string kind)
    {
        var pod = new JsonObject
        {
            ["metadata"] = new JsonObject { ["generateName"] = owner.Name() + "-", ["namespace"] = owner.Namespace() },
            ["spec"] = template.Object("spec")?.Copy() ?? [],
        };
        var metadata = pod.Child("metadata");
        foreach (var name in (ReadOnlySpan<string>)["labels", "annotations", "finalizers"])
        {
            if (template.At("metadata", name) is { } value)
            {
                metadata[name] = value.DeepClone();
            }
        }

        metadata["ownerReferences"] = Objects.OwnedBy(owner, apiVersion, kind);
        return pod;
    }

    /// <summary>Short text that stands for a template; another one for each collision count.</summary>
    public static string Hash(JsonObject template, long collisions)
    {
        var hash = 2166136261u;
        foreach (var value in Encoding.UTF8.GetBytes(Canonical(template)))
        {
            hash = (hash ^ value) * 16777619u;
        }

        if (collisions > 0)
        {
            hash = (hash ^ (uint)collisions) * 16777619u;
        }

        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
    }

    /// <summary>Whether two templates make the same pods.</summary>
    public static bool Same(JsonObject? left, JsonObject? right) => JsonNode.DeepEquals(left?["spec"], right?["spec"])
        && JsonNode.DeepEquals(WithoutHash(Metadata(left)), WithoutHash(Metadata(right)));

    /// <summary>A private copy without the hash label.</summary>
    public static JsonObject WithoutHash(JsonObject? template)
    {
        var copy = template?.Copy() ?? [];
        copy.Object("metadata", "labels")?.Remove(HashLabel);
        return copy;
    }

    private static JsonObject Metadata(JsonObject? template) => new() { ["metadata"] = template?["metadata"]?.DeepClone() ?? new JsonObject() };

    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject obj => "{" + string.Join(",", obj.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"\"{field.Key}\":{Canonical(field.Value)}")) + "}",
        JsonArray array => "[" + string.Join(",", array.Select(Canonical)) + "]",
        null => "null",
        _ when node.GetValueKind() == JsonValueKind.String => "\"" + node.GetValue<string>() + "\"",
        _ => node.ToJsonString(),
    };
}
