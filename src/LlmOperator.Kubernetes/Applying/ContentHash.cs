using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using LlmOperator.Kubernetes.Http;

namespace LlmOperator.Kubernetes.Applying;

/// <summary>A hash of what a JSON value says, whatever the order of its fields.</summary>
internal static class ContentHash
{
    private static readonly Comparer<JsonProperty> ByName =
        Comparer<JsonProperty>.Create(static (a, b) => JsonMarshal.GetRawUtf8PropertyName(a).SequenceCompareTo(JsonMarshal.GetRawUtf8PropertyName(b)));

    /// <summary>16 bytes of SHA-256 in hex: enough to tell changes apart, short enough for an annotation.</summary>
    public static string Of(JsonElement value)
    {
        using var canonical = new PooledBuffer();
        using (var writer = new Utf8JsonWriter(canonical, new JsonWriterOptions { SkipValidation = true }))
        {
            Write(writer, value);
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(canonical.Written.Span, hash);
        return Convert.ToHexStringLower(hash[..16]);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(writer, value);
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                {
                    Write(writer, element);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonElement value)
    {
        var properties = ArrayPool<JsonProperty>.Shared.Rent(value.GetPropertyCount());
        var count = 0;
        foreach (var property in value.EnumerateObject())
        {
            properties[count++] = property;
        }

        var sorted = properties.AsSpan(0, count);
        sorted.Sort(ByName);
        writer.WriteStartObject();
        foreach (var property in sorted)
        {
            // Names come from one serialiser, so equal names are escaped alike.
            writer.WritePropertyName(JsonMarshal.GetRawUtf8PropertyName(property));
            Write(writer, property.Value);
        }

        writer.WriteEndObject();
        ArrayPool<JsonProperty>.Shared.Return(properties, clearArray: true);
    }
}
