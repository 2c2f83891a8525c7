using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// Writes schemas as JSON: wholly, as a CustomResourceDefinition holds them, or for OpenAPI with named types as references.
/// A reference beside other words (description, default) is wrapped in <c>allOf</c> for OpenAPI 3, where a reference stands alone.
/// </summary>
/// <param name="referencePrefix"><c>#/components/schemas/</c>, <c>#/definitions/</c>, or null to write named types out in place (they may then not be cyclic).</param>
/// <param name="wrapReferences">Whether references need <c>allOf</c> to stand beside other words.</param>
internal sealed class SchemaWriter(string? referencePrefix = null, bool wrapReferences = true)
{
    private readonly Dictionary<string, Schema> _named = new(StringComparer.Ordinal);

    /// <summary>Writer of CustomResourceDefinition schemas.</summary>
    public static SchemaWriter Inline { get; } = new();

    /// <summary>Named types met so far that a reference points to.</summary>
    public IReadOnlyDictionary<string, Schema> Referenced => _named;

    /// <summary>A named type as a reference, any other schema written out.</summary>
    public JsonObject Write(Schema schema)
    {
        if (referencePrefix is null || schema.TypeName is not { } name)
        {
            return WriteOut(schema);
        }

        _named.TryAdd(name, schema);
        var reference = new JsonObject { ["$ref"] = referencePrefix + name };
        return reference;
    }

    /// <summary>The schema itself, with references only inside.</summary>
    public JsonObject WriteOut(Schema schema)
    {
        var json = new JsonObject();
        Set(json, "type", schema.Type);
        Set(json, "format", schema.Format);
        Set(json, "title", schema.Title);
        Set(json, "description", schema.Description);
        Set(json, "nullable", schema.Nullable);
        if (schema.Default is not null)
        {
            json["default"] = schema.Default.DeepClone();
        }

        if (schema.Enum is { } values)
        {
            json["enum"] = new JsonArray([.. values.Select(value => value?.DeepClone())]);
        }

        Set(json, "pattern", schema.Pattern);
        Set(json, "minimum", schema.Minimum);
        Set(json, "exclusiveMinimum", schema.ExclusiveMinimum);
        Set(json, "maximum", schema.Maximum);
        Set(json, "exclusiveMaximum", schema.ExclusiveMaximum);
        Set(json, "multipleOf", schema.MultipleOf);
        Set(json, "minLength", schema.MinLength);
        Set(json, "maxLength", schema.MaxLength);
        Set(json, "minItems", schema.MinItems);
        Set(json, "maxItems", schema.MaxItems);
        Set(json, "uniqueItems", schema.UniqueItems);
        Set(json, "minProperties", schema.MinProperties);
        Set(json, "maxProperties", schema.MaxProperties);
        if (schema.Required.Count > 0)
        {
            json["required"] = Texts(schema.Required);
        }

        if (schema.Properties.Count > 0)
        {
            var properties = new JsonObject();
            foreach (var (name, property) in schema.Properties)
            {
                properties[name] = Write(property);
            }

            json["properties"] = properties;
        }

        if (schema.Items is not null)
        {
            json["items"] = Write(schema.Items);
        }

        if (schema.AdditionalProperties is not null)
        {
            json["additionalProperties"] = Write(schema.AdditionalProperties);
        }

        Set(json, "allOf", schema.AllOf);
        Set(json, "anyOf", schema.AnyOf);
        Set(json, "oneOf", schema.OneOf);
        if (schema.Not is not null)
        {
            json["not"] = Write(schema.Not);
        }

        WriteExtensions(json, schema);
        return json;
    }

    /// <summary>A property whose own words (description, default) differ from those of its named type.</summary>
    public JsonObject WriteProperty(Schema type, string? description, JsonNode? defaultValue)
    {
        var json = Write(type);
        if (json.ContainsKey("$ref") && wrapReferences && (description is not null || defaultValue is not null))
        {
            json = new JsonObject { ["allOf"] = new JsonArray(json) };
        }

        if (description is not null)
        {
            json["description"] = description;
        }

        if (defaultValue is not null)
        {
            json["default"] = defaultValue.DeepClone();
        }

        return json;
    }

    private static void WriteExtensions(JsonObject json, Schema schema)
    {
        Set(json, "x-kubernetes-preserve-unknown-fields", schema.PreserveUnknownFields);
        Set(json, "x-kubernetes-int-or-string", schema.IntOrString);
        Set(json, "x-kubernetes-embedded-resource", schema.EmbeddedResource);
        if (schema.ListTypeDeclared)
        {
            json["x-kubernetes-list-type"] = schema.ListType switch { ListType.Set => "set", ListType.Map => "map", _ => "atomic" };
        }

        if (schema.ListMapKeys is { Count: > 0 } keys)
        {
            json["x-kubernetes-list-map-keys"] = Texts(keys);
        }

        Set(json, "x-kubernetes-map-type", schema.AtomicMap ? "atomic" : null);
        Set(json, "x-kubernetes-patch-merge-key", schema.PatchMergeKey);
        Set(json, "x-kubernetes-patch-strategy", schema.PatchStrategy);
        if (schema.Validations is not null)
        {
            json["x-kubernetes-validations"] = schema.Validations.DeepClone();
        }
    }

    private void Set(JsonObject json, string name, List<Schema>? schemas)
    {
        if (schemas is { Count: > 0 })
        {
            json[name] = new JsonArray([.. schemas.Select(schema => (JsonNode)Write(schema))]);
        }
    }

    private static void Set(JsonObject json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json[name] = value;
        }
    }

    private static void Set(JsonObject json, string name, bool value)
    {
        if (value)
        {
            json[name] = true;
        }
    }

    private static void Set(JsonObject json, string name, long? value)
    {
        if (value is { } number)
        {
            json[name] = number;
        }
    }

    private static void Set(JsonObject json, string name, double? value)
    {
        if (value is { } number)
        {
            json[name] = number == Math.Truncate(number) && Math.Abs(number) < 1e15 ? (JsonNode)(long)number : number;
        }
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
