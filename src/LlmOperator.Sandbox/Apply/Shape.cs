using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>How a value takes part in merging and ownership.</summary>
internal enum Shape
{
    /// <summary>One value.</summary>
    Scalar,

    /// <summary>A list owned as a whole.</summary>
    AtomicList,

    /// <summary>Scalars owned one by one.</summary>
    Set,

    /// <summary>Objects owned one by one, told apart by keys.</summary>
    ListMap,

    /// <summary>An object owned as a whole.</summary>
    AtomicMap,

    /// <summary>An object whose fields are owned one by one.</summary>
    Map,
}

/// <summary>Reads a schema for merging. A null schema is that of untyped content: maps by field, lists as a whole.</summary>
internal static class Shapes
{
    /// <summary>The shape of a value; where the schema leaves it open, the value decides.</summary>
    public static Shape Of(Schema? schema, JsonNode? node)
    {
        switch (schema?.Type)
        {
            case "object":
                return schema.AtomicMap ? Shape.AtomicMap : Shape.Map;
            case "array":
                return schema.ListType switch
                {
                    ListType.Set => Shape.Set,
                    ListType.Map when schema.ListMapKeys is { Count: > 0 } => Shape.ListMap,
                    _ => Shape.AtomicList,
                };
            case not null:
                return Shape.Scalar;
        }

        return node switch
        {
            JsonObject => schema is { AtomicMap: true } ? Shape.AtomicMap : Shape.Map,
            JsonArray => Shape.AtomicList,
            _ => Shape.Scalar,
        };
    }

    /// <summary>Schema of a field; false when it is not declared and undeclared fields are not allowed.</summary>
    public static bool TryField(Schema? schema, string name, out Schema? field, out bool isDeclared)
    {
        if (schema is null)
        {
            (field, isDeclared) = (null, false);
            return true;
        }

        isDeclared = schema.Properties.TryGetValue(name, out field);
        if (isDeclared)
        {
            return true;
        }

        if (schema.EmbeddedResource && name == "metadata")
        {
            field = ObjectMetaSchema.Instance;
            isDeclared = true;
            return true;
        }

        field = schema.AdditionalProperties;
        return field is not null || schema.PreserveUnknownFields || schema.EmbeddedResource || (schema.Type is null && schema.Properties.Count == 0);
    }

    /// <summary>The path element of a list's item; a reason when it has none.</summary>
    public static string? TryItem(Schema schema, Shape shape, JsonNode? item, out PathElement element)
    {
        element = default;
        if (shape == Shape.Set)
        {
            if (item is null)
            {
                return "associative list without keys has an element that's an explicit null";
            }

            if (!ScalarValue.TryCreate(item, out var value))
            {
                return item is JsonObject ? "associative list without keys has an element that's a map type" : "not supported: associative list with lists as elements";
            }

            element = PathElement.OfValue(value);
            return null;
        }

        if (item is not JsonObject obj)
        {
            return item is null ? "associative list with keys may not have a null element" : "associative list with keys may not have non-map elements";
        }

        var keys = schema.ListMapKeys!;
        var fields = new PathElement.KeyField[keys.Count];
        var found = 0;
        foreach (var key in keys)
        {
            if (!obj.TryGetPropertyValue(key, out var node))
            {
                node = schema.Items?.Properties.GetValueOrDefault(key)?.Default;
                if (node is null)
                {
                    continue;
                }
            }

            if (!ScalarValue.TryCreate(node, out var value))
            {
                return $"key field \"{key}\" is not a scalar";
            }

            fields[found++] = new(key, value);
        }

        // An absent key counts as part of the identity, unless nothing is left to tell items apart by.
        if (found == 0)
        {
            return keys.Count == 1
                ? $"associative list with keys has an element that omits key field \"{keys[0]}\" (and doesn't have default value)"
                : $"associative list with keys has an element that omits all key fields {string.Join(", ", keys.Select(key => $"\"{key}\""))} (and doesn't have default values for any key fields)";
        }

        Array.Resize(ref fields, found);
        Array.Sort(fields, static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        element = PathElement.OfKeys(fields);
        return null;
    }
}
