using System.Net;
using System.Text;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Inference.Hosting;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.Serving;

public sealed class ReplacementTests
{
    private const int Streams = 500;
    private const int Pieces = 20;

    [Fact]
    public async Task Streams_come_whole_while_every_pod_is_replaced()
    {
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            return Task.CompletedTask;
        });
        var pods = new Queue<ReplacedPod>();
        for (var i = 0; i < 3; i++)
        {
            pods.Enqueue(await ReplacedPod.StartAsync(bench));
        }

        using (await bench.EventuallyAsync(() => bench.PostAsync("/v1/chat/completions", Bodies.Stream), answer => answer.StatusCode == HttpStatusCode.OK))
        {
        }

        var (asked, answered) = (0, 0);
        var clients = Enumerable.Range(0, 50).Select(async _ =>
        {
            while (Interlocked.Increment(ref asked) <= Streams)
            {
                using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Stream);
                var text = await answer.Content.ReadAsStringAsync(bench.Guard);
                Assert.Equal((HttpStatusCode.OK, Pieces), (answer.StatusCode, text.Split("delta").Length - 1));
                Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
                Interlocked.Increment(ref answered);
            }
        }).ToList();
        var all = Task.WhenAll(clients);
        var replaced = 0;
        while (!all.IsCompleted)
        {
            // As in a rollout: the new pod first; the old one is taken out, refuses what still comes, and ends what is running.
            pods.Enqueue(await ReplacedPod.StartAsync(bench));
            await pods.Dequeue().StopAsync(bench);
            replaced++;
            var before = Volatile.Read(ref answered);
            await Until.TrueAsync(() => all.IsCompleted || Volatile.Read(ref answered) >= before + 25, "streams end");
        }

        await all;
        Assert.True(replaced >= 3, $"only {replaced} pods were replaced");
    }

    /// <summary>A pod that stops as ours do: it is told to before everybody knows.</summary>
    private sealed class ReplacedPod
    {
        private readonly Drain _drain = new();
        private ScriptedEngine _engine = null!;

        public static async Task<ReplacedPod> StartAsync(Bench bench)
        {
            var pod = new ReplacedPod();
            pod._engine = await bench.AddPodAsync("chat", pod.AnswerAsync);
            return pod;
        }

        public async Task StopAsync(Bench bench)
        {
            var ended = _drain.CloseAsync();
            bench.RemoveSlice("chat", _engine.Url);
            await ended.WaitAsync(bench.Guard);
            await _engine.StopAsync(bench.Guard);
        }

        private async Task AnswerAsync(HttpContext context)
        {
            if (!_drain.TryEnter())
            {
                context.Response.Headers.Connection = "close";
                await Answers.JsonAsync(context, "{}", 503);
                return;
            }

            try
            {
                context.Response.ContentType = "text/event-stream";
                for (var i = 0; i < Pieces; i++)
                {
                    await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {Answers.Chunk($"{i}")}\n\n"), context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    await Task.Yield();
                }

                await Answers.EventAsync(context, "[DONE]");
                await context.Response.CompleteAsync();
            }
            finally
            {
                _drain.Leave();
            }
        }
    }
}
