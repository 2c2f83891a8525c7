using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A structural schema: the part of JSON schema custom resources may use.</summary>
public sealed record JsonSchemaProps
{
    /// <summary><c>object</c>, <c>array</c>, <c>string</c>, <c>integer</c>, <c>number</c> or <c>boolean</c>.</summary>
    public string? Type { get; set; }

    /// <summary>Format of the type, for example <c>int32</c>.</summary>
    public string? Format { get; set; }

    /// <summary>Title.</summary>
    public string? Title { get; set; }

    /// <summary>Meaning, shown by explain.</summary>
    public string? Description { get; set; }

    /// <summary>Value when absent.</summary>
    public JsonElement? Default { get; set; }

    /// <summary>Example.</summary>
    public JsonElement? Example { get; set; }

    /// <summary>Values allowed.</summary>
    public IReadOnlyList<JsonElement>? Enum { get; set; }

    /// <summary>Whether null is allowed.</summary>
    public bool? Nullable { get; set; }

    /// <summary>Regular expression a string must match.</summary>
    public string? Pattern { get; set; }

    /// <summary>Fewest characters.</summary>
    public long? MinLength { get; set; }

    /// <summary>Most characters.</summary>
    public long? MaxLength { get; set; }

    /// <summary>Least value.</summary>
    public double? Minimum { get; set; }

    /// <summary>Greatest value.</summary>
    public double? Maximum { get; set; }

    /// <summary>The least value itself is not allowed.</summary>
    public bool? ExclusiveMinimum { get; set; }

    /// <summary>The greatest value itself is not allowed.</summary>
    public bool? ExclusiveMaximum { get; set; }

    /// <summary>The value must be a multiple.</summary>
    public double? MultipleOf { get; set; }

    /// <summary>Schema of the elements.</summary>
    public JsonSchemaProps? Items { get; set; }

    /// <summary>Fewest elements.</summary>
    public long? MinItems { get; set; }

    /// <summary>Most elements.</summary>
    public long? MaxItems { get; set; }

    /// <summary>No two elements alike; forbidden in structural schemas.</summary>
    public bool? UniqueItems { get; set; }

    /// <summary>Schemas of the properties.</summary>
    public IReadOnlyDictionary<string, JsonSchemaProps>? Properties { get; set; }

    /// <summary>Schema of the values of a map, or whether further properties are allowed.</summary>
    public JsonSchemaPropsOrBool? AdditionalProperties { get; set; }

    /// <summary>Fewest properties.</summary>
    public long? MinProperties { get; set; }

    /// <summary>Most properties.</summary>
    public long? MaxProperties { get; set; }

    /// <summary>Properties that must be there.</summary>
    public IReadOnlyList<string>? Required { get; set; }

    /// <summary>All must hold.</summary>
    public IReadOnlyList<JsonSchemaProps>? AllOf { get; set; }

    /// <summary>One at least must hold.</summary>
    public IReadOnlyList<JsonSchemaProps>? AnyOf { get; set; }

    /// <summary>Exactly one must hold.</summary>
    public IReadOnlyList<JsonSchemaProps>? OneOf { get; set; }

    /// <summary>Must not hold.</summary>
    public JsonSchemaProps? Not { get; set; }

    /// <summary>Where more is said.</summary>
    public ExternalDocumentation? ExternalDocs { get; set; }

    /// <summary>Unknown fields are kept.</summary>
    [JsonPropertyName("x-kubernetes-preserve-unknown-fields")]
    public bool? PreserveUnknownFields { get; set; }

    /// <summary>The value is a whole object.</summary>
    [JsonPropertyName("x-kubernetes-embedded-resource")]
    public bool? EmbeddedResource { get; set; }

    /// <summary>The value is an integer or a string.</summary>
    [JsonPropertyName("x-kubernetes-int-or-string")]
    public bool? IntOrString { get; set; }

    /// <summary><c>atomic</c>, <c>set</c> or <c>map</c>.</summary>
    [JsonPropertyName("x-kubernetes-list-type")]
    public string? ListType { get; set; }

    /// <summary>Properties that identify an element.</summary>
    [JsonPropertyName("x-kubernetes-list-map-keys")]
    public IReadOnlyList<string>? ListMapKeys { get; set; }

    /// <summary><c>granular</c> or <c>atomic</c>.</summary>
    [JsonPropertyName("x-kubernetes-map-type")]
    public string? MapType { get; set; }

    /// <summary>CEL rules.</summary>
    [JsonPropertyName("x-kubernetes-validations")]
    public IReadOnlyList<ValidationRule>? Validations { get; set; }
}

/// <summary>Where more is said.</summary>
public sealed record ExternalDocumentation
{
    /// <summary>Address.</summary>
    public string? Url { get; set; }

    /// <summary>What is there.</summary>
    public string? Description { get; set; }
}

/// <summary>A CEL rule.</summary>
public sealed record ValidationRule
{
    /// <summary>Expression that must be true.</summary>
    public required string Rule { get; set; }

    /// <summary>What is said when it is not.</summary>
    public string? Message { get; set; }

    /// <summary>Expression that makes the message.</summary>
    public string? MessageExpression { get; set; }

    /// <summary>Machine word of the refusal.</summary>
    public string? Reason { get; set; }

    /// <summary>Field the refusal points to.</summary>
    public string? FieldPath { get; set; }

    /// <summary>Also evaluated without an old value.</summary>
    public bool? OptionalOldSelf { get; set; }
}
