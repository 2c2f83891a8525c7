using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
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
        var beforeSpans = new Message();
        beforeSpans.Bytes(1, scope.Written);
        var afterSpans = new Message();
        afterSpans.Text(3, Resource.SchemaUrl);
        var length = beforeSpans.Written.Length + spans.Sum(static span => Message.Size(span.Length)) + afterSpans.Written.Length;
        var who = new Message();
        Attributes(who, 1, resource.Attributes);
        var resourceSpans = new Message();
        resourceSpans.Bytes(1, who.Written);
        resourceSpans.Head(2, length);
        var request = new Message();
        request.Head(1, resourceSpans.Written.Length + length);

        // A batch is large: the messages around the spans are written by their lengths, not one into the other.
        output.Write(request.Written);
        output.Write(resourceSpans.Written);
        output.Write(beforeSpans.Written);
        var head = new Message();
        foreach (var span in spans)
        {
            head.Clear();
            head.Head(2, span.Length);
            output.Write(head.Written);
            output.Write(span.Span);
        }

        output.Write(afterSpans.Written);
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
            Head(field, bytes.Length);
            _buffer.Write(bytes);
        }

        /// <summary>What stands before so many bytes.</summary>
        public void Head(int field, int length)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)length);
        }

        /// <summary>Size of a field of so many bytes, its number being below 16.</summary>
        public static int Size(int length) => 1 + ((BitOperations.Log2((uint)length | 1) / 7) + 1) + length;

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
