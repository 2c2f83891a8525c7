using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// Typed objects do not keep empty lists and maps where they are optional: written and read again they are absent. That holds for
/// all of a built-in object, and for the metadata of every custom one.
/// </summary>
internal static class EmptyFields
{
    /// <summary>Drops them in place.</summary>
    public static void Drop(JsonObject obj, KindDefinition kind)
    {
        if (!kind.Custom)
        {
            Fields(obj, kind.Schema);
        }
        else if (obj["metadata"] is JsonObject metadata)
        {
            Fields(metadata, ObjectMetaSchema.Instance);
        }
    }

    private static void Fields(JsonObject obj, Schema schema)
    {
        List<string>? empty = null;
        foreach (var (name, value) in obj)
        {
            if (value is JsonValue or null || !schema.Properties.TryGetValue(name, out var field))
            {
                continue;
            }

            // An empty list of managers is a request to forget them all.
            if (!schema.Required.Contains(name) && !field.Nullable && IsEmpty(value, field) && name != "managedFields")
            {
                (empty ??= []).Add(name);
            }
            else
            {
                Inside(value, field);
            }
        }

        foreach (var name in empty ?? [])
        {
            obj.Remove(name);
        }
    }

    private static void Inside(JsonNode node, Schema schema)
    {
        if (node is JsonArray array && schema.Items is { } items)
        {
            foreach (var item in array.OfType<JsonObject>())
            {
                Fields(item, items);
            }
        }
        else if (node is JsonObject obj && schema.AdditionalProperties is { } values)
        {
            foreach (var value in obj.Select(field => field.Value).OfType<JsonObject>())
            {
                Fields(value, values);
            }
        }
        else if (node is JsonObject fields)
        {
            Fields(fields, schema);
        }
    }

    private static bool IsEmpty(JsonNode node, Schema schema) => node switch
    {
        JsonArray array => array.Count == 0 && schema.Type == "array",
        JsonObject obj => obj.Count == 0 && schema.AdditionalProperties is not null && schema.Properties.Count == 0,
        _ => false,
    };
}
