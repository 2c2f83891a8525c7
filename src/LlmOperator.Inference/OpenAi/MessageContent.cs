using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlmOperator.Inference.OpenAi;

/// <summary>Prompts and answers in the form the GenAI conventions give them: messages of parts. Every text goes through a function on its way, which is where redaction has its place: texts are whole there, however many pieces they came in.</summary>
public static class MessageContent
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The prompt of a request.</summary>
    /// <param name="input">Messages, a text, or a list of texts, as JSON (<see cref="RequestSummary.Input"/>).</param>
    /// <param name="redact">What becomes of each text.</param>
    public static string Input(string input, Func<string, string> redact)
    {
        ArgumentNullException.ThrowIfNull(redact);
        using var document = JsonDocument.Parse(input, new() { MaxDepth = 64 });
        return Written(writer =>
        {
            writer.WriteStartArray();
            switch (document.RootElement)
            {
                case { ValueKind: JsonValueKind.String } text:
                    WriteText(writer, "user", redact(text.GetString()!));
                    break;
                case { ValueKind: JsonValueKind.Array } list:
                    foreach (var element in list.EnumerateArray())
                    {
                        if (element.ValueKind == JsonValueKind.String)
                        {
                            WriteText(writer, "user", redact(element.GetString()!));
                        }
                        else if (element.ValueKind == JsonValueKind.Object)
                        {
                            WriteMessage(writer, element, redact);
                        }
                    }

                    break;
            }

            writer.WriteEndArray();
        });
    }

    /// <summary>The answers.</summary>
    /// <param name="texts">Their texts.</param>
    /// <param name="finishReasons">Why each ended.</param>
    /// <param name="redact">What becomes of each text.</param>
    public static string Output(IReadOnlyList<string> texts, IReadOnlyCollection<string> finishReasons, Func<string, string> redact)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(redact);
        return Written(writer =>
        {
            writer.WriteStartArray();
            foreach (var (number, text) in texts.Index())
            {
                WriteText(writer, "assistant", redact(text), finishReasons.ElementAtOrDefault(number) ?? "unknown");
            }

            writer.WriteEndArray();
        });
    }

    private static void WriteMessage(Utf8JsonWriter writer, JsonElement message, Func<string, string> redact)
    {
        writer.WriteStartObject();
        var role = message.TryGetProperty("role"u8, out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : "user";
        writer.WriteString("role"u8, redact(role));
        writer.WriteStartArray("parts"u8);
        if (role == "tool")
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "tool_call_response");
            writer.WriteString("id"u8, Redacted(message, "tool_call_id", redact));
            writer.WriteString("response"u8, redact(ToolAnswer(message)));
            writer.WriteEndObject();
        }
        else if (message.TryGetProperty("content"u8, out var content))
        {
            WriteParts(writer, content, redact);
        }

        if (message.TryGetProperty("tool_calls"u8, out var calls) && calls.ValueKind == JsonValueKind.Array)
        {
            foreach (var call in calls.EnumerateArray().Where(call => call.ValueKind == JsonValueKind.Object))
            {
                WriteToolCall(writer, call, redact);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>A text, or the texts of its parts one after another.</summary>
    private static string ToolAnswer(JsonElement message) => !message.TryGetProperty("content"u8, out var content) ? ""
        : content.ValueKind == JsonValueKind.Array ? string.Concat(content.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object).Select(part => Text(part, "text")))
        : Text(message, "content") ?? "";

    private static void WriteParts(Utf8JsonWriter writer, JsonElement content, Func<string, string> redact)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            WritePart(writer, redact(content.GetString()!));
        }
        else if (content.ValueKind == JsonValueKind.Array)
        {
            foreach (var part in content.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object))
            {
                if (Text(part, "text") is { } text)
                {
                    WritePart(writer, redact(text));
                }
                else
                {
                    // A picture or a sound: that there was one is told, not the thing itself.
                    writer.WriteStartObject();
                    writer.WriteString("type"u8, redact(Text(part, "type") ?? "unknown"));
                    writer.WriteEndObject();
                }
            }
        }
    }

    private static void WriteToolCall(Utf8JsonWriter writer, JsonElement call, Func<string, string> redact)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_call");
        writer.WriteString("id"u8, Redacted(call, "id", redact));
        if (call.TryGetProperty("function"u8, out var function) && function.ValueKind == JsonValueKind.Object)
        {
            writer.WriteString("name"u8, redact(Text(function, "name") ?? ""));
            writer.WriteString("arguments"u8, redact(Text(function, "arguments") ?? ""));
        }
        else
        {
            writer.WriteString("name"u8, "");
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string role, string text, string? finishReason = null)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, role);
        writer.WriteStartArray("parts"u8);
        WritePart(writer, text);
        writer.WriteEndArray();
        if (finishReason is not null)
        {
            writer.WriteString("finish_reason"u8, finishReason);
        }

        writer.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text");
        writer.WriteString("content"u8, text);
        writer.WriteEndObject();
    }

    private static string? Redacted(JsonElement element, string name, Func<string, string> redact) => Text(element, name) is { } text ? redact(text) : null;

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Written(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(output, Options))
        {
            write(writer);
        }

        return System.Text.Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
