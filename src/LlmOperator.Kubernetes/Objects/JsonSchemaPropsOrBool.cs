using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Either a schema or a boolean, as <c>additionalProperties</c> may be.</summary>
[JsonConverter(typeof(JsonSchemaPropsOrBoolConverter))]
public sealed record JsonSchemaPropsOrBool
{
    private JsonSchemaPropsOrBool(JsonSchemaProps? schema, bool allows) => (Schema, Allows) = (schema, allows);

    /// <summary>The schema; null for the boolean form.</summary>
    public JsonSchemaProps? Schema { get; }

    /// <summary>The boolean; true where there is a schema.</summary>
    public bool Allows { get; }

    /// <summary>The schema form.</summary>
    public static implicit operator JsonSchemaPropsOrBool(JsonSchemaProps schema) => new(schema, true);

    /// <summary>The boolean form.</summary>
    public static implicit operator JsonSchemaPropsOrBool(bool allows) => new(null, allows);
}
