using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Json;

/// <summary>Reads and writes <see cref="IntOrString"/> as the form it has.</summary>
public sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    /// <inheritdoc/>
    public override IntOrString Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt32(out var number) => number,
        JsonTokenType.String => StringPool.Get(ref reader),
        _ => throw new JsonException("expected a 32-bit integer or a string"),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Number is { } number)
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(value.Text);
        }
    }
}
