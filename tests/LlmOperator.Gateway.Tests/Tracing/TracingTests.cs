using System.Net;
using System.Text;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;
using Receiver = LlmOperator.Gateway.Tests.Fakes.Receiver;

namespace LlmOperator.Gateway.Tests.Tracing;

public sealed class TracingTests
{
    [Fact]
    public async Task A_span_of_each_request_goes_to_the_gateways_own_receiver_without_what_was_said()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("the answer"), options => options with { TraceEndpoint = new("http://collector:4318") });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        await SpansAsync(bench, "POST /v1/chat/completions");
        var told = bench.Receiver.Everything;
        Assert.All(["llmops.endpoint.name", "chat-7", "abc123", "gen_ai.request.model"], text => Assert.Contains(text, told, StringComparison.Ordinal));
        Assert.All(["hello", "the answer", "gen_ai.usage"], text => Assert.DoesNotContain(text, told, StringComparison.Ordinal));
        Assert.Equal("http://collector:4318/v1/traces", bench.Receiver.Batches[0].Address.ToString());
    }

    [Fact]
    public async Task Exporters_of_the_endpoint_are_told_with_their_key_once_it_is_known()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutEndpoint("chat", Traced(new() { Name = "langfuse", Type = "Langfuse", Url = "https://langfuse.example", ApiKeySecretRef = new() { Name = "langfuse", Key = "key" } }));
            await bench.AddPodAsync("chat", Bodies.Text("a"));
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        await Until.QuietAsync();
        Assert.Empty(bench.Receiver.Batches);
        bench.Cluster.Put(new Secret { Metadata = new() { Name = "langfuse", Namespace = Bench.Namespace }, Data = new Dictionary<string, byte[]> { ["key"] = "pk:sk\n"u8.ToArray() } });
        await SpansAsync(bench, "POST /v1/chat/completions");
        Assert.Equal(("https://langfuse.example/api/public/otel/v1/traces", "Basic " + Convert.ToBase64String("pk:sk"u8)), (bench.Receiver.Batches[0].Address.ToString(), bench.Receiver.Batches[0].Authorization));
    }

    [Fact]
    public async Task Each_exporter_is_told_in_the_form_it_names()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutEndpoint("chat", new()
            {
                ModelRef = new() { Name = "llama" },
                PromptTrace = new() { Exporters = [new() { Name = "json", Url = "http://json:4318", Encoding = "json" }, new() { Name = "protobuf", Url = "http://protobuf:4318" }] },
            });
            await bench.AddPodAsync("chat", Bodies.Text("a"));
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        await Until.TrueAsync(() => bench.Receiver.Batches.Select(static batch => batch.Address.Host).Distinct().Count() == 2, "both have it", bench.Time, TimeSpan.FromSeconds(1));
        Assert.All(bench.Receiver.Batches, static batch => Assert.Equal(batch.Address.Host == "json", batch.Body.StartsWith("{\"resourceSpans\":", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_endpoint_that_wants_no_traces_has_none()
    {
        await using var bench = await Bench.StartAsync(
            async bench =>
            {
                bench.PutEndpoint("quiet", new() { ModelRef = new() { Name = "llama" }, PromptTrace = new() { Enabled = false } });
                bench.PutEndpoint("chat");
                await bench.AddPodAsync("quiet", Bodies.Text("a"));
                await bench.AddPodAsync("chat", Bodies.Text("a"));
            },
            options => options with { TraceEndpoint = new("http://collector:4318") });
        using var quiet = await bench.PostAsync("/v1/chat/completions", """{"model":"quiet"}""");
        using var traced = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        await SpansAsync(bench, "chat-7");
        Assert.DoesNotContain("quiet", bench.Receiver.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_traces_that_are_sampled_out_only_those_with_errors_are_told_and_all_are_counted()
    {
        var status = 200;
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutEndpoint("chat", new() { ModelRef = new() { Name = "llama" }, PromptTrace = new() { SampleRate = 0, Exporters = [new() { Name = "otlp", Url = "http://collector:4318" }] } });
            await bench.AddPodAsync("chat", context => Answers.JsonAsync(context, "{}", status));
        });
        using var good = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        status = 400;
        using var bad = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        await SpansAsync(bench, "error.type");
        var metrics = await bench.MetricsAsync();
        Assert.Matches("llm_gateway_spool_requests_total\\{exporter=\"otlp-[0-9a-f]{8}\"\\} 2\n", metrics);
        Assert.Matches("llm_gateway_spool_sampled_out_total\\{exporter=\"otlp-[0-9a-f]{8}\"\\} 1\n", metrics);
    }

    [Fact]
    public async Task A_spool_that_cannot_be_opened_costs_no_request()
    {
        using var file = new TemporaryFile();
        await using var bench = await Bench.StartAsync(
            async bench =>
            {
                bench.PutEndpoint("chat", Traced(new() { Name = "otlp", Url = "http://collector:4318" }));
                await bench.AddPodAsync("chat", Bodies.Text("a"));
            },
            options => options with { SpoolDirectory = file.Path });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task The_figures_of_the_conventions_have_tokens_and_times()
    {
        await using var bench = await Bench.StartAsync(async context =>
        {
            bool isStream = (await Bodies.ReadAsync(context)).Contains("stream", StringComparison.Ordinal);
            await (isStream ? Answers.StreamAsync(context, Answers.Chunk("a"), Answers.Chunk("b", "stop"), "[DONE]") : Bodies.Text("a")(context));
        });
        foreach (var body in new[] { Bodies.Chat, Bodies.Stream })
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", body);
            await answer.Content.ReadAsStringAsync(bench.Guard);
        }

        const string Labels = "{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"vllm\",gen_ai_request_model=\"chat\"";
        var metrics = await bench.MetricsAsync($"gen_ai_client_operation_duration_seconds_count{Labels}}} 2");
        Assert.Contains($"gen_ai_client_operation_time_to_first_chunk_seconds_count{Labels}}} 1", metrics, StringComparison.Ordinal);
        Assert.Contains($"gen_ai_client_operation_time_per_output_chunk_seconds_count{Labels}}} 1", metrics, StringComparison.Ordinal);
        Assert.Contains($"gen_ai_client_token_usage_sum{Labels},gen_ai_token_type=\"output\"}} 9", metrics, StringComparison.Ordinal);
        Assert.Contains($"gen_ai_client_token_usage_sum{Labels},gen_ai_token_type=\"input\"}} 5", metrics, StringComparison.Ordinal);
        Assert.Contains("llm_gateway_requests_in_flight{endpoint=\"chat\"} 0", metrics, StringComparison.Ordinal);
    }

    private static LlmEndpointSpec Traced(TraceExporter exporter) => new() { ModelRef = new() { Name = "llama" }, PromptTrace = new() { Exporters = [exporter] } };

    private static Task SpansAsync(Bench bench, string text) =>
        Until.TrueAsync(() => bench.Receiver.Everything.Contains(text, StringComparison.Ordinal), $"a span with {text} arrives", bench.Time, TimeSpan.FromSeconds(1));

    private sealed class TemporaryFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
