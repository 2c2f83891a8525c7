using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Json;

/// <summary>Reads quantities from strings and bare numbers; writes the text they were read from.</summary>
public sealed class QuantityConverter : JsonConverter<Quantity>
{
    /// <inheritdoc/>
    public override Quantity Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Quantity value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());

    /// <summary>The quantity the reader stands on.</summary>
    internal static Quantity Read(ref Utf8JsonReader reader)
    {
        var text = reader.TokenType switch
        {
            JsonTokenType.String => StringPool.Get(ref reader),
            JsonTokenType.Number => Encoding.UTF8.GetString(reader.HasValueSequence ? System.Buffers.BuffersExtensions.ToArray(reader.ValueSequence) : reader.ValueSpan),
            _ => throw new JsonException("expected a quantity: a string or a number"),
        };
        try
        {
            return Quantity.Parse(text);
        }
        catch (FormatException refused)
        {
            throw new JsonException(refused.Message, refused);
        }
    }
}
