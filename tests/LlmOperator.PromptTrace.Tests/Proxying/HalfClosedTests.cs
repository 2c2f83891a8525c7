using System.Net.Sockets;
using System.Text;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Proxying;

/// <summary>Over TCP, a client that has gone and one that will send no more look the same until something is sent to them. A model's time is worth more than the few that close one half only.</summary>
public sealed class HalfClosedTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_closes_its_half_before_it_is_answered_has_left(bool isStream)
    {
        var (asked, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            if (isStream)
            {
                await Answers.StreamAsync(context, Answers.Chunk("a"));
            }

            asked.SetResult();
            await gone.Task;
        });
        var body = $$"""{"model":"llama","stream":{{(isStream ? "true" : "false")}}}""";

        using var client = new TcpClient();
        await client.ConnectAsync(bench.Sidecar.Clients, bench.Guard);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}"), bench.Guard);
        await asked.Task.WaitAsync(bench.Guard);
        client.Client.Shutdown(SocketShutdown.Send);

        await gone.Task.WaitAsync(bench.Guard);
        Assert.Equal("cancelled", Assert.Single(await bench.SpansAsync()).Value("error.type"));
        Assert.Contains("prompt_trace_requests_in_flight 0", await bench.MetricsAsync(), StringComparison.Ordinal);
        bench.Engine.Answer = context => Answers.JsonAsync(context, "{}");
        using var next = await bench.PostAsync("/v1/chat/completions", body);
        Assert.Equal("{}", await next.Content.ReadAsStringAsync(bench.Guard));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}", "{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nE\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", "data: [DONE]\n\n")]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno", "no")]
    public async Task An_engine_that_closes_its_half_after_its_answer_has_answered(string bytes, string answer)
    {
        await using var engine = RawEngine.Start(bytes);
        await using var bench = await Bench.StartAsync(configure: options => options with { Engine = engine.Url });

        // More than once: what is left of the connection is not used again.
        for (var i = 0; i < 3; i++)
        {
            using var response = await bench.PostAsync("/v1/chat/completions", "{}");
            Assert.Equal(answer, await response.Content.ReadAsStringAsync(bench.Guard));
            Assert.Equal(bytes[9..12], $"{(int)response.StatusCode}");
        }
    }
}
