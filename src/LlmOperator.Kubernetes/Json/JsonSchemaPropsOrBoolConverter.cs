using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Json;

/// <summary>Reads and writes <see cref="JsonSchemaPropsOrBool"/> as the form it has.</summary>
public sealed class JsonSchemaPropsOrBoolConverter : JsonConverter<JsonSchemaPropsOrBool>
{
    /// <inheritdoc/>
    public override JsonSchemaPropsOrBool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.StartObject => JsonSerializer.Deserialize(ref reader, KubeJson.Default.JsonSchemaProps)!,
        _ => throw new JsonException("expected a schema or a boolean"),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, JsonSchemaPropsOrBool value, JsonSerializerOptions options)
    {
        if (value.Schema is { } schema)
        {
            JsonSerializer.Serialize(writer, schema, KubeJson.Default.JsonSchemaProps);
        }
        else
        {
            writer.WriteBooleanValue(value.Allows);
        }
    }
}
