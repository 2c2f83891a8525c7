using System.Text.Json.Nodes;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Proxying;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Tracing;

public sealed class SpanTests
{
    private const string Question = """
        {"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"model":"llama","stream":true,"temperature":0.5,"top_p":0.9,"top_k":40,"max_tokens":64,"seed":7,"n":2,
         "stop":["END"],"frequency_penalty":0.1,"presence_penalty":0.2,"response_format":{"type":"json_schema","json_schema":{}},"stream_options":{"include_usage":true}}
        """;

    [Fact]
    public async Task A_stream_of_vLLM_is_told_of()
    {
        string? traceparent = null;
        await using var bench = await Bench.StartAsync(context =>
        {
            traceparent = context.Request.Headers.TraceParent;
            return Answers.StreamAsync(context, Answers.Chunk("Hel"), Answers.Chunk("lo"), Answers.Chunk("", "stop"),
                """{"id":"chatcmpl-1","model":"llama","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":1}}}""", "[DONE]");
        });
        const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        using var answer = await bench.PostAsync("/v1/chat/completions", new StringContent(Question), request => request.Headers.Add("traceparent", Parent));
        await answer.Content.ReadAsStringAsync(bench.Guard);
        var span = Assert.Single(await bench.SpansAsync());

        Assert.Equal("chat llama", (string?)span["name"]);
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", (string?)span["traceId"]);
        Assert.Equal("b7ad6b7169203331", (string?)span["parentSpanId"]);
        Assert.Equal($"00-0af7651916cd43dd8448eb211c80319c-{span["spanId"]}-01", traceparent);
        Dictionary<string, object?> expected = new()
        {
            ["gen_ai.operation.name"] = "chat",
            ["gen_ai.provider.name"] = "vllm",
            ["gen_ai.request.model"] = "llama",
            ["gen_ai.request.stream"] = true,
            ["gen_ai.request.temperature"] = 0.5,
            ["gen_ai.request.top_p"] = 0.9,
            ["gen_ai.request.top_k"] = 40.0,
            ["gen_ai.request.max_tokens"] = 64L,
            ["gen_ai.request.seed"] = 7L,
            ["gen_ai.request.choice.count"] = 2L,
            ["gen_ai.request.frequency_penalty"] = 0.1,
            ["gen_ai.request.presence_penalty"] = 0.2,
            ["gen_ai.output.type"] = "json",
            ["gen_ai.response.id"] = "chatcmpl-1",
            ["gen_ai.response.model"] = "llama",
            ["gen_ai.usage.input_tokens"] = 9L,
            ["gen_ai.usage.output_tokens"] = 3L,
            ["gen_ai.usage.cache_read.input_tokens"] = 4L,
            ["gen_ai.usage.reasoning.output_tokens"] = 1L,
            ["gen_ai.response.time_to_first_chunk"] = 0.0,
            ["llmops.endpoint.name"] = "chat",
            ["llmops.endpoint.namespace"] = "team",
            ["llmops.endpoint.revision"] = "chat-7",
            ["llmops.model.name"] = "llama",
            ["llmops.model.revision"] = "abc123",
            ["server.address"] = "127.0.0.1",
            ["error.type"] = null,
            ["http.response.status_code"] = 200L,
        };
        Assert.All(expected, pair => Assert.Equal((pair.Key, pair.Value), (pair.Key, span.Value(pair.Key))));
        Assert.Equal(["stop"], (string[])span.Value("gen_ai.response.finish_reasons")!);
        Assert.Equal(["END"], (string[])span.Value("gen_ai.request.stop_sequences")!);
        Assert.DoesNotContain(span.Keys(), key => key.EndsWith(".messages", StringComparison.Ordinal));
        Assert.DoesNotContain("Be brief", bench.Receiver.Everything, StringComparison.Ordinal);
        Assert.Null(span["status"]);
        Assert.Contains("""{"key":"service.name","value":{"stringValue":"chat"}}""", bench.Receiver.Resource!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_without_usage_is_counted_by_its_pieces_and_not_asked_for_more()
    {
        var body = "";
        await using var bench = await Bench.StartAsync(async context =>
        {
            body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await Answers.StreamAsync(context, Answers.Chunk("a"), Answers.Chunk("b"), Answers.Chunk("c"), Answers.Chunk("", "length"), "[DONE]");
        });
        const string Asked = """{"model":"llama","stream":true,"messages":[]}""";
        await (await bench.PostAsync("/v1/chat/completions", Asked)).Content.ReadAsStringAsync(bench.Guard);
        var span = Assert.Single(await bench.SpansAsync());

        Assert.Equal(Asked, body);
        Assert.Equal(3L, span.Value("gen_ai.usage.output_tokens"));
        Assert.Null(span.Value("gen_ai.usage.input_tokens"));
    }

    [Fact]
    public async Task A_stream_of_TGI_is_told_of()
    {
        await using var bench = await Bench.StartAsync(context => Answers.StreamAsync(context,
            """{"index":1,"token":{"id":1,"text":"Hel","logprob":-0.1,"special":false},"generated_text":null,"details":null}""",
            """{"index":2,"token":{"id":2,"text":"lo","logprob":-0.1,"special":false},"generated_text":"Hello","details":{"finish_reason":"eos_token","generated_tokens":2,"input_length":5,"seed":null}}"""),
            options => options with { Provider = "tgi", CaptureContent = true });
        await (await bench.PostAsync("/generate_stream", """{"inputs":"Say hello","parameters":{"max_new_tokens":8}}""")).Content.ReadAsStringAsync(bench.Guard);
        var span = Assert.Single(await bench.SpansAsync());

        Assert.Equal("generate_content", (string?)span["name"]);
        Assert.Equal((2L, 5L, 8L), (span.Value("gen_ai.usage.output_tokens"), span.Value("gen_ai.usage.input_tokens"), span.Value("gen_ai.request.max_tokens")));
        Assert.Equal(["eos_token"], (string[])span.Value("gen_ai.response.finish_reasons")!);
        Assert.Contains("Hello", (string)span.Value("gen_ai.output.messages")!, StringComparison.Ordinal);
        Assert.Null(span.Value("error.type"));
    }

    [Fact]
    public async Task Usage_is_found_at_the_end_of_a_long_answer()
    {
        var floats = string.Join(',', Enumerable.Repeat("0.123456789", 60_000));
        await using var bench = await Bench.StartAsync(context => Answers.JsonAsync(context, $$$"""{"object":"list","data":[{"object":"embedding","index":0,"embedding":[{{{floats}}}]}],"model":"bge","usage":{"prompt_tokens":77,"total_tokens":77,"completion_tokens":0}}"""));
        await (await bench.PostAsync("/v1/embeddings", """{"model":"bge","input":["a"],"encoding_format":"float","dimensions":256}""")).Content.ReadAsStringAsync(bench.Guard);
        var span = Assert.Single(await bench.SpansAsync());

        Assert.Equal("embeddings bge", (string?)span["name"]);
        Assert.Equal((77L, 256L), (span.Value("gen_ai.usage.input_tokens"), span.Value("gen_ai.embeddings.dimension.count")));
    }

    [Theory]
    [InlineData(404, """{"error":{"message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}}""", "404")]
    [InlineData(200, """{"error":{"message":"out of memory","type":"InternalServerError","code":500}}""", "InternalServerError")]
    public async Task Errors_of_the_engine_are_told_of(int status, string body, string expected)
    {
        await using var bench = await Bench.StartAsync(context => Answers.JsonAsync(context, body, status));
        using var answer = await bench.PostAsync("/v1/chat/completions", """{"model":"x"}""");

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(body, await answer.Content.ReadAsStringAsync(bench.Guard));
        var span = Assert.Single(await bench.SpansAsync());
        Assert.Equal(expected, span.Value("error.type"));
        Assert.Equal(2, (int?)span["status"]!["code"]);

        // Its words may quote the prompt.
        Assert.Equal(expected, (string?)span["status"]!["message"]);
    }

    [Fact]
    public async Task A_stream_that_ends_without_its_end_is_an_error()
    {
        await using var bench = await Bench.StartAsync(context => Answers.StreamAsync(context, Answers.Chunk("a")));
        await (await bench.PostAsync("/v1/chat/completions", """{"stream":true}""")).Content.ReadAsStringAsync(bench.Guard);

        Assert.Equal("incomplete_stream", Assert.Single(await bench.SpansAsync()).Value("error.type"));
    }

    [Fact]
    public async Task What_asks_no_model_has_no_span_and_keeps_its_headers()
    {
        string? traceparent = null;
        await using var bench = await Bench.StartAsync(context =>
        {
            traceparent = context.Request.Headers.TraceParent;
            return Answers.JsonAsync(context, """{"object":"list","data":[]}""");
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(bench.Url, "/v1/models")) { Headers = { { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00" } } };
        using var answer = await bench.Client.SendAsync(request, bench.Guard);

        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", traceparent);
        Assert.Equal(0, bench.Counts.Total + bench.Counts.Open);
    }

    [Fact]
    public async Task Spans_follow_the_conventions()
    {
        var contract = Contract.LoadOrSkip();
        await using var bench = await Bench.StartAsync(context => context.Request.Path.Value switch
        {
            "/v1/embeddings" => Answers.JsonAsync(context, """{"model":"bge","data":[],"usage":{"prompt_tokens":7,"total_tokens":7,"completion_tokens":0}}"""),
            "/v1/rerank" => Answers.JsonAsync(context, """{"id":"rerank-1","model":"bge","usage":{"total_tokens":7},"results":[]}"""),
            "/generate" => Answers.JsonAsync(context, """{"error":"too long","error_type":"validation"}""", 422),
            "/v1/completions" => Answers.JsonAsync(context, """{"id":"cmpl-1","model":"llama","choices":[{"index":0,"text":"b","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"""),
            _ => Answers.StreamAsync(context, Answers.Chunk("a"), Answers.Chunk("b", "stop"), "[DONE]"),
        }, options => options with { CaptureContent = true });
        string[] paths = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/rerank", "/generate"];
        foreach (var path in paths)
        {
            await (await bench.PostAsync(path, Question)).Content.ReadAsStringAsync(bench.Guard);
        }

        Assert.All(await bench.SpansAsync(paths.Length), contract.AssertSpan);
    }

    [Fact]
    public async Task Content_follows_its_schemas()
    {
        await using var bench = await Bench.StartAsync(context => Answers.JsonAsync(context,
            """{"id":"c","model":"llama","choices":[{"index":0,"message":{"role":"assistant","content":"Warm."},"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"Cold."},"finish_reason":"length"}]}"""),
            options => options with { CaptureContent = true });
        var messages = JsonNode.Parse("""
            [{"role":"system","content":"Be brief."},
             {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
             {"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Ankara\"}"}}]},
             {"role":"tool","tool_call_id":"t1","content":[{"type":"text","text":"21 degrees"}]}]
            """);
        await (await bench.PostAsync("/v1/chat/completions", new JsonObject { ["model"] = "llama", ["messages"] = messages }.ToJsonString())).Content.ReadAsStringAsync(bench.Guard);
        await (await bench.PostAsync("/v1/completions", """{"prompt":["one","two"]}""")).Content.ReadAsStringAsync(bench.Guard);
        var spans = await bench.SpansAsync(2);

        Assert.Contains("21 degrees", (string)spans[0].Value("gen_ai.input.messages")!, StringComparison.Ordinal);
        Assert.DoesNotContain("AAAA", (string)spans[0].Value("gen_ai.input.messages")!, StringComparison.Ordinal);

        // No Assert.All: it would take a skip for a failure.
        foreach (var span in spans)
        {
            Contract.AssertContent("input-messages.json", (string)span.Value("gen_ai.input.messages")!);
            Contract.AssertContent("output-messages.json", (string)span.Value("gen_ai.output.messages")!);
        }
    }
}
