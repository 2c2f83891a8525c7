using System.Net.Http.Headers;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Proxying;

public sealed class ByteEqualityTests
{
    private static readonly string[] Paths = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/generate", "/x"];
    private static readonly string[] Types = ["application/json", "text/event-stream", "application/octet-stream"];

    /// <summary>Bytes at random, and JSON with things wrong in it: bodies that are read for their trace must pass whatever is in them.</summary>
    private static Gen<byte[]> Bodies => Gen.OneOf(
        Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(),
        Gen.Elements(
            """{"model":"\ud800","stream":true}""", """{"model":null,"messages":{"a":[]},"n":1e999}""", "{\"model\":\"a\"", "[[[[", "data: {\"choices\":[{\"delta\":{\"content\":\"\\udc00\"}}]}\n\n", "data: [DONE]\n\ndata:\r\r\n:x\n\n",
            """{"choices":[1,{"delta":7,"finish_reason":{}}],"usage":[],"error":{"type":3}}""", """{"prompt":["\ud83d"],"stop":[{}],"parameters":{"seed":1.5}}""", new string('[', 200), "\ufeff{}")
            .Select(System.Text.Encoding.UTF8.GetBytes));

    [Fact]
    public async Task Bodies_pass_byte_for_byte_whatever_they_are()
    {
        var (sent, type) = (Array.Empty<byte>(), "");
        var received = Array.Empty<byte>();
        await using var bench = await Bench.StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received = body.ToArray();
            context.Response.ContentType = type;
            await context.Response.Body.WriteAsync(received);
        }, options => options with { CaptureContent = true });

        var requests = 0;
        var cases = from body in Bodies from path in Gen.Elements(Paths) from kind in Gen.Elements(Types) select (body, path, kind);
        foreach (var (body, path, kind) in cases.Sample(200, 150))
        {
            (sent, type) = (body, kind);
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var answer = await bench.PostAsync(path, content);
            Assert.Equal(sent, received);
            Assert.Equal(sent, await answer.Content.ReadAsByteArrayAsync(bench.Guard));
            Assert.Equal(kind, answer.Content.Headers.ContentType?.MediaType);
            requests += path == "/x" ? 0 : 1;
        }

        // Each of them has become a span, whatever was in it.
        Assert.Equal(requests, (await bench.SpansAsync(requests)).Count);
        await Kubernetes.Tests.Fakes.Until.TrueAsync(() => bench.Counts.Exported == requests, "all are accounted for");
        Assert.Equal(0, bench.Counts.Dropped);
    }

    [Fact]
    public async Task Large_bodies_pass_in_bounded_memory()
    {
        const int Size = 64 << 20;
        var piece = new byte[65536];
        new Random(1).NextBytes(piece);
        await using var bench = await Bench.StartAsync(async context =>
        {
            var buffer = new byte[piece.Length];
            for (var got = 0; got < Size; got += piece.Length)
            {
                await context.Request.Body.ReadExactlyAsync(buffer);
                Assert.True(piece.AsSpan().SequenceEqual(buffer), "a piece of the request came changed");
            }

            for (var sent = 0; sent < Size; sent += piece.Length)
            {
                await context.Response.Body.WriteAsync(piece);
            }
        });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var answer = await bench.PostAsync("/v1/completions", new StepByStep(async stream =>
        {
            for (var sent = 0; sent < Size; sent += piece.Length)
            {
                await stream.WriteAsync(piece, bench.Guard);
            }
        }));
        await using var body = await answer.Content.ReadAsStreamAsync(bench.Guard);
        var read = new byte[piece.Length];
        for (var got = 0; got < Size; got += piece.Length)
        {
            await body.ReadExactlyAsync(read, bench.Guard);
            Assert.True(piece.AsSpan().SequenceEqual(read), "a piece of the answer came changed");
        }

        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < Size / 4, "the body is held in memory");
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_up_the_engine()
    {
        long written = 0;
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            var piece = new byte[65536];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
                Interlocked.Add(ref written, piece.Length);
            }
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", """{"stream":true}""");
        long before;
        do
        {
            before = Interlocked.Read(ref written);
            Assert.True(before < 64 << 20, $"{before} bytes were taken from the engine while the client read nothing");
            for (var round = 0; round < 20; round++)
            {
                await Kubernetes.Tests.Fakes.Until.QuietAsync();
            }
        }
        while (Interlocked.Read(ref written) > before);
    }
}
