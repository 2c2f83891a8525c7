using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Gateway.Tests.Rag;
using LlmOperator.Kubernetes.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit;
using Answers = LlmOperator.PromptTrace.Tests.Fakes.Answers;
using RawEngine = LlmOperator.PromptTrace.Tests.Fakes.RawEngine;

namespace LlmOperator.Gateway.Tests.Serving;

public sealed class RoughClientTests
{
    [Fact]
    public async Task Whatever_the_body_is_the_answer_has_the_form_of_an_error_and_nothing_stays_behind()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("a"));
        var random = new Random(11);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var i = 0; i < 50; i++)
            {
                using var answer = await bench.SendAsync(HttpMethod.Post, "/v1/chat/completions", new ByteArrayContent(Mangled(random)));
                Assert.Contains((int)answer.StatusCode, new[] { 200, 400, 404 });
                if (answer.StatusCode != HttpStatusCode.OK)
                {
                    Assert.NotNull((string?)(await answer.ErrorAsync())["message"]);
                }
            }
        }));
        await NothingHeldAsync(bench);
    }

    [Fact]
    public async Task Headers_beyond_the_bound_are_refused()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("a"));
        var answer = await RawAsync(bench, $"GET /v1/models HTTP/1.1\r\nHost: a\r\nX-Bomb: {new string('a', 70_000)}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431", answer, StringComparison.Ordinal);
        using var after = await bench.SendAsync(HttpMethod.Get, "/v1/models");
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task A_body_that_ends_before_its_length_reaches_no_pod_and_leaves_nothing_behind()
    {
        var asked = 0;
        RequestDelegate count = _ =>
        {
            asked++;
            return Task.CompletedTask;
        };
        await using var bench = await Bench.StartAsync(count);
        var answer = await RawAsync(bench, $"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{Bodies.Chat}", halfClose: true);
        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        Assert.Contains("before the whole body", answer, StringComparison.Ordinal);
        await NothingHeldAsync(bench);
        Assert.Equal(0, asked);
    }

    [Theory]
    [InlineData("Content-Length: 100\r\n\r\n")]
    [InlineData("Content-Length: 100\r\n\r\n[{")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\nzz\r\n")]
    public async Task Documents_that_end_before_their_length_or_have_none_are_refused(string rest)
    {
        await using var rag = await RagBench.StartAsync();
        var answer = await RawAsync(rag.Bench, $"POST /v1/rag/corpus/documents HTTP/1.1\r\nHost: a\r\n{rest}", halfClose: true);
        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        Assert.Contains("bad_request", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_closes_its_half_gets_its_answer()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("a"));
        var answer = await RawAsync(bench, Request(Bodies.Chat), halfClose: true);

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer.Replace("HTTP/1.1 102 Processing\r\n\r\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        await bench.MetricsAsync("llm_gateway_requests_total{endpoint=\"chat\",code=\"200\"} 1\n");
        await NothingHeldAsync(bench);
    }

    [Theory]
    [InlineData(Bodies.Chat)]
    [InlineData(Bodies.Stream)]
    public async Task A_pod_hears_of_a_client_that_has_left(string body)
    {
        var (asked, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        RequestDelegate wait = async context =>
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            if (body == Bodies.Stream)
            {
                await Answers.StreamAsync(context, Answers.Chunk("a"));
            }

            asked.SetResult();
            await gone.Task;
        };
        await using var bench = await Bench.StartAsync(wait);
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(bench.Gateway.Address, bench.Guard);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Request(body)), bench.Guard);
            await asked.Task.WaitAsync(bench.Guard);
        }

        await gone.Task.WaitAsync(bench.Guard);
        await bench.MetricsAsync("llm_gateway_requests_total{endpoint=\"chat\",code=\"499\"} 1\n");

        await NothingHeldAsync(bench);
        using var after = await bench.SendAsync(HttpMethod.Get, "/v1/models");
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task A_pod_that_closes_a_connection_just_when_it_is_used_again_is_asked_on_another()
    {
        using var pod = new TcpListener(IPAddress.Loopback, 0);
        pod.Start();
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            bench.PutSlice("chat", new($"http://{pod.LocalEndpoint}"));
            return Task.CompletedTask;
        });

        _ = ServeAsync();
        for (var i = 0; i < 3; i++)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            Assert.Equal((HttpStatusCode.OK, "{}"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(bench.Guard)));
        }

        Assert.DoesNotContain("llm_gateway_retries_total{", await bench.MetricsAsync(), StringComparison.Ordinal);

        async Task ServeAsync()
        {
            // The first two connections end with their second request, which the next one answers.
            for (var i = 0; i < 3; i++)
            {
                using var connection = await pod.AcceptTcpClientAsync(bench.Guard);
                await AnswerOnceAsync(connection.GetStream(), bench.Guard);
                await ReadRequestAsync(connection.GetStream(), bench.Guard);
            }
        }
    }

    [Fact]
    public async Task A_pod_that_closes_its_half_after_its_answer_has_answered()
    {
        await using var pod = RawEngine.Start("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            bench.PutSlice("chat", pod.Url);
            return Task.CompletedTask;
        });
        for (var i = 0; i < 3; i++)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            Assert.Equal((HttpStatusCode.OK, "{}"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(bench.Guard)));
        }
    }

    [Fact]
    public async Task Bodies_that_together_are_too_much_are_refused_and_make_room_when_they_are_done()
    {
        var (inside, go) = (new SemaphoreSlim(0), new TaskCompletionSource());
        RequestDelegate wait = async _ =>
        {
            inside.Release();
            await go.Task;
        };
        await using var bench = await Bench.StartAsync(
            wait,
            options => options with { MaxHeldBytes = 3_000_000 });
        var large = $$"""{"model":"chat","prompt":"{{new string('a', 2_000_000)}}"}""";
        var first = bench.PostAsync("/v1/completions", large);
        await inside.WaitAsync(bench.Guard);
        using var second = await bench.PostAsync("/v1/completions", large);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "overloaded"), (second.StatusCode, (string)(await second.ErrorAsync())["code"]!));
        go.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);
        await NothingHeldAsync(bench);
    }

    private static byte[] Mangled(Random random)
    {
        lock (random)
        {
            var body = Encoding.UTF8.GetBytes(Bodies.Chat);
            for (var i = random.Next(4); i > 0; i--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            return random.Next(3) == 0 ? body[..random.Next(body.Length)] : body;
        }
    }

    private static string Request(string body) => $"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    private static async Task AnswerOnceAsync(NetworkStream pod, CancellationToken cancellationToken)
    {
        await ReadRequestAsync(pod, cancellationToken);
        await pod.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray(), cancellationToken);
    }

    /// <summary>Reads a request with a JSON object as its body; its end is the end of a read.</summary>
    private static async Task ReadRequestAsync(NetworkStream pod, CancellationToken cancellationToken)
    {
        var (request, buffer) = ("", new byte[4096]);
        while (!request.Contains("\r\n\r\n{", StringComparison.Ordinal) || !request.EndsWith('}'))
        {
            var count = await pod.ReadAsync(buffer, cancellationToken);
            if (count == 0)
            {
                return;
            }

            request += Encoding.ASCII.GetString(buffer, 0, count);
        }
    }

    private static async Task NothingHeldAsync(Bench bench)
    {
        await bench.MetricsAsync("llm_gateway_held_bytes 0\n");
    }

    private static async Task<string> RawAsync(Bench bench, string request, bool halfClose = false)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(bench.Gateway.Address, bench.Guard);
        var (answer, buffer, stream) = (new StringBuilder(), new byte[4096], client.GetStream());
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), bench.Guard);
            if (halfClose)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }

            int count;
            while ((count = await stream.ReadAsync(buffer, bench.Guard)) > 0)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // Reset: what came until then is what there is.
        }

        return answer.ToString();
    }
}
