using System.Net;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.Sandbox.StandIns.Traces;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.WholePath;

/// <summary>Client, gateway, sidecars and engines.</summary>
public sealed class ReplacedPodsTests
{
    private const int Streams = 500;
    private const int Faulty = 20;
    private const int Pieces = 20;

    [Fact]
    public async Task Five_hundred_streams_at_once_come_whole_while_every_pod_is_replaced_but_those_an_engine_breaks_off()
    {
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            return Task.CompletedTask;
        });
        var (begun, go) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        List<TracedPod> old = [], young = [];
        await AddAsync(old);
        using (await bench.EventuallyAsync(() => bench.PostAsync("/v1/chat/completions", """{"model":"chat","messages":[],"user":"first"}"""), answer => answer.StatusCode == HttpStatusCode.OK))
        {
        }

        var streams = Enumerable.Range(0, Streams).Select(number => ReadAsync(isFaulty: number % (Streams / Faulty) == 0)).ToList();
        await Until.TrueAsync(() => Volatile.Read(ref begun) == Streams, "all streams run at once");

        // All of them are under way when the old pods are told to end; more come meanwhile.
        await AddAsync(young);
        old.ForEach(pod => bench.RemoveSlice("chat", pod.Url));
        await bench.MetricsAsync("llm_gateway_ready_pods{endpoint=\"chat\"} 3\n");

        var stopping = Task.WhenAll(old.Select(pod => pod.StopAsync(bench)));
        var late = Enumerable.Range(0, 50).Select(_ => ReadAsync(isFaulty: false)).ToList();
        go.SetResult();
        Assert.Equal((Streams - Faulty, Faulty), ((await Task.WhenAll(streams)).Count(isWhole => isWhole), streams.Count(stream => !stream.Result)));
        Assert.All(await Task.WhenAll(late), Assert.True);
        await stopping;

        var pods = old.Concat(young).ToList();
        await Until.TrueAsync(() => pods.All(pod => pod.Counts.Open == 0), "every span is made");
        Assert.Equal(1 + Streams + 50, pods.Sum(pod => pod.Counts.Total));
        Assert.Equal(0, pods.Sum(pod => pod.Counts.Dropped));
        foreach (var pod in pods)
        {
            await pod.DisposeAsync();
        }

        async Task AddAsync(List<TracedPod> to)
        {
            for (var number = 0; number < 3; number++)
            {
                to.Add(await TracedPod.StartAsync(bench, "chat", AnswerAsync));
            }
        }

        async Task<bool> ReadAsync(bool isFaulty)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", isFaulty ? """{"model":"chat","messages":[],"stream":true,"user":"break"}""" : Bodies.Stream);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            try
            {
                var text = await answer.Content.ReadAsStringAsync(bench.Guard);
                Assert.Equal(Pieces, text.Split("delta").Length - 1);
                Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
                return true;
            }
            catch (HttpRequestException) when (isFaulty)
            {
                return false;
            }
        }

        async Task AnswerAsync(HttpContext context)
        {
            var body = await Bodies.ReadAsync(context);
            if (body.Contains("first", StringComparison.Ordinal))
            {
                await Answers.JsonAsync(context, "{}");
                return;
            }

            context.Response.ContentType = "text/event-stream";
            for (var piece = 0; piece < Pieces; piece++)
            {
                await Answers.EventAsync(context, Answers.Chunk($"{piece}"));
                if (piece == 0)
                {
                    Interlocked.Increment(ref begun);
                    await go.Task.WaitAsync(context.RequestAborted);
                }

                if (piece == Pieces / 2 && body.Contains("break", StringComparison.Ordinal))
                {
                    context.Abort();
                    return;
                }
            }

            await Answers.EventAsync(context, "[DONE]");
        }
    }

    [Fact]
    public async Task An_answer_names_the_revision_of_the_pod_that_gave_it()
    {
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            return Task.CompletedTask;
        });
        var asked = new HeaderDictionary();
        await using var pod = await TracedPod.StartAsync(
            bench,
            "chat",
            context =>
            {
                asked = new(context.Request.Headers.ToDictionary(header => header.Key, header => header.Value));
                return Answers.JsonAsync(context, "{}");
            },
            revision: "chat-8");
        using var answer = await bench.EventuallyAsync(
            () => bench.PostAsync("/v1/chat/completions", Bodies.Chat, request => request.Headers.Add("X-LLMOps-Ask-Revision", "1")),
            answer => answer.Header("x-llmops-endpoint-revision") == "chat-8");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain(asked.Keys, name => name.StartsWith("x-llmops-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task While_two_revisions_answer_header_and_span_name_the_one_that_did_also_after_a_retry()
    {
        await using var bench = await Bench.StartAsync(
            bench =>
            {
                var endpoint = bench.PutEndpoint("chat");
                bench.Cluster.Put(endpoint with { Status = endpoint.Status! with { TargetRevision = "chat-8", Model = new() { Name = "llama", Revision = "new" } } });
                return Task.CompletedTask;
            },
            options => options with { TraceEndpoint = new("http://receiver:4318") });
        var isOldDown = false;
        RequestDelegate old = context =>
        {
            context.Response.StatusCode = Volatile.Read(ref isOldDown) ? 503 : 200;
            return context.Response.WriteAsync("{}");
        };
        await using var before = await TracedPod.StartAsync(bench, "chat", old, "chat-7");
        await using var after = await TracedPod.StartAsync(bench, "chat", context => Answers.JsonAsync(context, "{}"), "chat-8");

        // Where the cluster tells of the new revision alone what it serves, the model of the earlier one is not known.
        var seen = await SeenAsync();
        Assert.Equal((null, "new"), (seen["chat-7"], seen["chat-8"]));

        bench.PutRevisions(
            "chat",
            new() { Revision = "chat-8", Model = new() { Name = "llama", Revision = "new" }, Engine = EngineType.VLlm },
            new() { Revision = "chat-7", Model = new() { Name = "mistral", Revision = "old" }, Engine = EngineType.VLlm });
        await Until.TrueAsync(() => bench.Cluster.IsToldAll, "the gateway knows");
        while ((seen = await SeenAsync())["chat-7"] is null)
        {
            bench.Guard.ThrowIfCancellationRequested();
        }

        Assert.Equal(("old", "new"), (seen["chat-7"], seen["chat-8"]));

        Volatile.Write(ref isOldDown, true);
        while (!(await bench.MetricsAsync()).Contains("llm_gateway_retries_total{endpoint=\"chat\"} 1", StringComparison.Ordinal))
        {
            using var retried = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            Assert.Equal((HttpStatusCode.OK, "chat-8"), (retried.StatusCode, retried.Header("x-llmops-endpoint-revision")));
            await AssertAgreesAsync(bench, retried);
            bench.Guard.ThrowIfCancellationRequested();
        }

        async Task<Dictionary<string, string?>> SeenAsync()
        {
            var seen = new Dictionary<string, string?>();
            while (seen.Count < 2)
            {
                using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    await AssertAgreesAsync(bench, answer);
                    seen[answer.Header("x-llmops-endpoint-revision")!] = answer.Header("x-llmops-model-revision");
                }

                bench.Guard.ThrowIfCancellationRequested();
            }

            return seen;
        }
    }

    /// <summary>Waits for the span of an answer and compares.</summary>
    private static async Task AssertAgreesAsync(Bench bench, HttpResponseMessage answer)
    {
        var (trace, revision, model) = (answer.Header("x-llmops-trace-id")!, answer.Header("x-llmops-endpoint-revision"), answer.Header("x-llmops-model-revision"));
        await Until.TrueAsync(() => Find() is not null, "the span arrives", bench.Time, TimeSpan.FromSeconds(1));
        Assert.Equal((revision, model), (Find()!.Attribute("llmops.endpoint.revision"), Find()!.Attribute("llmops.model.revision")));

        ReceivedSpan? Find() => bench.Receiver.Raw.SelectMany(raw => OtlpProtobufReader.Read(raw)).FirstOrDefault(span => span.TraceId == trace);
    }
}
