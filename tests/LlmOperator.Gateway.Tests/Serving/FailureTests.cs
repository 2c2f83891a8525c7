using System.Net;
using System.Net.Sockets;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.Serving;

public sealed class FailureTests
{
    [Fact]
    public async Task Another_pod_is_asked_when_one_takes_no_connection()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("good"));
        bench.PutSlice("chat", Refusing());
        await PodsAsync(bench, 2);
        for (var i = 0; i < 20; i++)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        var metrics = await bench.MetricsAsync("llm_gateway_requests_total{endpoint=\"chat\",code=\"200\"} 20");
        Assert.Contains("llm_gateway_retries_total{endpoint=\"chat\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("llm_gateway_ejections_total{endpoint=\"chat\"} 1", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_one_pod_that_is_left_is_found_among_many_that_are_gone()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("good"));
        for (var i = 0; i < 8; i++)
        {
            bench.PutSlice("chat", Refusing());
        }

        await PodsAsync(bench, 9);
        for (var i = 0; i < 10; i++)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task Another_pod_is_asked_when_one_is_busy_or_has_no_engine(int status)
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("good"));
        await bench.AddPodAsync("chat", context => Answers.JsonAsync(context, "{}", status));
        await PodsAsync(bench, 2);
        for (var i = 0; i < 10; i++)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_pods_own_words_are_passed_on_when_no_other_pod_can_be_asked()
    {
        await using var bench = await Bench.StartAsync(context =>
        {
            context.Response.Headers.RetryAfter = "9";
            return Answers.JsonAsync(context, "{\"error\":{\"message\":\"full\"}}", 429);
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal((429, "9", "{\"error\":{\"message\":\"full\"}}"), ((int)answer.StatusCode, answer.Header("Retry-After"), await answer.Content.ReadAsStringAsync(bench.Guard)));
    }

    [Fact]
    public async Task What_an_engine_says_of_a_request_is_not_asked_of_another_one()
    {
        var asked = 0;
        RequestDelegate refuse = context =>
        {
            Interlocked.Increment(ref asked);
            return Answers.JsonAsync(context, "{}", 400);
        };
        await using var bench = await Bench.StartAsync(refuse);
        await bench.AddPodAsync("chat", refuse);
        await PodsAsync(bench, 2);
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal((HttpStatusCode.BadRequest, 1), (answer.StatusCode, asked));
    }

    [Fact]
    public async Task Another_pod_is_asked_when_one_breaks_off_before_the_first_byte_even_after_its_head()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("good"));
        await bench.AddPodAsync("chat", async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        await PodsAsync(bench, 2);
        for (var i = 0; i < 10; i++)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Stream);
            Assert.Contains("good", await answer.Content.ReadAsStringAsync(bench.Guard), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_answer_that_breaks_off_midway_breaks_off_for_the_client_and_is_asked_of_nobody_else()
    {
        var (asked, read) = (0, new TaskCompletionSource());
        RequestDelegate breaking = async context =>
        {
            Interlocked.Increment(ref asked);
            await Answers.StreamAsync(context, Answers.Chunk("half"));
            await read.Task;
            context.Abort();
        };
        await using var bench = await Bench.StartAsync(breaking);
        await bench.AddPodAsync("chat", breaking);
        await PodsAsync(bench, 2);
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Stream);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        read.SetResult();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer.Content.ReadAsStringAsync(bench.Guard));
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_pod_that_does_not_begin_to_answer_in_time_is_left_for_another()
    {
        var (hanging, cancelled) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(
            async context =>
            {
                hanging.TrySetResult();
                try
                {
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                }
                finally
                {
                    cancelled.TrySetResult();
                }
            },
            options => options with { AttemptTimeout = TimeSpan.FromSeconds(20) });
        var asking = bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        await hanging.Task.WaitAsync(bench.Guard);
        await bench.AddPodAsync("chat", Bodies.Text("good"));
        await PodsAsync(bench, 2);
        bench.Time.Advance(TimeSpan.FromSeconds(20));
        using var answer = await asking;
        Assert.Contains("good", await answer.Content.ReadAsStringAsync(bench.Guard), StringComparison.Ordinal);
        await cancelled.Task.WaitAsync(bench.Guard);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_answered_with_504()
    {
        var hanging = new TaskCompletionSource();
        await using var bench = await Bench.StartAsync(
            async context =>
            {
                hanging.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            },
            options => options with { Timeout = TimeSpan.FromSeconds(30) });
        var asking = bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        await hanging.Task.WaitAsync(bench.Guard);
        bench.Time.Advance(TimeSpan.FromSeconds(30));
        using var answer = await asking;
        Assert.Equal((HttpStatusCode.GatewayTimeout, "timeout"), (answer.StatusCode, (string)(await answer.ErrorAsync())["code"]!));
    }

    [Fact]
    public async Task An_endpoint_without_a_ready_pod_is_answered_with_503_and_when_to_try_again()
    {
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            bench.PutSlice("chat", new("http://127.0.0.1:1"), new() { Ready = false, Serving = false, Terminating = false });
            return Task.CompletedTask;
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "2", "no_ready_pod"), (answer.StatusCode, answer.Header("Retry-After"), (string)(await answer.ErrorAsync())["code"]!));
        Assert.NotNull(answer.Header("x-llmops-trace-id"));
    }

    [Fact]
    public async Task All_pods_down_is_502()
    {
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            bench.PutSlice("chat", Refusing());
            return Task.CompletedTask;
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal((HttpStatusCode.BadGateway, "engine_unreachable"), (answer.StatusCode, (string)(await answer.ErrorAsync())["code"]!));
    }

    [Fact]
    public async Task Pods_that_stop_are_asked_only_while_there_are_no_others()
    {
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            return Task.CompletedTask;
        });
        var stopping = await bench.AddPodAsync("chat", Bodies.Text("stopping"));
        bench.PutSlice("chat", stopping.Url, new() { Ready = false, Serving = true, Terminating = true });
        using var only = await bench.EventuallyAsync(() => bench.PostAsync("/v1/chat/completions", Bodies.Chat), answer => answer.StatusCode == HttpStatusCode.OK);
        await bench.AddPodAsync("chat", Bodies.Text("new"));
        while (true)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            if ((await answer.Content.ReadAsStringAsync(bench.Guard)).Contains("new", StringComparison.Ordinal))
            {
                break;
            }
        }

        for (var i = 0; i < 10; i++)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            Assert.Contains("new", await answer.Content.ReadAsStringAsync(bench.Guard), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_client_that_leaves_is_gone_for_the_pod_at_once()
    {
        var (begun, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            await Answers.StreamAsync(context, Answers.Chunk("a"));
            begun.TrySetResult();
            await gone.Task;
        });
        using var leaving = new CancellationTokenSource();
        var answer = await bench.SendUntilAsync(HttpMethod.Post, "/v1/chat/completions", new StringContent(Bodies.Stream), null, leaving.Token);
        await begun.Task.WaitAsync(bench.Guard);
        answer.Dispose();
        await gone.Task.WaitAsync(bench.Guard);
        await bench.MetricsAsync("llm_gateway_requests_total{endpoint=\"chat\",code=\"499\"} 1");
    }

    [Fact]
    public async Task A_client_that_reads_slowly_slows_the_pod_down()
    {
        var sent = 0L;
        await using var bench = await Bench.StartAsync(async context =>
        {
            var piece = new byte[64 << 10];
            context.Response.ContentType = "text/event-stream";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
                Interlocked.Add(ref sent, piece.Length);
            }
        });
        using (await bench.PostAsync("/v1/chat/completions", Bodies.Stream))
        {
            // Until nothing moves any more: what is under way is in the buffers of sockets.
            var before = -1L;
            while (before <= 0 || before != Interlocked.Read(ref sent))
            {
                before = Interlocked.Read(ref sent);
                for (var i = 0; i < 200; i++)
                {
                    await Until.QuietAsync();
                }
            }

            Assert.InRange(before, 1, 64 << 20);
        }
    }

    [Fact]
    public async Task Requests_beyond_the_bound_are_refused_and_those_within_are_not()
    {
        var (inside, go) = (new SemaphoreSlim(0), new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(
            async context =>
            {
                inside.Release();
                await go.Task;
                await Bodies.Text("good")(context);
            },
            options => options with { MaxConcurrentRequests = 2 });
        var first = Enumerable.Range(0, 2).Select(_ => bench.PostAsync("/v1/chat/completions", Bodies.Chat)).ToList();
        await inside.WaitAsync(bench.Guard);
        await inside.WaitAsync(bench.Guard);
        using var refused = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "overloaded", "1"), (refused.StatusCode, (string)(await refused.ErrorAsync())["code"]!, refused.Header("Retry-After")));
        go.SetResult();
        Assert.All(await Task.WhenAll(first), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        using var after = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task Without_the_api_server_what_was_known_last_holds()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("good"));
        bench.Cluster.Intercept = (_, _) => throw FakeKubeClient.Error(HttpStatusCode.ServiceUnavailable, "Down");
        bench.Cluster.BreakWatches(new IOException("gone"));
        await Until.QuietAsync();
        bench.Time.Advance(TimeSpan.FromMinutes(10));
        await Until.QuietAsync();
        Assert.True(bench.Gateway.IsReady);
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task PodsAsync(Bench bench, int count)
    {
        await bench.MetricsAsync($"llm_gateway_ready_pods{{endpoint=\"chat\"}} {count}");
    }

    /// <summary>An address nobody listens at.</summary>
    private static Uri Refusing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new($"http://{listener.LocalEndpoint}");
    }
}
