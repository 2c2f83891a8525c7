using System.Net;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.Gateway.Tests.Hosting;

public sealed class LifetimeTests
{
    [Fact]
    public async Task It_stops_in_order_and_breaks_off_nothing_that_ends_in_time()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(
            async context =>
            {
                await Answers.StreamAsync(context, Answers.Chunk("a"));
                begun.TrySetResult();
                await go.Task;
                await Answers.EventAsync(context, "[DONE]");
            },
            options => options with { TraceEndpoint = new("http://collector:4318") });
        using var running = await bench.PostAsync("/v1/chat/completions", Bodies.Stream);
        await begun.Task.WaitAsync(bench.Guard);
        var stopping = bench.Gateway.StopAsync(CancellationToken.None);
        using var ready = await bench.Client.GetAsync(new Uri($"http://{bench.Gateway.Admin}/readyz"), bench.Guard);
        using var still = await bench.SendAsync(HttpMethod.Get, "/v1/models");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK, true), (ready.StatusCode, still.StatusCode, still.Headers.ConnectionClose));
        bench.Time.Advance(TimeSpan.FromSeconds(5));
        using var refused = await bench.EventuallyAsync(() => bench.SendAsync(HttpMethod.Get, "/v1/models"), answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(("shutting_down", true), ((string)(await refused.ErrorAsync())["code"]!, refused.Headers.ConnectionClose));
        Assert.False(stopping.IsCompleted);
        go.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await running.Content.ReadAsStringAsync(bench.Guard), StringComparison.Ordinal);
        await Until.TrueAsync(() => stopping.IsCompleted, "it stops", bench.Time, TimeSpan.FromMilliseconds(100));
        await stopping;
        Assert.Contains("POST /v1/chat/completions", bench.Receiver.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_does_not_end_in_time_is_broken_off()
    {
        var begun = new TaskCompletionSource();
        await using var bench = await Bench.StartAsync(async context =>
        {
            await Answers.StreamAsync(context, Answers.Chunk("a"));
            begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var running = await bench.PostAsync("/v1/chat/completions", Bodies.Stream);
        await begun.Task.WaitAsync(bench.Guard);
        var stopping = bench.Gateway.StopAsync(CancellationToken.None);
        await Until.TrueAsync(() => stopping.IsCompleted, "it stops", bench.Time, TimeSpan.FromSeconds(5));
        await stopping;
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => running.Content.ReadAsStringAsync(bench.Guard));
    }

    [Fact]
    public async Task The_other_door_has_health_readiness_and_metrics_and_nothing_else()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("a"));
        foreach (var (path, status) in new[] { ("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/v1/models", 404) })
        {
            using var answer = await bench.Client.GetAsync(new Uri($"http://{bench.Gateway.Admin}{path}"), bench.Guard);
            Assert.Equal(status, (int)answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_gateway_that_may_not_read_pods_serves_all_the_same_and_names_the_active_revision()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.Cluster.Intercept = (request, _) => request.Plural == "pods" ? throw FakeKubeClient.Error(HttpStatusCode.Forbidden, "Forbidden") : Task.CompletedTask;
            bench.PutEndpoint("chat");
            await bench.AddPodAsync("chat", Bodies.Text("a"), revision: "chat-8");
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal((HttpStatusCode.OK, "chat-7", "abc123"), (answer.StatusCode, answer.Header("x-llmops-endpoint-revision"), answer.Header("x-llmops-model-revision")));
    }

    [Fact]
    public async Task It_asks_the_api_server_only_for_what_its_role_allows()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutConfigMap("prompts", "chat", "{query}{context}");
            bench.PutEndpoint("chat", new() { ModelRef = new() { Name = "llama" }, Prompt = new() { TemplateRef = new() { Name = "prompts", Key = "chat" } } });
            await bench.AddPodAsync("chat", Bodies.Text("a"));
        });
        Assert.All(bench.Cluster.Requests, request => Assert.Contains(request.Verb, new[] { "list", "watch" }));
        Assert.Equal(["configmaps", "endpointslices", "llmendpoints", "llmmodels", "pods", "ragindexes", "secrets"], bench.Cluster.Requests.Select(request => request.Plural).Distinct().Order());
    }
}
