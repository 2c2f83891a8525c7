using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.Sandbox.StandIns.Traces;
using Xunit;

namespace LlmOperator.Gateway.Tests.Rag;

public sealed class TraceTests
{
    private const string Question = """{"query":"What is rag? Write to ada@example.com"}""";

    [Fact]
    public async Task The_trace_has_the_six_spans_with_their_parents_and_the_six_figures()
    {
        await using var rag = await RagBench.StartAsync(Captured);
        rag.Put("post", "one two three");
        rag.Answer = "four words of answer";
        var (_, _, answer) = await rag.PostAsync("/v1/rag/twin", Question);
        var spans = await SpansAsync(rag);
        var root = Assert.Single(spans, span => span.ParentSpanId.Length == 0);
        Assert.Equal(("rag", answer.Header("x-llmops-trace-id")), (root.Name, root.TraceId));
        Assert.All(
            new[]
            {
                ("ContextRetriever.search", "rag"), ("SelfQuery.generate", "ContextRetriever.search"), ("QueryExpansion.generate", "ContextRetriever.search"), ("Reranker.generate", "ContextRetriever.search"),
                ("Embedder.embed", "ContextRetriever.search"), ("VectorStore.search", "ContextRetriever.search"), ("call_llm_service", "rag"),
            },
            edge =>
            {
                var span = Assert.Single(spans, one => one.Name == edge.Item1);
                Assert.Equal(spans.Single(one => one.Name == edge.Item2).SpanId, span.ParentSpanId);
                Assert.True(span.End >= span.Start);
            });
        Assert.Contains("rag", root.Attribute("tags"), StringComparison.Ordinal);
        Assert.Equal(
            ("mlabonne/TwinLlama-3.1-8B-DPO", "sentence-transformers/all-MiniLM-L6-v2", "0.01", "6", "13", "4"),
            (root.Attribute("model_id"), root.Attribute("embedding_model_id"), root.Attribute("temperature"), root.Attribute("query_tokens"), root.Attribute("context_tokens"), root.Attribute("answer_tokens")));
        Assert.Null(root.Attribute("llmops.rag.tokens_are_estimates"));
        Assert.Equal("abc123", root.Attribute("llmops.model.revision"));
        Assert.Equal(64, root.Attribute("llmops.prompt.template_hash")!.Length);
        Assert.Contains("embedded_posts/", spans.Single(span => span.Name == "VectorStore.search").Attribute("llmops.rag.hits"), StringComparison.Ordinal);
        Assert.Equal("four words of answer", root.Attribute("output.value"));
        Assert.Contains("Content: one two three", root.Attribute("llmops.rag.prompt"), StringComparison.Ordinal);
        var call = spans.Single(span => span.Name == "call_llm_service");
        var given = JsonNode.Parse(call.Attribute("input.value")!)!;
        Assert.StartsWith("What is rag?", (string)given["query"]!, StringComparison.Ordinal);
        Assert.Contains("Content: one two three", (string)given["context"]!, StringComparison.Ordinal);
        Assert.Equal("four words of answer", call.Attribute("output.value"));
        Assert.All(spans, span => Assert.DoesNotContain(span.Attributes, attribute => attribute.Value.Contains("ada@example.com", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_capture_no_text_is_in_the_trace()
    {
        await using var rag = await RagBench.StartAsync(spec => Captured(spec) with { PromptTrace = Captured(spec).PromptTrace! with { CaptureContent = false } });
        rag.Put("post", "stored words");
        rag.Answer = "spoken words";
        await rag.PostAsync("/v1/rag/twin", Question);
        var spans = await SpansAsync(rag);
        Assert.Equal("call_llm_service", spans.Single(span => span.Name == "call_llm_service").Name);
        Assert.All(["stored words", "spoken words", "What is rag", "first rewrite"], text => Assert.DoesNotContain(text, rag.Bench.Receiver.Everything, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_chat_has_the_same_trace_and_the_engine_is_asked_within_it()
    {
        await using var rag = await RagBench.StartAsync(Captured);
        string? parent = null;
        rag.Put("post", "rag");
        rag.Instead = (name, path, context) =>
        {
            parent = name == "twin" && path == "/v1/chat/completions" ? context.Request.Headers.TraceParent.ToString() : parent;
            return name == "twin" && path == "/v1/chat/completions" ? Answers.StreamAsync(context, Answers.Chunk("some "), Answers.Chunk("answer", "stop"), "[DONE]") : null;
        };
        using var answer = await rag.Bench.PostAsync("/v1/chat/completions", """{"model":"twin","stream":true,"temperature":0.5,"messages":[{"role":"user","content":"What is rag?"}]}""");
        await answer.Content.ReadAsStringAsync(rag.Bench.Guard);
        var spans = await SpansAsync(rag);
        var root = spans.Single(span => span.Name == "rag");
        Assert.Equal(["What is rag?", "some answer"], rag.Asked.Where(asked => asked.Path == "/tokenize").Select(asked => (string)asked.Body["prompt"]!).Where(text => !text.Contains("Chunk", StringComparison.Ordinal)));
        Assert.Null(root.Attribute("llmops.rag.tokens_are_estimates"));
        Assert.Equal(("0.5", "3", "2", "some answer"), (root.Attribute("temperature"), root.Attribute("query_tokens"), root.Attribute("answer_tokens"), root.Attribute("output.value")));
        Assert.Contains(spans.Single(span => span.Name == "call_llm_service").SpanId, parent, StringComparison.Ordinal);
        Assert.Equal("/v1/chat/completions", root.Attribute("http.route"));
    }

    [Fact]
    public async Task A_model_that_fails_leaves_a_trace_with_the_error_and_without_the_figures_of_an_answer()
    {
        await using var rag = await RagBench.StartAsync(Captured);
        rag.Instead = (name, path, context) => name == "twin" && path != "/tokenize" ? Answers.JsonAsync(context, "{}", 500) : null;
        await rag.PostAsync("/v1/rag/twin", Question);
        var spans = await SpansAsync(rag);
        var root = spans.Single(span => span.Name == "rag");
        Assert.True(root.IsError && spans.Single(span => span.Name == "call_llm_service").IsError);
        Assert.Null(root.Attribute("answer_tokens"));
    }

    [Fact]
    public async Task A_step_that_is_left_out_is_told_on_its_span()
    {
        await using var rag = await RagBench.StartAsync(Captured);
        rag.Put("post", "rag");
        rag.Instead = (name, _, context) => name == "reranker" ? Answers.JsonAsync(context, "{}", 500) : null;
        await rag.PostAsync("/v1/rag/twin", Question);
        var spans = await SpansAsync(rag);
        Assert.Equal("failed", spans.Single(span => span.Name == "Reranker.generate").Attribute("error.type"));
        Assert.Contains("rerank: failed", spans.Single(span => span.Name == "rag").Attribute("llmops.rag.degradations"), StringComparison.Ordinal);
        Assert.False(spans.Single(span => span.Name == "rag").IsError);
    }

    [Fact]
    public async Task An_answer_comes_with_the_receiver_of_traces_away()
    {
        await using var rag = await RagBench.StartAsync(Captured);
        rag.Bench.Receiver.Dispose();
        Assert.Equal(200, (await rag.PostAsync("/rag", Question)).Status);
    }

    [Fact]
    public async Task Documents_leave_a_trace_with_what_became_of_them_under_which_the_model_is_asked()
    {
        string? parent = null;
        await using var rag = await RagBench.StartAsync(configure: options => options with { TraceEndpoint = new("http://collector:4318") });
        rag.Instead = (name, _, context) =>
        {
            parent = name == "embedder" ? context.Request.Headers.TraceParent.ToString() : parent;
            return null;
        };
        await rag.PostAsync("/v1/rag/corpus/documents", """[{"id":"d1","type":"post","content":"planted words"},{"type":"book","content":"x"}]""");
        await rag.TracesAsync("llmops.rag.ingested");
        var span = Assert.Single(rag.Bench.Receiver.Raw.SelectMany(body => OtlpProtobufReader.Read(body)));
        Assert.Equal(
            ("ingest", "corpus", "2", "1", "1", "1", "200", "/v1/rag/{index}/documents", false),
            (span.Name, span.Attribute("llmops.rag.index"), span.Attribute("llmops.rag.documents"), span.Attribute("llmops.rag.ingested"), span.Attribute("llmops.rag.rejected"), span.Attribute("llmops.rag.chunks"),
                span.Attribute("http.response.status_code"), span.Attribute("http.route"), span.IsError));
        Assert.Equal($"00-{span.TraceId}-{span.SpanId}-01", parent);
        Assert.DoesNotContain("planted", rag.Bench.Receiver.Everything, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError, "embedding_unavailable", "503")]
    [InlineData(HttpStatusCode.OK, "invalid_json", "400")]
    public async Task Documents_that_were_not_taken_leave_a_trace_with_the_reason(HttpStatusCode embedder, string error, string status)
    {
        await using var rag = await RagBench.StartAsync(configure: options => options with { TraceEndpoint = new("http://collector:4318") });
        rag.Instead = (name, _, context) => name == "embedder" && embedder != HttpStatusCode.OK ? Answers.JsonAsync(context, "{}", (int)embedder) : null;
        await rag.PostAsync("/v1/rag/corpus/documents", embedder == HttpStatusCode.OK ? "[7" : """[{"id":"d1","type":"post","content":"words"}]""");
        await rag.TracesAsync("llmops.rag.index");
        var span = Assert.Single(rag.Bench.Receiver.Raw.SelectMany(body => OtlpProtobufReader.Read(body)));
        Assert.Equal(("ingest", error, status, true), (span.Name, span.Attribute("error.type"), span.Attribute("http.response.status_code"), span.IsError));
    }

    private static LlmEndpointSpec Captured(LlmEndpointSpec spec) => spec with { PromptTrace = new() { CaptureContent = true, Exporters = [new() { Name = "otlp", Url = "http://collector:4318" }] } };

    private static async Task<IReadOnlyList<ReceivedSpan>> SpansAsync(RagBench rag)
    {
        // Tokens are counted when the client has its answer, and within a time: the clock stands still until the steps are in the spool.
        while (!Regex.IsMatch(await rag.Bench.MetricsAsync(), @"llm_gateway_spool_requests_total\{[^}]*\} ([2-9]|\d\d)"))
        {
            Assert.False(rag.Bench.Guard.IsCancellationRequested, "the trace is never made");
            await LlmOperator.Kubernetes.Tests.Fakes.Until.QuietAsync();
        }

        await rag.TracesAsync("call_llm_service");
        return [.. rag.Bench.Receiver.Raw.SelectMany(body => OtlpProtobufReader.Read(body))];
    }
}
