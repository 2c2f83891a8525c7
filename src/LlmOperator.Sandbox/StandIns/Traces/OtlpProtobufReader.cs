using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LlmOperator.Sandbox.StandIns.Traces;

/// <summary>Reads the spans of an export request in protobuf: the messages of opentelemetry.proto.trace.v1 by their field numbers; fields it does not know are passed over.</summary>
internal static class OtlpProtobufReader
{
    private const int DeepestValue = 16;

    /// <summary>The spans of a request.</summary>
    /// <exception cref="InvalidDataException">It is no protobuf.</exception>
    public static List<ReceivedSpan> Read(ReadOnlySpan<byte> request)
    {
        var spans = new List<ReceivedSpan>();
        var resources = new Fields(request);
        while (resources.Next())
        {
            if (resources.Number == 1)
            {
                Resource(resources.Bytes, spans);
            }
        }

        return spans;
    }

    private static void Resource(ReadOnlySpan<byte> message, List<ReceivedSpan> spans)
    {
        var attributes = new List<KeyValuePair<string, string>>();
        var fields = new Fields(message);
        while (fields.Next())
        {
            if (fields.Number == 1)
            {
                var resource = new Fields(fields.Bytes);
                while (resource.Next())
                {
                    if (resource.Number == 1)
                    {
                        attributes.Add(Pair(resource.Bytes, 0));
                    }
                }
            }
        }

        var service = attributes.Find(attribute => attribute.Key == "service.name").Value ?? "";
        var pod = attributes.Where(attribute => attribute.Key == "k8s.pod.name").ToList();
        fields = new Fields(message);
        while (fields.Next())
        {
            if (fields.Number != 2)
            {
                continue;
            }

            var scope = new Fields(fields.Bytes);
            while (scope.Next())
            {
                if (scope.Number == 2)
                {
                    spans.Add(Span(scope.Bytes, service, pod));
                }
            }
        }
    }

    private static ReceivedSpan Span(ReadOnlySpan<byte> message, string service, IEnumerable<KeyValuePair<string, string>> pod)
    {
        var attributes = new List<KeyValuePair<string, string>>(pod);
        var events = new List<(string, long)>();
        var (trace, span, parent, name, error) = ("", "", "", "", "");
        var (kind, start, end, isError) = (0, 0L, 0L, false);
        var fields = new Fields(message);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case 1:
                    trace = Convert.ToHexStringLower(fields.Bytes);
                    break;
                case 2:
                    span = Convert.ToHexStringLower(fields.Bytes);
                    break;
                case 4:
                    parent = Convert.ToHexStringLower(fields.Bytes);
                    break;
                case 5:
                    name = Encoding.UTF8.GetString(fields.Bytes);
                    break;
                case 6:
                    kind = (int)fields.Value;
                    break;
                case 7:
                    start = (long)fields.Value;
                    break;
                case 8:
                    end = (long)fields.Value;
                    break;
                case 9:
                    attributes.Add(Pair(fields.Bytes, 0));
                    break;
                case 11:
                    events.Add(Event(fields.Bytes));
                    break;
                case 15:
                    (isError, error) = Status(fields.Bytes);
                    break;
                default:
                    break;
            }
        }

        return new()
        {
            TraceId = trace,
            SpanId = span,
            ParentSpanId = parent,
            Service = service,
            Name = name,
            Kind = kind,
            Start = start,
            End = end,
            Attributes = attributes,
            Events = events,
            IsError = isError,
            Error = error,
        };
    }

    private static (string Name, long Time) Event(ReadOnlySpan<byte> message)
    {
        var (name, time) = ("", 0L);
        var fields = new Fields(message);
        while (fields.Next())
        {
            (name, time) = fields.Number switch { 1 => (name, (long)fields.Value), 2 => (Encoding.UTF8.GetString(fields.Bytes), time), _ => (name, time) };
        }

        return (name, time);
    }

    private static (bool IsError, string Message) Status(ReadOnlySpan<byte> message)
    {
        var (isError, text) = (false, "");
        var fields = new Fields(message);
        while (fields.Next())
        {
            (isError, text) = fields.Number switch { 2 => (isError, Encoding.UTF8.GetString(fields.Bytes)), 3 => (fields.Value == 2, text), _ => (isError, text) };
        }

        return (isError, text);
    }

    private static KeyValuePair<string, string> Pair(ReadOnlySpan<byte> message, int depth)
    {
        var (key, value) = ("", "");
        var fields = new Fields(message);
        while (fields.Next())
        {
            (key, value) = fields.Number switch { 1 => (Encoding.UTF8.GetString(fields.Bytes), value), 2 => (key, Value(fields.Bytes, depth)), _ => (key, value) };
        }

        return new(key, value);
    }

    private static string Value(ReadOnlySpan<byte> message, int depth)
    {
        if (depth > DeepestValue)
        {
            throw new InvalidDataException("a value is nested too deep");
        }

        var value = "";
        var fields = new Fields(message);
        while (fields.Next())
        {
            value = fields.Number switch
            {
                1 => Encoding.UTF8.GetString(fields.Bytes),
                2 => fields.Value != 0 ? "true" : "false",
                3 => ((long)fields.Value).ToString(CultureInfo.InvariantCulture),
                4 => BitConverter.Int64BitsToDouble((long)fields.Value).ToString(CultureInfo.InvariantCulture),
                5 => List(fields.Bytes, depth),
                6 => Map(fields.Bytes, depth),
                7 => Convert.ToBase64String(fields.Bytes),
                _ => value,
            };
        }

        return value;
    }

    private static string List(ReadOnlySpan<byte> message, int depth)
    {
        var items = new List<string>();
        var fields = new Fields(message);
        while (fields.Next())
        {
            if (fields.Number == 1)
            {
                items.Add(Value(fields.Bytes, depth + 1));
            }
        }

        return string.Join(", ", items);
    }

    private static string Map(ReadOnlySpan<byte> message, int depth)
    {
        var items = new List<string>();
        var fields = new Fields(message);
        while (fields.Next())
        {
            if (fields.Number == 1)
            {
                var (key, value) = Pair(fields.Bytes, depth + 1);
                items.Add($"{key}: {value}");
            }
        }

        return string.Join(", ", items);
    }

    /// <summary>The fields of a message, one after another.</summary>
    private ref struct Fields(ReadOnlySpan<byte> message)
    {
        private ReadOnlySpan<byte> _left = message;

        public int Number { get; private set; }

        /// <summary>Value of a number.</summary>
        public ulong Value { get; private set; }

        /// <summary>Value of a text, of bytes or of a message.</summary>
        public ReadOnlySpan<byte> Bytes { get; private set; }

        public bool Next()
        {
            if (_left.IsEmpty)
            {
                return false;
            }

            var tag = Varint();
            Number = (int)(tag >> 3);
            Value = 0;
            Bytes = default;
            switch (tag & 7)
            {
                case 0:
                    Value = Varint();
                    break;
                case 1:
                    Value = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                    break;
                case 2:
                    Bytes = Take(Varint());
                    break;
                case 5:
                    Value = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                    break;
                default:
                    throw new InvalidDataException("the body is no protobuf");
            }

            return true;
        }

        private ReadOnlySpan<byte> Take(ulong count)
        {
            if (count > (ulong)_left.Length)
            {
                throw new InvalidDataException("the body ends in the midst of a field");
            }

            var taken = _left[..(int)count];
            _left = _left[(int)count..];
            return taken;
        }

        private ulong Varint()
        {
            var value = 0ul;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var part = Take(1)[0];
                value |= (ulong)(part & 0x7f) << shift;
                if (part < 0x80)
                {
                    return value;
                }
            }

            throw new InvalidDataException("the body is no protobuf");
        }
    }
}
