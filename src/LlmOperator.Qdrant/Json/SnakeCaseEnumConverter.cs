using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOperator.Qdrant.Json;

/// <summary>Names of an enumeration as Qdrant writes most of them: <c>one_and_half_bits</c>.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
internal sealed class SnakeCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>Names of an enumeration that only the server writes; one that a newer server has added reads as the enumeration's zero, which says so.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
internal sealed class ReportedEnumConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Enum.TryParse<T>(reader.GetString(), ignoreCase: true, out var value) ? value : default;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.ToString());
    }
}
