using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace LlmOperator.Inference.Tracing;

/// <summary>OTLP in protobuf: the few messages of opentelemetry.proto.trace.v1 that a span needs, by their field numbers.</summary>
public sealed class OtlpProtobuf : ITraceEncoding
{
    // Spans are made one after the other: a thread writes all of its own into the same buffers.
    [ThreadStatic]
    private static Message? _whole;

    /// <inheritdoc/>
    public string ContentType => "application/x-protobuf";

    /// <inheritdoc/>
    public byte[] Encode(Span span)
    {
        ArgumentNullException.ThrowIfNull(span);
        var message = _whole ??= new();
        message.Clear();
        Span<byte> id = stackalloc byte[16];
        span.Context.TraceId.CopyTo(id);
        message.Bytes(1, id);
        span.Context.SpanId.CopyTo(id[..8]);
        message.Bytes(2, id[..8]);
        if (span.Context.ParentSpanId != default)
        {
            span.Context.ParentSpanId.CopyTo(id[..8]);
            message.Bytes(4, id[..8]);
        }

        message.Text(5, span.Name);
        message.Number(6, (int)span.Kind);
        message.Fixed64(7, span.StartUnixNanoseconds);
        message.Fixed64(8, span.EndUnixNanoseconds);
        Attributes(message, 9, span.Attributes);
        foreach (var happened in span.Events)
        {
            var part = message.Part();
            part.Fixed64(1, happened.UnixNanoseconds);
            part.Text(2, happened.Name);
            Attributes(part, 3, happened.Attributes);
            message.Bytes(11, part.Written);
        }

        if (span.Error is { } error)
        {
            var status = message.Part();
            status.Text(2, error);
            status.Number(3, 2);
            message.Bytes(15, status.Written);
        }

        message.Fixed32(16, span.Context.IsSampled ? 1 : 0);
        return message.Written.ToArray();
    }

    /// <inheritdoc/>
    public void WriteBatch(IBufferWriter<byte> output, Resource resource, IReadOnlyList<ReadOnlyMemory<byte>> spans)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(spans);
        var scope = new Message();
        scope.Text(1, resource.ScopeName);
        scope.Text(2, resource.ScopeVersion);
        var scopeSpans = new Message();
        scopeSpans.Bytes(1, scope.Written);
        foreach (var span in spans)
        {
            scopeSpans.Bytes(2, span.Span);
        }

        scopeSpans.Text(3, Resource.SchemaUrl);
        var who = new Message();
        Attributes(who, 1, resource.Attributes);
        var resourceSpans = new Message();
        resourceSpans.Bytes(1, who.Written);
        resourceSpans.Bytes(2, scopeSpans.Written);
        var request = new Message();
        request.Bytes(1, resourceSpans.Written);
        output.Write(request.Written);
    }

    private static void Attributes(Message message, int field, IReadOnlyList<SpanAttribute> attributes)
    {
        foreach (var attribute in attributes)
        {
            var pair = message.Part();
            var value = pair.Part();
            switch (attribute.Value)
            {
                case string text:
                    value.Text(1, text);
                    break;
                case bool flag:
                    value.Number(2, flag ? 1 : 0);
                    break;
                case long number:
                    value.Number(3, number);
                    break;
                case double number:
                    value.Double(4, number);
                    break;
                case IReadOnlyCollection<string> texts:
                    var list = value.Part();
                    foreach (var text in texts)
                    {
                        var element = list.Part();
                        element.Text(1, text);
                        list.Bytes(1, element.Written);
                    }

                    value.Bytes(5, list.Written);
                    break;
                default:
                    throw new UnreachableException();
            }

            pair.Text(1, attribute.Key);
            pair.Bytes(2, value.Written);
            message.Bytes(field, pair.Written);
        }
    }

    /// <summary>A message being written: fields in wire format. A value is written even where it is the default, which a oneof needs and everything else allows.</summary>
    private sealed class Message
    {
        private const int MostKept = 64 << 10;

        private ArrayBufferWriter<byte> _buffer = new(64);
        private Message? _part;

        public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

        /// <summary>An empty message to be written into this one. There is one at a time.</summary>
        public Message Part()
        {
            _part ??= new();
            _part.Clear();
            return _part;
        }

        public void Clear()
        {
            if (_buffer.Capacity > MostKept)
            {
                _buffer = new(64);
            }

            _buffer.ResetWrittenCount();
        }

        public void Number(int field, long value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
        }

        public void Double(int field, double value)
        {
            Varint(((ulong)field << 3) | 1);
            BinaryPrimitives.WriteDoubleLittleEndian(_buffer.GetSpan(8), value);
            _buffer.Advance(8);
        }

        public void Fixed64(int field, long value)
        {
            Varint(((ulong)field << 3) | 1);
            BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(8), value);
            _buffer.Advance(8);
        }

        public void Fixed32(int field, int value)
        {
            Varint(((ulong)field << 3) | 5);
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(4), value);
            _buffer.Advance(4);
        }

        public void Text(int field, string text)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)Encoding.UTF8.GetByteCount(text));
            Encoding.UTF8.GetBytes(text, _buffer);
        }

        public void Bytes(int field, ReadOnlySpan<byte> bytes)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)bytes.Length);
            _buffer.Write(bytes);
        }

        private void Varint(ulong value)
        {
            var span = _buffer.GetSpan(10);
            var length = 0;
            while (value >= 0x80)
            {
                span[length++] = (byte)(value | 0x80);
                value >>= 7;
            }

            span[length++] = (byte)value;
            _buffer.Advance(length);
        }
    }
}
