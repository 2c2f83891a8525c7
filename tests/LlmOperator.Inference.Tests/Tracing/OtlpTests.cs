using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Inference.Tracing;
using Xunit;

namespace LlmOperator.Inference.Tests.Tracing;

public sealed class OtlpTests
{
    private const string Parent = "00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01";

    private static readonly Resource Resource = new([SpanAttribute.Of("service.name", "llm-gateway")], "llm-operator", "1");

    private static readonly Span Span = new()
    {
        Context = TraceContext.Continue(Parent),
        Name = "chat twin",
        Kind = SpanKind.Client,
        StartUnixNanoseconds = 1_544_712_660_000_000_001,
        EndUnixNanoseconds = 1_544_712_661_000_000_000,
        Attributes =
        [
            SpanAttribute.Of("gen_ai.operation.name", "chat"),
            SpanAttribute.Of("gen_ai.usage.input_tokens", 12),
            SpanAttribute.Of("gen_ai.request.temperature", 0.01),
            SpanAttribute.Of("gen_ai.request.stream", true),
            SpanAttribute.Of("gen_ai.response.finish_reasons", ["stop", "ğ"]),
        ],
        Events = [new("redacted", 1_544_712_660_500_000_000, [])],
        Error = "engine down",
    };

    [Fact]
    public void Json_is_what_receivers_read()
    {
        var span = Json()["resourceSpans"]![0]!["scopeSpans"]![0]!["spans"]![0]!;

        Assert.Equal("5b8efff798038103d269b633813fc60c", (string?)span["traceId"]);
        Assert.Equal("eee19b7ec3c1b174", (string?)span["parentSpanId"]);
        Assert.Equal("1544712660000000001", (string?)span["startTimeUnixNano"]);
        Assert.Equal(3, (int?)span["kind"]);
        Assert.Equal("12", (string?)span["attributes"]![1]!["value"]!["intValue"]);
        Assert.Equal(0.01, (double?)span["attributes"]![2]!["value"]!["doubleValue"]);
        Assert.True((bool?)span["attributes"]![3]!["value"]!["boolValue"]);
        Assert.Equal("ğ", (string?)span["attributes"]![4]!["value"]!["arrayValue"]!["values"]![1]!["stringValue"]);
        Assert.Equal(2, (int?)span["status"]!["code"]);
        Assert.Equal("llm-gateway", (string?)Json()["resourceSpans"]![0]!["resource"]!["attributes"]![0]!["value"]!["stringValue"]);
    }

    [Fact]
    public void Protobuf_holds_the_same_under_the_published_field_numbers()
    {
        var encoding = new OtlpProtobuf();
        var batch = Batch(encoding);

        var resourceSpans = Wire.Read(Wire.Read(batch)[1].Single().Bytes);
        Assert.Equal("service.name", Wire.Text(Wire.Read(Wire.Read(resourceSpans[1].Single().Bytes)[1].Single().Bytes)[1].Single()));
        var scopeSpans = Wire.Read(resourceSpans[2].Single().Bytes);
        Assert.Equal("llm-operator", Wire.Text(Wire.Read(scopeSpans[1].Single().Bytes)[1].Single()));
        var span = Wire.Read(scopeSpans[2].Single().Bytes);
        Assert.Equal("5b8efff798038103d269b633813fc60c", Convert.ToHexStringLower(span[1].Single().Bytes));
        Assert.Equal(Span.Context.SpanId.ToHexString(), Convert.ToHexStringLower(span[2].Single().Bytes));
        Assert.Equal("eee19b7ec3c1b174", Convert.ToHexStringLower(span[4].Single().Bytes));
        Assert.Equal("chat twin", Wire.Text(span[5].Single()));
        Assert.Equal(3UL, span[6].Single().Number);
        Assert.Equal(1_544_712_660_000_000_001UL, span[7].Single().Number);
        Assert.Equal(5, span[9].Count);
        var temperature = Wire.Read(Wire.Read(span[9][2].Bytes)[2].Single().Bytes);
        Assert.Equal(0.01, BitConverter.UInt64BitsToDouble(temperature[4].Single().Number));
        Assert.Equal(2UL, Wire.Read(span[15].Single().Bytes)[3].Single().Number);
        Assert.Single(span[11]);
        Assert.Equal(1UL, span[16].Single().Number);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00-00000000000000000000000000000000-eee19b7ec3c1b174-01")]
    [InlineData("00-5b8efff798038103d269b633813fc60c-0000000000000000-01")]
    [InlineData("00-5B8EFFF798038103D269B633813FC60C-eee19b7ec3c1b174-01")]
    [InlineData("ff-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01")]
    [InlineData("00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01-more")]
    [InlineData("00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-0x")]
    public void A_context_that_is_not_valid_begins_a_new_trace(string? header)
    {
        var context = TraceContext.Continue(header);

        Assert.NotEqual("5b8efff798038103d269b633813fc60c", context.TraceId.ToHexString());
        Assert.Equal(default, context.ParentSpanId);
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", context.ToString());
    }

    [Theory]
    [InlineData("00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-00", false)]
    [InlineData("00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-03", true)]
    [InlineData("01-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01-more", true)]
    public void A_valid_context_is_gone_on_with(string header, bool sampled)
    {
        var context = TraceContext.Continue(header);

        Assert.Equal(("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", sampled), (context.TraceId.ToHexString(), context.ParentSpanId.ToHexString(), context.IsSampled));
    }

    private static JsonNode Json() => JsonNode.Parse(Batch(new OtlpJson()))!;

    private static byte[] Batch(ITraceEncoding encoding)
    {
        var output = new ArrayBufferWriter<byte>();
        encoding.WriteBatch(output, Resource, [encoding.Encode(Span)]);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads protobuf's wire format, knowing no schema.</summary>
    private static class Wire
    {
        public static Dictionary<int, List<(ulong Number, byte[] Bytes)>> Read(byte[] message)
        {
            var fields = new Dictionary<int, List<(ulong, byte[])>>();
            for (var at = 0; at < message.Length;)
            {
                var tag = Varint(message, ref at);
                var value = (tag & 7) switch
                {
                    0 => (Varint(message, ref at), []),
                    1 => (BitConverter.ToUInt64(message, (at += 8) - 8), []),
                    2 => (0UL, Slice(message, ref at)),
                    5 => (BitConverter.ToUInt32(message, (at += 4) - 4), Array.Empty<byte>()),
                    _ => throw new InvalidDataException($"wire type {tag & 7}"),
                };
                var field = (int)(tag >> 3);
                (fields.TryGetValue(field, out var values) ? values : fields[field] = []).Add(value);
            }

            return fields;
        }

        public static string Text((ulong Number, byte[] Bytes) value) => Encoding.UTF8.GetString(value.Bytes);

        private static byte[] Slice(byte[] message, ref int at)
        {
            var length = (int)Varint(message, ref at);
            return message[at..(at += length)];
        }

        private static ulong Varint(byte[] message, ref int at)
        {
            ulong value = 0;
            for (var shift = 0; ; shift += 7)
            {
                value |= (ulong)(message[at] & 0x7F) << shift;
                if (message[at++] < 0x80)
                {
                    return value;
                }
            }
        }
    }
}
