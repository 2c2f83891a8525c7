using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A structural schema: the part of JSON schema custom resources may use.</summary>
public sealed record JsonSchemaProps
{
    /// <summary><c>object</c>, <c>array</c>, <c>string</c>, <c>integer</c>, <c>number</c> or <c>boolean</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Format of the type, for example <c>int32</c>.</summary>
    public string? Format { get; init; }

    /// <summary>Title.</summary>
    public string? Title { get; init; }

    /// <summary>Meaning, shown by explain.</summary>
    public string? Description { get; init; }

    /// <summary>Value when absent.</summary>
    public JsonElement? Default { get; init; }

    /// <summary>Example.</summary>
    public JsonElement? Example { get; init; }

    /// <summary>Values allowed.</summary>
    public IReadOnlyList<JsonElement>? Enum { get; init; }

    /// <summary>Whether null is allowed.</summary>
    public bool? Nullable { get; init; }

    /// <summary>Regular expression a string must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>Fewest characters.</summary>
    public long? MinLength { get; init; }

    /// <summary>Most characters.</summary>
    public long? MaxLength { get; init; }

    /// <summary>Least value.</summary>
    public double? Minimum { get; init; }

    /// <summary>Greatest value.</summary>
    public double? Maximum { get; init; }

    /// <summary>The least value itself is not allowed.</summary>
    public bool? ExclusiveMinimum { get; init; }

    /// <summary>The greatest value itself is not allowed.</summary>
    public bool? ExclusiveMaximum { get; init; }

    /// <summary>The value must be a multiple.</summary>
    public double? MultipleOf { get; init; }

    /// <summary>Schema of the elements.</summary>
    public JsonSchemaProps? Items { get; init; }

    /// <summary>Fewest elements.</summary>
    public long? MinItems { get; init; }

    /// <summary>Most elements.</summary>
    public long? MaxItems { get; init; }

    /// <summary>No two elements alike; forbidden in structural schemas.</summary>
    public bool? UniqueItems { get; init; }

    /// <summary>Schemas of the properties.</summary>
    public IReadOnlyDictionary<string, JsonSchemaProps>? Properties { get; init; }

    /// <summary>Schema of the values of a map, or whether further properties are allowed.</summary>
    public JsonSchemaPropsOrBool? AdditionalProperties { get; init; }

    /// <summary>Fewest properties.</summary>
    public long? MinProperties { get; init; }

    /// <summary>Most properties.</summary>
    public long? MaxProperties { get; init; }

    /// <summary>Properties that must be there.</summary>
    public IReadOnlyList<string>? Required { get; init; }

    /// <summary>All must hold.</summary>
    public IReadOnlyList<JsonSchemaProps>? AllOf { get; init; }

    /// <summary>One at least must hold.</summary>
    public IReadOnlyList<JsonSchemaProps>? AnyOf { get; init; }

    /// <summary>Exactly one must hold.</summary>
    public IReadOnlyList<JsonSchemaProps>? OneOf { get; init; }

    /// <summary>Must not hold.</summary>
    public JsonSchemaProps? Not { get; init; }

    /// <summary>Where more is said.</summary>
    public ExternalDocumentation? ExternalDocs { get; init; }

    /// <summary>Unknown fields are kept.</summary>
    [JsonPropertyName("x-kubernetes-preserve-unknown-fields")]
    public bool? PreserveUnknownFields { get; init; }

    /// <summary>The value is a whole object.</summary>
    [JsonPropertyName("x-kubernetes-embedded-resource")]
    public bool? EmbeddedResource { get; init; }

    /// <summary>The value is an integer or a string.</summary>
    [JsonPropertyName("x-kubernetes-int-or-string")]
    public bool? IntOrString { get; init; }

    /// <summary><c>atomic</c>, <c>set</c> or <c>map</c>.</summary>
    [JsonPropertyName("x-kubernetes-list-type")]
    public string? ListType { get; init; }

    /// <summary>Properties that identify an element.</summary>
    [JsonPropertyName("x-kubernetes-list-map-keys")]
    public IReadOnlyList<string>? ListMapKeys { get; init; }

    /// <summary><c>granular</c> or <c>atomic</c>.</summary>
    [JsonPropertyName("x-kubernetes-map-type")]
    public string? MapType { get; init; }

    /// <summary>CEL rules.</summary>
    [JsonPropertyName("x-kubernetes-validations")]
    public IReadOnlyList<ValidationRule>? Validations { get; init; }
}

/// <summary>Where more is said.</summary>
public sealed record ExternalDocumentation
{
    /// <summary>Address.</summary>
    public string? Url { get; init; }

    /// <summary>What is there.</summary>
    public string? Description { get; init; }
}

/// <summary>A CEL rule.</summary>
public sealed record ValidationRule
{
    /// <summary>Expression that must be true.</summary>
    public required string Rule { get; init; }

    /// <summary>What is said when it is not.</summary>
    public string? Message { get; init; }

    /// <summary>Expression that makes the message.</summary>
    public string? MessageExpression { get; init; }

    /// <summary>Machine word of the refusal.</summary>
    public string? Reason { get; init; }

    /// <summary>Field the refusal points to.</summary>
    public string? FieldPath { get; init; }

    /// <summary>Also evaluated without an old value.</summary>
    public bool? OptionalOldSelf { get; init; }
}
