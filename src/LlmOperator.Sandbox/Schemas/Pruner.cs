using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>Drops fields that a schema does not declare.</summary>
internal static class Pruner
{
    /// <summary>Drops undeclared fields.</summary>
    /// <param name="obj">Changed in place.</param>
    /// <param name="schema">Its schema.</param>
    /// <param name="unknown">Gets the paths of what was dropped (<c>spec.steps[0].bogus</c>), sorted; null when nobody asks.</param>
    public static void Prune(JsonObject obj, Schema schema, List<string>? unknown)
    {
        Prune(obj, schema, "", unknown);
        unknown?.Sort(StringComparer.Ordinal);
    }

    private static void Prune(JsonNode? node, Schema? schema, string path, List<string>? unknown)
    {
        switch (node)
        {
            case JsonObject obj:
                PruneFields(obj, schema, path, unknown);
                break;
            case JsonArray array:
                // Untyped content of a field that keeps what is unknown is kept whole.
                if (schema is { Items: null, PreserveUnknownFields: true })
                {
                    break;
                }

                for (var index = 0; index < array.Count; index++)
                {
                    if (array[index] is JsonObject or JsonArray)
                    {
                        Prune(array[index], schema?.Items, unknown is null ? "" : $"{path}[{index}]", unknown);
                    }
                }

                break;
        }
    }

    private static void PruneFields(JsonObject obj, Schema? schema, string path, List<string>? unknown)
    {
        List<string>? dropped = null;
        foreach (var (name, value) in obj)
        {
            if (schema is not null && schema.Properties.TryGetValue(name, out var property))
            {
                if (value is JsonObject or JsonArray)
                {
                    Prune(value, property, Join(path, name, unknown), unknown);
                }
            }
            else if (schema is { EmbeddedResource: true } && name is "apiVersion" or "kind" or "metadata")
            {
                if (name == "metadata" && value is JsonObject)
                {
                    Prune(value, ObjectMetaSchema.Instance, Join(path, name, unknown), unknown);
                }
            }
            else if (schema?.AdditionalProperties is { } values)
            {
                if (value is JsonObject or JsonArray)
                {
                    Prune(value, values, Join(path, name, unknown), unknown);
                }
            }
            else if (schema is not { PreserveUnknownFields: true })
            {
                (dropped ??= []).Add(name);
            }
        }

        foreach (var name in dropped ?? [])
        {
            obj.Remove(name);
            unknown?.Add(Join(path, name, unknown));
        }
    }

    private static string Join(string path, string name, List<string>? unknown) => unknown is null ? "" : path.Length == 0 ? name : $"{path}.{name}";
}
