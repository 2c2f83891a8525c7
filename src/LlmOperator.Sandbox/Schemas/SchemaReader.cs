using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>Reads a JSON schema as CustomResourceDefinitions hold it (<c>openAPIV3Schema</c>) into a <see cref="Schema"/>.</summary>
internal static class SchemaReader
{
    /// <summary>Reads a schema. Fields of the wrong type count as absent: the definition's own validation has refused them before.</summary>
    public static Schema Read(JsonObject json)
    {
        var schema = new Schema
        {
            Type = Text(json, "type"),
            Format = Text(json, "format"),
            Description = Text(json, "description"),
            Title = Text(json, "title"),
            Nullable = Flag(json, "nullable"),
            Default = json["default"]?.DeepClone(),
            Enum = (json["enum"] as JsonArray)?.Select(value => value?.DeepClone()).ToList(),
            Pattern = Text(json, "pattern"),
            Minimum = Number(json, "minimum"),
            ExclusiveMinimum = Flag(json, "exclusiveMinimum"),
            Maximum = Number(json, "maximum"),
            ExclusiveMaximum = Flag(json, "exclusiveMaximum"),
            MultipleOf = Number(json, "multipleOf"),
            MinLength = Integer(json, "minLength"),
            MaxLength = Integer(json, "maxLength"),
            MinItems = Integer(json, "minItems"),
            MaxItems = Integer(json, "maxItems"),
            UniqueItems = Flag(json, "uniqueItems"),
            MinProperties = Integer(json, "minProperties"),
            MaxProperties = Integer(json, "maxProperties"),
            AllOf = List(json, "allOf"),
            AnyOf = List(json, "anyOf"),
            OneOf = List(json, "oneOf"),
            Not = json["not"] is JsonObject not ? Read(not) : null,
            Items = json["items"] is JsonObject items ? Read(items) : null,
            PreserveUnknownFields = Flag(json, "x-kubernetes-preserve-unknown-fields"),
            IntOrString = Flag(json, "x-kubernetes-int-or-string"),
            EmbeddedResource = Flag(json, "x-kubernetes-embedded-resource"),
            AtomicMap = Text(json, "x-kubernetes-map-type") == "atomic",
            ListMapKeys = Texts(json, "x-kubernetes-list-map-keys"),
            Validations = json["x-kubernetes-validations"]?.DeepClone() as JsonArray,
            PatchMergeKey = Text(json, "x-kubernetes-patch-merge-key"),
            PatchStrategy = Text(json, "x-kubernetes-patch-strategy"),
        };
        if (Text(json, "x-kubernetes-list-type") is { } listType)
        {
            schema.ListTypeDeclared = true;
            schema.ListType = listType switch { "set" => ListType.Set, "map" => ListType.Map, _ => ListType.Atomic };
        }

        schema.AdditionalProperties = json["additionalProperties"] switch
        {
            JsonObject values => Read(values),
            JsonValue flag when JsonScalars.TryBoolean(flag, out var allowed) && allowed => new Schema { PreserveUnknownFields = true },
            _ => null,
        };
        if (json["properties"] is JsonObject properties)
        {
            foreach (var (name, value) in properties)
            {
                schema.Properties[name] = value is JsonObject property ? Read(property) : new Schema();
            }
        }

        schema.Required.AddRange(Texts(json, "required") ?? []);
        return schema;
    }

    private static List<Schema>? List(JsonObject json, string name) => (json[name] as JsonArray)?.OfType<JsonObject>().Select(Read).ToList();

    private static List<string>? Texts(JsonObject json, string name) => (json[name] as JsonArray)?
        .Select(item => JsonScalars.TryString(item, out var text) ? text : null)
        .OfType<string>()
        .ToList();

    private static string? Text(JsonObject json, string name) => JsonScalars.TryString(json[name], out var text) ? text : null;

    private static bool Flag(JsonObject json, string name) => JsonScalars.TryBoolean(json[name], out var flag) && flag;

    private static double? Number(JsonObject json, string name) => JsonScalars.TryNumber(json[name], out var number) ? number : null;

    private static long? Integer(JsonObject json, string name) => JsonScalars.TryInteger(json[name], out var integer) ? integer
        : JsonScalars.TryNumber(json[name], out var number) ? (long)number : null;
}
