using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using LlmOperator.Sandbox.StandIns.Traces;
using Xunit;

namespace LlmOperator.Sandbox.Tests.StandIns;

public sealed class TraceReceiverTests : IAsyncLifetime
{
    private const string Trace = "5b8efff798038103d269b633813fc60c";

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private TraceReceiver _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await TraceReceiver.StartAsync(mostBytes: 64 << 10, cancellationToken: TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _receiver.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Json_is_read_also_when_compressed(bool compressed)
    {
        using var response = await SendAsync(Encoding.UTF8.GetBytes(Json(Trace, "eee19b7ec3c1b174", "chat m", 1_000_000, 4_500_000)), "application/json", compressed);

        Assert.Equal((HttpStatusCode.OK, "{}"), (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        var span = Assert.Single(_receiver.Trace(Trace));
        Assert.Equal(("chat m", "eee19b7ec3c1b174", "chat", 1_000_000L, 4_500_000L, 3), (span.Name, span.SpanId, span.Service, span.Start, span.End, span.Kind));
        Assert.Equal(("12", "stop, length", "true"), (span.Attribute("gen_ai.usage.input_tokens"), span.Attribute("reasons"), span.Attribute("flag")));
        Assert.Equal((true, "it <broke>"), (span.IsError, span.Error));
    }

    [Fact]
    public async Task Protobuf_is_read_with_all_kinds_of_values()
    {
        var attributes = new[]
        {
            Pair("text", Message(Text(1, "görüntü"))), Pair("yes", Message(Number(2, 1))), Pair("less", Message(Number(3, ulong.MaxValue))),
            Pair("share", Message(Fixed64(4, BitConverter.DoubleToUInt64Bits(0.25)))), Pair("list", Message(Bytes(5, Message(Bytes(1, Message(Text(1, "a"))), Bytes(1, Message(Text(1, "b"))))))),
        };
        var span = Message(
            [Bytes(1, Convert.FromHexString(Trace)), Bytes(2, Convert.FromHexString("eee19b7ec3c1b174")), Text(5, "work"), Number(6, 2), Fixed64(7, 10), Fixed64(8, 30), .. attributes.Select(pair => Bytes(9, pair)),
             Bytes(11, Message(Fixed64(1, 20), Text(2, "first token"))), Bytes(15, Message(Text(2, "why"), Number(3, 2))), Number(99, 7)]);
        var body = Message(Bytes(1, Message(Bytes(1, Message(Bytes(1, Pair("service.name", Message(Text(1, "svc")))))), Bytes(2, Message(Bytes(2, span))))));

        using var response = await SendAsync(body, "application/x-protobuf");

        Assert.Equal((HttpStatusCode.OK, "application/x-protobuf"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        var read = Assert.Single(_receiver.Trace(Trace));
        Assert.Equal(("svc", "work", 2, 10L, 30L, true, "why"), (read.Service, read.Name, read.Kind, read.Start, read.End, read.IsError, read.Error));
        Assert.Equal(["görüntü", "true", "-1", "0.25", "a, b"], read.Attributes.Select(attribute => attribute.Value));
        Assert.Equal([("first token", 20L)], read.Events);
    }

    [Theory]
    [InlineData("application/json", "{\"resourceSpans\":[", 400)]
    [InlineData("application/x-protobuf", "\u000a\u00ff", 400)]
    [InlineData("text/plain", "hello", 415)]
    public async Task What_is_no_export_is_refused_and_nothing_breaks(string type, string body, int status)
    {
        using var response = await SendAsync(Encoding.Latin1.GetBytes(body), type);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(0, _receiver.Received);
    }

    [Fact]
    public async Task Bytes_at_random_never_break_it()
    {
        var random = new Random(7);
        for (var i = 0; i < 300; i++)
        {
            var body = new byte[random.Next(1, 60)];
            random.NextBytes(body);
            using var response = await SendAsync(body, "application/x-protobuf");
            Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest);
        }
    }

    [Fact]
    public async Task Old_traces_go_when_memory_is_full_and_a_span_sent_twice_is_one()
    {
        for (var i = 0; i < 200; i++)
        {
            using var response = await SendAsync(Encoding.UTF8.GetBytes(Json(i.ToString("x32"), "eee19b7ec3c1b174", "chat", 1, 2)), "application/json");
        }

        using (await SendAsync(Encoding.UTF8.GetBytes(Json(199.ToString("x32"), "eee19b7ec3c1b174", "again", 1, 2)), "application/json"))
        {
        }

        Assert.Equal(201, _receiver.Received);
        Assert.Empty(_receiver.Trace(0.ToString("x32")));
        Assert.Equal("again", Assert.Single(_receiver.Trace(199.ToString("x32"))).Name);
        Assert.InRange(_receiver.Recent().Count, 10, 150);
    }

    [Fact]
    public void Feedback_long_after_makes_a_trace_no_longer()
    {
        const long Second = 1_000_000_000;
        ReceivedSpan[] spans =
        [
            new() { TraceId = Trace, SpanId = "1", Service = "gateway", Name = "chat", Start = Second, End = 2 * Second },
            new() { TraceId = Trace, SpanId = "2", ParentSpanId = "1", Service = "gateway", Name = "evaluation", Start = 60 * Second, End = 60 * Second },
        ];

        Assert.Contains(">1.00 s<", TracePages.List([spans], 2));
        Assert.Contains("left:0%;width:100%", TracePages.Trace(spans));
        Assert.Contains("left:100%;width:0%", TracePages.Trace(spans));
    }

    [Fact]
    public void A_list_tells_the_tokens_of_the_model_that_answered_and_a_trace_what_was_found_line_by_line()
    {
        static ReceivedSpan Span(string id, string parent, string service, string name, params (string, string)[] attributes) => new()
        {
            TraceId = Trace,
            SpanId = id,
            ParentSpanId = parent,
            Service = service,
            Name = name,
            Start = 1,
            End = 2,
            Attributes = [.. attributes.Select(attribute => KeyValuePair.Create(attribute.Item1, attribute.Item2))],
        };
        ReceivedSpan[] spans =
        [
            Span("1", "", "gateway", "rag", ("http.route", "/rag"), ("gen_ai.request.model", "twin"), ("llmops.endpoint.name", "twin")),
            Span("2", "1", "gateway", "VectorStore.search", ("llmops.rag.hits", "posts/a 0.5, posts/b 0.25"), ("llmops.endpoint.name", "twin")),
            Span("3", "2", "helper", "chat", ("gen_ai.request.model", "helper"), ("gen_ai.usage.input_tokens", "7"), ("gen_ai.usage.output_tokens", "8")),
            Span("4", "1", "twin", "text_completion", ("gen_ai.request.model", "twin"), ("gen_ai.usage.input_tokens", "900"), ("gen_ai.usage.output_tokens", "150"), ("llmops.endpoint.name", "twin")),
        ];

        var (list, page) = (TracePages.List([spans], 4), TracePages.Trace(spans));

        Assert.Contains("<td>900, 150</td>", list);
        Assert.Contains("/rag twin", list);
        Assert.Contains("posts/a 0.5&#xA;posts/b 0.25", page);
        Assert.Equal(2, page.Split("<dt>llmops.endpoint.name</dt>").Length - 1);
        Assert.Contains("background:var(--c2)", page);
    }

    [Fact]
    public async Task The_pages_show_traces_as_a_waterfall_and_escape_all_that_came_from_outside()
    {
        Assert.Contains("No trace has come yet", await _client.GetStringAsync(_receiver.Address, TestContext.Current.CancellationToken));
        using (await SendAsync(Encoding.UTF8.GetBytes(Json(Trace, "aaaaaaaaaaaaaaaa", "<script>alert(1)</script>", 0, 10_000_000)), "application/json"))
        using (await SendAsync(Encoding.UTF8.GetBytes(Json(Trace, "bbbbbbbbbbbbbbbb", "inner", 5_000_000, 10_000_000, "aaaaaaaaaaaaaaaa")), "application/json"))
        {
        }

        using var response = await _client.GetAsync(new Uri(_receiver.Address, $"/traces/{Trace}"), TestContext.Current.CancellationToken);
        var page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var list = await _client.GetStringAsync(_receiver.Address, TestContext.Current.CancellationToken);

        Assert.All(new[] { page, list }, text => Assert.DoesNotContain("<script", text));
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page);
        Assert.Contains("it &lt;broke&gt;", page);
        Assert.Contains("left:50%;width:50%", page);
        Assert.Contains("padding-left:1.8rem", page);
        Assert.Contains("lang=\"en\"", page);
        Assert.Contains("prefers-color-scheme:dark", page);
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains($"href=\"/traces/{Trace}\"", list);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync(new Uri(_receiver.Address, "/traces/none"), TestContext.Current.CancellationToken)).StatusCode);
    }

    private async Task<HttpResponseMessage> SendAsync(byte[] body, string type, bool compressed = false)
    {
        if (compressed)
        {
            using var packed = new MemoryStream();
            await using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            {
                await gzip.WriteAsync(body, TestContext.Current.CancellationToken);
            }

            body = packed.ToArray();
        }

        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if (compressed)
        {
            content.Headers.ContentEncoding.Add("gzip");
        }

        return await _client.PostAsync(new Uri(_receiver.Address, "/opik/v1/traces"), content, TestContext.Current.CancellationToken);
    }

    private static string Json(string trace, string span, string name, long start, long end, string parent = "") => $$$$"""
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"chat"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[
         {"traceId":"{{{{trace}}}}","spanId":"{{{{span}}}}","parentSpanId":"{{{{parent}}}}","name":"{{{{name}}}}","kind":3,"startTimeUnixNano":"{{{{start}}}}","endTimeUnixNano":"{{{{end}}}}",
          "attributes":[{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"3"}},{"key":"flag","value":{"boolValue":true}},
           {"key":"reasons","value":{"arrayValue":{"values":[{"stringValue":"stop"},{"stringValue":"length"}]}}}],"status":{"code":2,"message":"it <broke>"}}]}]}]}
        """;

    private static byte[] Pair(string key, byte[] value) => Message(Text(1, key), Bytes(2, value));

    private static byte[] Message(params byte[][] fields) => [.. fields.SelectMany(field => field)];

    private static byte[] Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int field, byte[] bytes) => [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)bytes.Length), .. bytes];

    private static byte[] Number(int field, ulong value) => [.. Varint((ulong)field << 3), .. Varint(value)];

    private static byte[] Fixed64(int field, ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return [.. Varint(((ulong)field << 3) | 1), .. bytes];
    }

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        return [.. bytes, (byte)value];
    }
}
