using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOperator.Kubernetes.Json;

/// <summary>metav1.Time: RFC 3339 in UTC, whole seconds, as <c>2026-01-02T03:04:05Z</c>.</summary>
public sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Rfc3339.Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => Rfc3339.Write(writer, value, "yyyy-MM-dd'T'HH:mm:ss'Z'");
}

/// <summary>metav1.MicroTime: RFC 3339 in UTC with exactly six decimals, as <c>2026-01-02T03:04:05.000000Z</c>.</summary>
public sealed class MicroTimeConverter : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Rfc3339.Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => Rfc3339.Write(writer, value, "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'");
}

/// <summary>RFC 3339 without an intermediate string.</summary>
internal static class Rfc3339
{
    public static DateTimeOffset Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var value)
            ? value.ToUniversalTime()
            : throw new JsonException("expected a time such as 2026-01-02T03:04:05Z");

    public static void Write(Utf8JsonWriter writer, DateTimeOffset value, string format)
    {
        Span<byte> text = stackalloc byte[32];
        value.ToUniversalTime().TryFormat(text, out var written, format);
        writer.WriteStringValue(text[..written]);
    }
}
