using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlmOperator.Inference.Tracing;

/// <summary>OTLP as JSON: proto3's mapping, but with ids in hexadecimal and enumerations as numbers.</summary>
public sealed class OtlpJson : ITraceEncoding
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <inheritdoc/>
    public string ContentType => "application/json";

    /// <inheritdoc/>
    public byte[] Encode(Span span)
    {
        ArgumentNullException.ThrowIfNull(span);
        var output = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(output, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("traceId"u8, span.Context.TraceId.ToHexString());
            writer.WriteString("spanId"u8, span.Context.SpanId.ToHexString());
            if (span.Context.ParentSpanId != default)
            {
                writer.WriteString("parentSpanId"u8, span.Context.ParentSpanId.ToHexString());
            }

            writer.WriteString("name"u8, span.Name);
            writer.WriteNumber("kind"u8, (int)span.Kind);
            WriteTime(writer, "startTimeUnixNano"u8, span.StartUnixNanoseconds);
            WriteTime(writer, "endTimeUnixNano"u8, span.EndUnixNanoseconds);
            WriteAttributes(writer, span.Attributes);
            if (span.Events.Count > 0)
            {
                writer.WriteStartArray("events"u8);
                foreach (var happened in span.Events)
                {
                    writer.WriteStartObject();
                    WriteTime(writer, "timeUnixNano"u8, happened.UnixNanoseconds);
                    writer.WriteString("name"u8, happened.Name);
                    WriteAttributes(writer, happened.Attributes);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }

            if (span.Error is { } error)
            {
                writer.WriteStartObject("status"u8);
                writer.WriteNumber("code"u8, 2);
                writer.WriteString("message"u8, error);
                writer.WriteEndObject();
            }

            writer.WriteNumber("flags"u8, span.Context.IsSampled ? 1 : 0);
            writer.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public void WriteBatch(IBufferWriter<byte> output, Resource resource, IReadOnlyList<ReadOnlyMemory<byte>> spans)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(spans);
        using var writer = new Utf8JsonWriter(output, Options);
        writer.WriteStartObject();
        writer.WriteStartArray("resourceSpans"u8);
        writer.WriteStartObject();
        writer.WriteStartObject("resource"u8);
        WriteAttributes(writer, resource.Attributes);
        writer.WriteEndObject();
        writer.WriteStartArray("scopeSpans"u8);
        writer.WriteStartObject();
        writer.WriteStartObject("scope"u8);
        writer.WriteString("name"u8, resource.ScopeName);
        writer.WriteString("version"u8, resource.ScopeVersion);
        writer.WriteEndObject();
        writer.WriteString("schemaUrl"u8, Resource.SchemaUrl);
        writer.WriteStartArray("spans"u8);
        foreach (var span in spans)
        {
            writer.WriteRawValue(span.Span, skipInputValidation: true);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    // 64-bit numbers are strings, as JavaScript's numbers would lose their last digits.
    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long nanoseconds) => writer.WriteString(name, nanoseconds.ToString(CultureInfo.InvariantCulture));

    private static void WriteAttributes(Utf8JsonWriter writer, IReadOnlyList<SpanAttribute> attributes)
    {
        writer.WriteStartArray("attributes"u8);
        foreach (var attribute in attributes)
        {
            writer.WriteStartObject();
            writer.WriteString("key"u8, attribute.Key);
            writer.WriteStartObject("value"u8);
            switch (attribute.Value)
            {
                case string text:
                    writer.WriteString("stringValue"u8, text);
                    break;
                case long number:
                    writer.WriteString("intValue"u8, number.ToString(CultureInfo.InvariantCulture));
                    break;
                case double number when double.IsFinite(number):
                    writer.WriteNumber("doubleValue"u8, number);
                    break;
                case double number:
                    writer.WriteString("doubleValue"u8, double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
                    break;
                case bool flag:
                    writer.WriteBoolean("boolValue"u8, flag);
                    break;
                case IReadOnlyCollection<string> texts:
                    writer.WriteStartObject("arrayValue"u8);
                    writer.WriteStartArray("values"u8);
                    foreach (var text in texts)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("stringValue"u8, text);
                        writer.WriteEndObject();
                    }

                    writer.WriteEndArray();
                    writer.WriteEndObject();
                    break;
                default:
                    throw new UnreachableException();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
