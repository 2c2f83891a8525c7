using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlmOperator.Gateway.Rag.Calling;

/// <summary>JSON that is written field by field.</summary>
internal static class JsonBody
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An object.</summary>
    /// <param name="write">Writes its fields.</param>
    public static ReadOnlyMemory<byte> Object(Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(body, Readable))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return body.WrittenMemory;
    }

    /// <summary>Writes a list of texts.</summary>
    public static void WriteTexts(this Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="StepException">It is not what was asked for.</exception>
    public static T Read<T>(byte[] answer, string what, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            return read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            throw new StepException(StepException.InvalidAnswer, $"{what} cannot be read: {error.Message}");
        }
    }
}
