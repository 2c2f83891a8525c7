using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// Fills in a schema's defaults where the parent is present. A null where null is no value counts as absent: it becomes the
/// default, or goes when there is none.
/// </summary>
internal static class Defaulter
{
    /// <summary>Applies defaults.</summary>
    /// <param name="node">Changed in place.</param>
    /// <param name="schema">Its schema.</param>
    /// <param name="keepNulls">Whether a null without a default stays, for validation to refuse.</param>
    public static void Apply(JsonNode node, Schema schema, bool keepNulls = false)
    {
        switch (node)
        {
            case JsonObject obj:
                ApplyToFields(obj, schema, keepNulls);
                break;
            case JsonArray array when schema.Items is { } items:
                for (var index = 0; index < array.Count; index++)
                {
                    if (array[index] is null && items is { Nullable: false, Default: { } value })
                    {
                        array[index] = value.DeepClone();
                    }

                    if (array[index] is JsonObject or JsonArray)
                    {
                        Apply(array[index]!, items, keepNulls);
                    }
                }

                break;
        }
    }

    private static void ApplyToFields(JsonObject obj, Schema schema, bool keepNulls)
    {
        foreach (var (name, property) in schema.Properties)
        {
            if (!obj.TryGetPropertyValue(name, out var value))
            {
                if (property.Default is null)
                {
                    continue;
                }

                value = property.Default.DeepClone();
                obj[name] = value;
            }
            else if (value is null && !property.Nullable)
            {
                if (property.Default is null)
                {
                    if (!keepNulls)
                    {
                        obj.Remove(name);
                    }

                    continue;
                }

                value = property.Default.DeepClone();
                obj[name] = value;
            }

            if (value is JsonObject or JsonArray)
            {
                Apply(value, property, keepNulls);
            }
        }

        if (schema.AdditionalProperties is not { } values)
        {
            return;
        }

        foreach (var name in obj.Where(field => field.Value is null or JsonObject or JsonArray).Select(field => field.Key).ToList())
        {
            if (schema.Properties.ContainsKey(name))
            {
                continue;
            }

            var value = obj[name];
            if (value is null && !values.Nullable && !IsAny(values))
            {
                if (values.Default is null)
                {
                    if (!keepNulls)
                    {
                        obj.Remove(name);
                    }

                    continue;
                }

                value = values.Default.DeepClone();
                obj[name] = value;
            }

            if (value is not null)
            {
                Apply(value, values, keepNulls);
            }
        }
    }

    /// <summary>A schema that says nothing of its value: null is then as good as any.</summary>
    private static bool IsAny(Schema schema) => schema is { Type: null, PreserveUnknownFields: true };
}
