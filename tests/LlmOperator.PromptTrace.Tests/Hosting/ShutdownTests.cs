using System.Net;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Proxying;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Hosting;

public sealed class ShutdownTests
{
    [Fact]
    public async Task Running_streams_end_before_the_sidecar_does_and_their_traces_leave()
    {
        using var go = new SemaphoreSlim(0);
        await using var bench = await Bench.StartAsync(async context =>
        {
            if (context.Request.Path == "/x")
            {
                return;
            }

            context.Response.ContentType = "text/event-stream";
            await Answers.EventAsync(context, Answers.Chunk("a"));
            await go.WaitAsync(context.RequestAborted);
            await Answers.EventAsync(context, Answers.Chunk("b", "stop"));
            await Answers.EventAsync(context, "[DONE]");
        });
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(bench, "/readyz"));
        using var running = await bench.PostAsync("/v1/chat/completions", """{"stream":true}""");
        var stopping = bench.Sidecar.StopAsync(CancellationToken.None);

        // Readiness goes off first; until everybody knows, requests are still answered.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(bench, "/readyz"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(bench, "/healthz"));
        using (var still = await bench.PostAsync("/x", "{}"))
        {
            Assert.Equal((HttpStatusCode.OK, true), (still.StatusCode, still.Headers.ConnectionClose));
        }

        // The sidecar may take a moment to see that the time is over.
        bench.Time.Advance(TimeSpan.FromSeconds(5));
        while (await AskAsync(bench) == HttpStatusCode.OK)
        {
        }

        using (var refused = await bench.PostAsync("/v1/chat/completions", "{}"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            await FailureTests.AssertErrorAsync(bench, refused, "shutting_down");
        }

        Assert.False(stopping.IsCompleted);
        go.Release();
        Assert.EndsWith("data: [DONE]\n\n", await running.Content.ReadAsStringAsync(bench.Guard), StringComparison.Ordinal);
        await stopping.WaitAsync(bench.Guard);
        Assert.Null(Assert.Single(bench.Receiver.Spans).Value("error.type"));
    }

    [Fact]
    public async Task A_stream_that_does_not_end_is_broken_off_when_the_grace_period_is_over()
    {
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await Answers.EventAsync(context, Answers.Chunk("a"));
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var running = await bench.PostAsync("/v1/chat/completions", """{"stream":true}""");
        var stopping = bench.Sidecar.StopAsync(CancellationToken.None);
        await Until.TrueAsync(() => stopping.IsCompleted, "it stops", bench.Time, TimeSpan.FromSeconds(1));

        await stopping;
        await Assert.ThrowsAnyAsync<Exception>(() => running.Content.ReadAsStringAsync(bench.Guard));
        Assert.Equal("cancelled", Assert.Single(bench.Receiver.Spans).Value("error.type"));
    }

    [Fact]
    public async Task A_receiver_that_is_dead_does_not_hold_up_the_end()
    {
        await using var bench = await Bench.StartAsync();
        bench.Receiver.Hangs = true;
        (await bench.PostAsync("/v1/completions", "{}")).Dispose();
        var stopping = bench.Sidecar.StopAsync(CancellationToken.None);
        await Until.TrueAsync(() => stopping.IsCompleted, "it stops", bench.Time, TimeSpan.FromSeconds(1));

        await stopping;
        Assert.Equal(1, bench.Counts.Waiting);
    }

    [Theory]
    [InlineData(500, HttpStatusCode.ServiceUnavailable)]
    [InlineData(200, HttpStatusCode.OK)]
    public async Task The_sidecar_is_ready_when_the_engine_is(int status, HttpStatusCode expected)
    {
        await using var bench = await Bench.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/live" ? status : 404;
            return Task.CompletedTask;
        }, options => options with { HealthPath = "/live" });

        Assert.Equal(expected, await StatusAsync(bench, "/readyz"));
    }

    [Fact]
    public async Task The_sidecar_is_not_ready_without_an_engine()
    {
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = new($"http://127.0.0.1:{FailureTests.FreePort()}") });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(bench, "/readyz"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(bench, "/healthz"));
    }

    private static async Task<HttpStatusCode> AskAsync(Bench bench)
    {
        using var answer = await bench.PostAsync("/x", "{}");
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> StatusAsync(Bench bench, string path)
    {
        using var answer = await bench.Client.GetAsync(new Uri(bench.Admin, path), bench.Guard);
        return answer.StatusCode;
    }
}
