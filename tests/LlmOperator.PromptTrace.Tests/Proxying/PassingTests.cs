using System.Net;
using System.Text;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Proxying;

public sealed class PassingTests
{
    [Theory]
    [InlineData("GET", "/v1/models")]
    [InlineData("POST", "/v1/load_lora_adapter?x=1&y=%2F%20a+b")]
    [InlineData("DELETE", "/a//b/../c;d=%C3%A9")]
    [InlineData("PUT", "/generate")]
    [InlineData("PATCH", "/%7Euser?")]
    [InlineData("OPTIONS", "/v1/chat/completions")]
    public async Task Method_and_target_reach_the_engine_as_they_are(string method, string target)
    {
        string? seen = null;
        await using var bench = await Bench.StartAsync(context =>
        {
            seen = $"{context.Request.Method} {context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}";
            return Task.CompletedTask;
        });
        var answer = await RawHttp.SendAsync(bench, $"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal($"{method} {target}", seen);
    }

    [Fact]
    public async Task Headers_pass_both_ways_but_those_of_the_connection()
    {
        IHeaderDictionary? seen = null;
        await using var bench = await Bench.StartAsync(context =>
        {
            seen ??= new HeaderDictionary(context.Request.Headers.ToDictionary());
            context.Response.Headers["X-Engine"] = new(["one", "two"]);
            context.Response.Headers["X-Latin"] = "caf\u00e9";
            context.Response.Headers["X-Hop"] = "engine";
            context.Response.Headers.SetCookie = new(["a=1", "b=2"]);
            context.Response.Headers.Connection = "X-Hop";
            context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = "Fine";
            return Task.CompletedTask;
        });
        var answer = await RawHttp.SendAsync(bench, "GET /x HTTP/1.1\r\nHost: my.host:99\r\nX-Hop: client\r\nConnection: X-Hop\r\nKeep-Alive: 5\r\nX-Mine: \u00e9\r\nAuthorization: Bearer k\r\nCookie: c=1\r\nAccept-Encoding: gzip\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Equal("my.host:99", seen!.Host);
        Assert.Equal("\u00e9", seen["X-Mine"]);
        Assert.Equal("Bearer k", seen.Authorization);
        Assert.Equal("c=1", seen.Cookie);
        Assert.Equal("gzip", seen.AcceptEncoding);
        Assert.False(seen.ContainsKey("X-Hop"));
        Assert.False(seen.ContainsKey("Keep-Alive"));
        Assert.StartsWith("HTTP/1.1 200 Fine\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("X-Latin: caf\u00e9\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("X-Engine: one", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Hop", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trailers_pass()
    {
        await using var bench = await Bench.StartAsync();
        await using var engine = RawEngine.Start("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 42\r\n\r\n");
        await using var other = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        var answer = await RawHttp.SendAsync(other, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Contains("Trailer: X-Sum\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n0\r\nX-Sum: 42\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_expects_to_be_asked_for_its_body_is_asked()
    {
        await using var bench = await Bench.StartAsync(async context =>
        {
            Assert.Equal("100-continue", context.Request.Headers.Expect);
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        var answer = await RawHttp.SendAsync(bench, "POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n", afterContinue: "abc");

        Assert.StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.Contains("abc", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_sees_a_chunk_before_the_engine_sends_the_next()
    {
        using var next = new SemaphoreSlim(0);
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            for (var number = 0; number < 5; number++)
            {
                await next.WaitAsync(context.RequestAborted);
                await Answers.EventAsync(context, Answers.Chunk($"{number}"));
            }
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", """{"model":"llama","stream":true,"messages":[]}""");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(bench.Guard));
        for (var number = 0; number < 5; number++)
        {
            next.Release();
            Assert.Equal($"data: {Answers.Chunk($"{number}")}", await reader.ReadLineAsync(bench.Guard));
            await reader.ReadLineAsync(bench.Guard);
        }

        Assert.Null(await reader.ReadLineAsync(bench.Guard));
    }

    [Fact]
    public async Task The_engine_sees_a_chunk_of_a_request_before_the_client_sends_the_next()
    {
        var seen = new SemaphoreSlim(0);
        await using var bench = await Bench.StartAsync(async context =>
        {
            var buffer = new byte[10];
            while (await context.Request.Body.ReadAsync(buffer) > 0)
            {
                seen.Release();
            }
        });
        using var answer = await bench.PostAsync("/x", new StepByStep(async stream =>
        {
            for (var number = 0; number < 3; number++)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"{number}"), bench.Guard);
                await stream.FlushAsync(bench.Guard);
                await seen.WaitAsync(bench.Guard);
            }
        }));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_client_that_leaves_is_gone_for_the_engine_at_once()
    {
        var gone = new TaskCompletionSource();
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.RequestAborted.Register(gone.SetResult);
            await Answers.StreamAsync(context, Answers.Chunk("a"));
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using (var answer = await bench.PostAsync("/v1/chat/completions", """{"model":"llama","stream":true}"""))
        {
            await (await answer.Content.ReadAsStreamAsync(bench.Guard)).ReadExactlyAsync(new byte[10], bench.Guard);
        }

        await gone.Task.WaitAsync(bench.Guard);
        var span = Assert.Single(await bench.SpansAsync());
        Assert.Equal("cancelled", span.Value("error.type"));
    }

    [Fact]
    public async Task A_client_that_leaves_before_an_answer_begins_is_gone_for_the_engine_at_once()
    {
        var (came, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.RequestAborted.Register(gone.SetResult);
            came.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(bench.Guard);
        var asking = bench.Client.PostAsync(new Uri(bench.Url, "/v1/completions"), new StringContent("{}"), leave.Token);
        await came.Task.WaitAsync(bench.Guard);
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await gone.Task.WaitAsync(bench.Guard);
    }
}
