using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Types of values that a schema describes. What a schema leaves open (unknown fields) expressions cannot see.</summary>
internal static class CelSchemaTypes
{
    /// <summary>Largest request, in bytes: no value can be larger.</summary>
    private const long MaxRequest = 3 * 1024 * 1024;

    private const long MinString = 2;
    private const long MinBool = 4;
    private const long MinNumber = 1;
    private const long DateTimeLength = 32;
    private const long DateLength = 12;
    private const long MinDateTime = 21;
    private const long MinDuration = 3;

    /// <summary>The type of a schema; null when its values are hidden from expressions.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="root">Whether it is that of a whole resource, of which apiVersion, kind, name and generateName can always be read.</param>
    public static CelType? Of(Schema schema, bool root)
    {
        if (schema.IntOrString)
        {
            return CelType.Scalar(CelType.Dyn, Bounded(schema), 1, schema.Nullable);
        }

        return schema.Type switch
        {
            "array" => List(schema),
            "object" => Object(schema, root),
            "string" => Text(schema),
            "boolean" => CelType.Scalar(CelType.Bool, 0, MinBool, schema.Nullable),
            "number" => CelType.Scalar(CelType.Double, 0, MinNumber, schema.Nullable),
            "integer" => CelType.Scalar(CelType.Int, 0, MinNumber, schema.Nullable),
            _ => null,
        };
    }

    private static CelType? List(Schema schema)
    {
        if (schema.Items is not { } items || Of(items, items.EmbeddedResource) is not { } element)
        {
            return null;
        }

        var most = schema.MaxItems is { } max ? Math.Max(max, 0) : (MaxRequest - 2) / (element.MinSize + 1);
        return CelType.List(element, (ulong)most, schema.ListType == ListType.Map ? schema.ListMapKeys : null, schema.ListType == ListType.Set, schema.Nullable);
    }

    private static CelType? Object(Schema schema, bool root)
    {
        if (schema.AdditionalProperties is { } values && (values.Type is not null || values.IntOrString))
        {
            if (Of(values, values.EmbeddedResource) is not { } value)
            {
                return null;
            }

            var most = schema.MaxProperties is { } max ? Math.Max(max, 0) : (MaxRequest - 2) / (value.MinSize + 6);
            return CelType.Map(value, (ulong)most, schema.Nullable);
        }

        var fields = new Dictionary<string, CelField>(StringComparer.Ordinal);
        var size = 2L;
        foreach (var (name, property) in root ? WithMeta(schema) : schema.Properties)
        {
            if (Of(property, property.EmbeddedResource) is not { } type)
            {
                continue;
            }

            if (CelNames.Escape(name) is { } escaped)
            {
                fields[escaped] = new CelField(name, type);
            }

            // What has a default is filled in by the server and takes no room in the request.
            if (schema.Required.Contains(name) && property.Default is null)
            {
                size += name.Length + type.MinSize + 4;
            }
        }

        return CelType.Object(fields, size, schema.Nullable);
    }

    private static IEnumerable<KeyValuePair<string, Schema>> WithMeta(Schema schema)
    {
        var text = new Schema { Type = "string" };
        if (schema.Properties.GetValueOrDefault("kind")?.Type == "string"
            && schema.Properties.GetValueOrDefault("apiVersion")?.Type == "string"
            && schema.Properties.GetValueOrDefault("metadata") is { Type: "object" } declared
            && declared.Properties.GetValueOrDefault("name")?.Type == "string"
            && declared.Properties.GetValueOrDefault("generateName")?.Type == "string")
        {
            return schema.Properties;
        }

        var metadata = new Schema { Type = "object" };
        metadata.Properties["name"] = text;
        metadata.Properties["generateName"] = text;
        return schema.Properties.Where(property => property.Key is not ("kind" or "apiVersion" or "metadata"))
            .Append(new("kind", text)).Append(new("apiVersion", text)).Append(new("metadata", metadata));
    }

    private static CelType Text(Schema schema) => schema.Format switch
    {
        "byte" => CelType.Scalar(CelType.Bytes, (ulong)(schema.MaxLength ?? MaxRequest - 2), MinString, schema.Nullable),
        "duration" => CelType.Scalar(CelType.Duration, DateTimeLength, MinDuration, schema.Nullable),
        "date" => CelType.Scalar(CelType.Timestamp, DateLength, DateLength, schema.Nullable),
        "date-time" => CelType.Scalar(CelType.Timestamp, DateTimeLength, MinDateTime, schema.Nullable),
        _ => CelType.Scalar(CelType.String, schema.MaxLength is null && schema.Enum is { Count: > 0 } values ? Longest(values) : Bounded(schema), MinString, schema.Nullable),
    };

    /// <summary>Lengths are declared in characters, sizes counted in bytes; a character has at most four.</summary>
    private static ulong Bounded(Schema schema) => (ulong)(schema.MaxLength is { } max ? Math.Max(max, 0) * 4 : MaxRequest - 2);

    private static ulong Longest(List<JsonNode?> values) =>
        (ulong)values.Max(value => JsonScalars.TryString(value, out var text) ? System.Text.Encoding.UTF8.GetByteCount(text) : 0);
}
