using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>Uniqueness in lists that are sets or maps.</summary>
internal static class ListRules
{
    /// <summary>Reports duplicates.</summary>
    public static void Check(JsonNode? node, Schema schema, string path, FieldErrors errors)
    {
        switch (node)
        {
            case JsonArray array:
                if (array.Count > 1 && schema.ListType != ListType.Atomic)
                {
                    CheckUnique(array, schema, path, errors);
                }

                if (schema.Items is { Type: not ("string" or "integer" or "number" or "boolean") } items)
                {
                    for (var index = 0; index < array.Count; index++)
                    {
                        Check(array[index], items, $"{path}[{index}]", errors);
                    }
                }

                break;
            case JsonObject obj:
                foreach (var (name, value) in obj)
                {
                    if (value is JsonObject or JsonArray)
                    {
                        if (schema.Properties.TryGetValue(name, out var property))
                        {
                            Check(value, property, path.Length == 0 ? name : $"{path}.{name}", errors);
                        }
                        else if (schema.AdditionalProperties is { } values)
                        {
                            Check(value, values, $"{path}[{name}]", errors);
                        }
                    }
                }

                break;
        }
    }

    private static void CheckUnique(JsonArray array, Schema schema, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < array.Count; index++)
        {
            var item = array[index];
            var identity = schema.ListType == ListType.Map ? Keys(item, schema) : item;
            if (identity is null)
            {
                continue;
            }

            if (!seen.Add(Canonical(identity)))
            {
                errors.Duplicate($"{path}[{index}]", JsonScalars.Quote(identity));
            }
        }
    }

    /// <summary>The key fields alone, sorted by name.</summary>
    private static JsonObject? Keys(JsonNode? item, Schema schema)
    {
        if (item is not JsonObject obj || schema.ListMapKeys is not { } keys)
        {
            return null;
        }

        var result = new JsonObject();
        foreach (var key in keys.Order(StringComparer.Ordinal))
        {
            if (obj.TryGetPropertyValue(key, out var value))
            {
                result[key] = value?.DeepClone();
            }
        }

        return result;
    }

    private static string Canonical(JsonNode node) => node switch
    {
        JsonObject obj => $"{{{string.Join(',', obj.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{JsonScalars.Quote(field.Key)}:{(field.Value is null ? "null" : Canonical(field.Value))}"))}}}",
        JsonArray array => $"[{string.Join(',', array.Select(item => item is null ? "null" : Canonical(item)))}]",
        _ => node.GetValueKind() == JsonValueKind.Number && JsonScalars.TryNumber(node, out var number) && !JsonScalars.TryInteger(node, out _)
            ? JsonScalars.Format(number)
            : JsonScalars.Quote(node),
    };
}
