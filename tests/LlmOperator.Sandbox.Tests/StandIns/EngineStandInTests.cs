using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.StandIns.Engine;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.StandIns;

public sealed class EngineStandInTests : IAsyncDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<EngineStandIn> _engines = [];

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        foreach (var engine in _engines)
        {
            await engine.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_chat_is_answered_by_a_quotation_with_its_usage_and_says_that_it_is_a_stand_in()
    {
        await StartAsync(EngineKind.VLlm, "--model", "org/m", "--served-model-name", "chat", "m");

        using var response = await PostAsync("/v1/chat/completions", """{"model":"chat","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"Why is \"it\" blue?"}]}""");
        var answer = await JsonAsync(response);

        Assert.Contains("stand-in", response.Headers.Server.ToString());
        Assert.Equal("stand-in-engine", answer.Text("system_fingerprint"));
        var text = answer["choices"]![0]!["message"].Text("content")!;
        Assert.Contains("Why is \"it\" blue?", text);
        Assert.Contains("stand-in", text);
        Assert.Equal("stop", answer["choices"]![0].Text("finish_reason"));
        Assert.Equal(answer.Integer("usage", "prompt_tokens") + answer.Integer("usage", "completion_tokens"), answer.Integer("usage", "total_tokens"));
        Assert.True(answer.Integer("usage", "prompt_tokens") > 5);
        Matches("CreateChatCompletionResponse", answer);
    }

    [Fact]
    public async Task A_stream_is_the_whole_answer_in_pieces_with_role_finish_usage_and_end()
    {
        await StartAsync(EngineKind.VLlm, "--model", "m");
        const string Ask = """{"model":"m","messages":[{"role":"user","content":"hello there"}],"max_tokens":9{0}}""";

        using var whole = await PostAsync("/v1/chat/completions", Ask.Replace("{0}", ""));
        var text = (await JsonAsync(whole))["choices"]![0]!["message"].Text("content");
        using var stream = await PostAsync("/v1/chat/completions", Ask.Replace("{0}", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
        var events = (await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType!.MediaType);
        Assert.Equal("data: [DONE]", events[^1]);
        var chunks = events[..^1].Select(line => JsonNode.Parse(line["data: ".Length..])!.AsObject()).ToList();
        Assert.Equal("assistant", chunks[0]["choices"]![0]!["delta"].Text("role"));
        Assert.Equal(text, string.Concat(chunks[..^1].Select(chunk => chunk["choices"]![0]!["delta"].Text("content"))));
        Assert.Equal("length", chunks[^2]["choices"]![0].Text("finish_reason"));
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(9, chunks[^1].Integer("usage", "completion_tokens"));
        Assert.All(chunks, chunk => Matches("CreateChatCompletionStreamResponse", chunk));
    }

    [Theory]
    [InlineData("""{"model":"other","messages":[{"role":"user","content":"a"}]}""", 404, "The model `other` does not exist.", "NotFoundError")]
    [InlineData("""{"model":"m"}""", 400, "messages: Field required", "BadRequestError")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"logprobs":true}""", 400, "logprobs are not known", "BadRequestError")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":0}""", 400, "max_tokens must be a whole number of at least 1, got 0.", "BadRequestError")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":64}""", 400, "'max_tokens' or 'max_completion_tokens' is too large: 64. This model's maximum context length is 32 tokens", "BadRequestError")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a b c d e f g h i j k l m n o p q r s t u v w x y z"}]}""", 400, "This model's maximum context length is 32 tokens. However, your request has 33 input tokens.", "BadRequestError")]
    [InlineData("{", 400, "the body is not JSON", "BadRequestError")]
    public async Task What_cannot_be_answered_is_refused_as_vllm_does(string body, int status, string message, string type)
    {
        await StartAsync(EngineKind.VLlm, "--model", "m", "--max-model-len", "32");

        using var response = await PostAsync("/v1/chat/completions", body);
        var error = (await JsonAsync(response)).Object("error");

        Assert.Equal((status, type, (long?)status), ((int)response.StatusCode, error.Text("type"), error.Integer("code")));
        Assert.Contains(message, error.Text("message"));
    }

    [Fact]
    public async Task Stops_end_an_answer_and_several_choices_and_prompts_are_numbered()
    {
        await StartAsync(EngineKind.VLlm, "--model", "m");

        using var stopped = await PostAsync("/v1/completions", """{"model":"m","prompt":"one STOP two","max_tokens":200,"stop":["STOP","never"]}""");
        var answer = await JsonAsync(stopped);
        Assert.EndsWith("one ", answer["choices"]![0].Text("text"));
        Assert.Equal("stop", answer["choices"]![0].Text("finish_reason"));
        Matches("CreateCompletionResponse", answer);

        using var several = await PostAsync("/v1/completions", """{"model":"m","prompt":["a","b"],"n":2}""");
        Assert.Equal([0, 1, 2, 3], (await JsonAsync(several))["choices"]!.AsArray().Select(choice => choice.Integer("index") ?? -1));
    }

    [Fact]
    public async Task Embeddings_of_texts_that_share_words_are_alike_and_have_length_one()
    {
        await StartAsync(EngineKind.VLlm, "--model", "e", "--runner", "pooling");

        using var response = await PostAsync("/v1/embeddings", """{"model":"e","input":["red apples on trees","apples on red trees","quantum chromodynamics lattice"],"dimensions":128}""");
        var answer = await JsonAsync(response);
        var vectors = answer["data"]!.AsArray().Select(entry => entry!["embedding"]!.AsArray().Select(value => value!.GetValue<double>()).ToArray()).ToList();

        Matches("CreateEmbeddingResponse", answer);
        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(value => value * value), 5));
        Assert.All(vectors, vector => Assert.Equal(128, vector.Length));
        double Dot(int one, int other) => vectors[one].Zip(vectors[other], (a, b) => a * b).Sum();
        Assert.Equal(1, Dot(0, 1), 5);
        Assert.True(Dot(0, 2) < 0.5);

        using var packed = await PostAsync("/v1/embeddings", """{"model":"e","input":"red apples on trees","encoding_format":"base64","dimensions":128}""");
        var bytes = Convert.FromBase64String((await JsonAsync(packed))["data"]![0].Text("embedding")!);
        Assert.Equal(vectors[0][5], BitConverter.ToSingle(bytes, 20), 6);
    }

    [Theory]
    [InlineData("sentence-transformers/all-MiniLM-L6-v2", 384)]
    [InlineData("BAAI/bge-base-en-v1.5", 768)]
    [InlineData("org/unknown", 384)]
    public async Task Vectors_have_the_size_of_the_models_and_nothing_in_common_with_those_of_another(string model, int size)
    {
        await StartAsync(EngineKind.Tei, "--model-id", model);

        using var response = await PostAsync("/embed", """{"inputs":["red apples on trees"]}""");
        var vector = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))![0]!.AsArray().Select(value => value!.GetValue<float>()).ToArray();

        Assert.Equal(Similarity.Embed("red apples on trees", size, model), vector);
        Assert.True(Math.Abs(vector.Zip(Similarity.Embed("red apples on trees", size, "another/model"), (a, b) => a * b).Sum()) < 0.5);
    }

    [Fact]
    public async Task Documents_are_ranked_by_the_words_they_share_with_the_query()
    {
        await StartAsync(EngineKind.VLlm, "--model", "r", "--runner", "pooling");

        using var response = await PostAsync("/v1/rerank", """{"model":"r","query":"blue whales","documents":["a recipe","whales sing","blue whales are blue"],"top_n":2}""");
        var results = (await JsonAsync(response))["results"]!.AsArray();

        Assert.Equal([2, 1], results.Select(result => result.Integer("index") ?? -1));
        Assert.Equal("blue whales are blue", results[0].Text("document", "text"));
    }

    [Fact]
    public async Task Tgi_has_its_own_routes_figures_and_refusals()
    {
        var engine = await EngineStandIn.StartAsync(EngineKind.Tgi, [], new Dictionary<string, string> { ["MODEL_ID"] = "org/m", ["MAX_TOTAL_TOKENS"] = "64" }, cancellationToken: TestContext.Current.CancellationToken);
        _engines.Add(engine);

        var info = JsonNode.Parse(await _client.GetStringAsync(new Uri(engine.Address, "/info"), TestContext.Current.CancellationToken));
        Assert.Equal(("org/m", 64L), (info.Text("model_id"), info.Integer("max_total_tokens")));
        using var whole = await PostAsync("/generate", """{"inputs":"say it","parameters":{"max_new_tokens":20,"details":true}}""");
        var text = (await JsonAsync(whole)).Text("generated_text")!;
        using var stream = await PostAsync("/generate_stream", """{"inputs":"say it","parameters":{"max_new_tokens":20}}""");
        var events = (await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line["data:".Length..])!).ToList();
        Assert.Equal(text, string.Concat(events.Select(happened => happened.Text("token", "text"))));
        Assert.Equal((text, "length"), (events[^1].Text("generated_text"), events[^1].Text("details", "finish_reason")));
        using var wrong = await PostAsync("/generate", """{"inputs":"a","parameters":{"max_new_tokens":-1}}""");
        Assert.Equal((422, "validation"), ((int)wrong.StatusCode, (await JsonAsync(wrong)).Text("error_type")));
        Assert.Contains("tgi_request_success 2", await _client.GetStringAsync(new Uri(engine.Address, "/metrics"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(EngineKind.VLlm, "vllm")]
    [InlineData(EngineKind.Tgi, "tgi")]
    [InlineData(EngineKind.SGLang, "sglang")]
    public async Task Every_figure_has_a_name_the_engine_has(EngineKind kind, string name)
    {
        Assert.SkipUnless(SharedData.Contract("inference-server-metrics.json") is not null, "the contract of inference servers' metrics is not here");
        var known = JsonNode.Parse(await File.ReadAllTextAsync(SharedData.Contract("inference-server-metrics.json")!, TestContext.Current.CancellationToken))![name]!["metrics"]!.AsArray()
            .ToDictionary(metric => metric.Text("name")!, metric => metric.Text("type")!);
        var engine = await StartAsync(kind, "--model", "m", "--enable-lora");
        using (await PostAsync("/v1/completions", """{"prompt":"a","max_tokens":3}"""))
        {
        }

        var page = await _client.GetStringAsync(new Uri(engine.Address, "/metrics"), TestContext.Current.CancellationToken);
        var types = page.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')).ToList();
        Assert.NotEmpty(types);
        Assert.All(types, line => Assert.Equal((line[2], line[3]), (line[2], known.GetValueOrDefault(line[2], "unknown"))));
    }

    [Fact]
    public async Task Adapters_are_loaded_listed_served_and_unloaded()
    {
        _engines.Add(await EngineStandIn.StartAsync(
            EngineKind.VLlm, ["--model", "m", "--enable-lora", "--lora-modules", "first=/a", """{"name":"second","path":"/b"}"""],
            new Dictionary<string, string> { ["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "True" }, cancellationToken: TestContext.Current.CancellationToken));
        const string Ask = """{"model":"third","prompt":"a"}""";
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("/v1/completions", Ask));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/v1/load_lora_adapter", """{"lora_name":"third","lora_path":"/c"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/v1/load_lora_adapter", """{"lora_name":"third","lora_path":"/c"}"""));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/v1/completions", Ask));
        var models = JsonNode.Parse(await _client.GetStringAsync(new Uri(_engines[0].Address, "/v1/models"), TestContext.Current.CancellationToken))!;
        Assert.Equal(["m", "first", "second", "third"], models["data"]!.AsArray().Select(model => model.Text("id")));
        Assert.Equal("m", models["data"]![3].Text("parent"));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/v1/unload_lora_adapter", """{"lora_name":"third"}"""));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("/v1/unload_lora_adapter", """{"lora_name":"third"}"""));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("/v1/completions", Ask));
    }

    [Fact]
    public async Task A_key_guards_the_api_and_nothing_else()
    {
        var engine = await StartAsync(EngineKind.VLlm, "--model", "m", "--api-key=k1");

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/v1/completions", """{"prompt":"a"}"""));
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(new Uri(engine.Address, "/health"), TestContext.Current.CancellationToken)).StatusCode);
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "k1");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/v1/completions", """{"prompt":"a"}"""));
    }

    [Fact]
    public async Task It_fails_as_told_at_even_distances()
    {
        var engine = await StartAsync(EngineKind.VLlm, "--model", "m");
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/stand-in/directions", """{"failure":"Sometimes"}"""));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/stand-in/directions", """{"failure":503,"failureRate":0.5}"""));

        var statuses = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            statuses.Add((int)await StatusAsync("/v1/completions", """{"prompt":"a"}"""));
        }

        Assert.Equal([200, 503, 200, 503], statuses);
        (engine.Directions.Failure, engine.Directions.FailureRate) = ("Truncate", 1);
        using var cut = await _client.SendAsync(Request("/v1/completions", """{"prompt":"a","stream":true}"""), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => cut.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Tokens_take_the_time_they_are_told_and_requests_beyond_the_most_wait()
    {
        var clock = new ManualTimeProvider();
        var engine = await EngineStandIn.StartAsync(EngineKind.VLlm, ["--model", "m", "--max-num-seqs", "1"], time: clock, cancellationToken: TestContext.Current.CancellationToken);
        _engines.Add(engine);
        engine.Directions.TokenDelay = TimeSpan.FromSeconds(1);
        var first = PostAsync("/v1/completions", """{"prompt":"a","max_tokens":3}""");
        await UntilAsync("vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 1");
        var second = PostAsync("/v1/completions", """{"prompt":"b","max_tokens":3}""");
        await UntilAsync("vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 1");
        Assert.False(first.IsCompleted);

        var began = clock.GetUtcNow();
        while (!second.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        using var one = await first;
        using var two = await second;
        Assert.True(clock.GetUtcNow() - began >= TimeSpan.FromSeconds(6));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (one.StatusCode, two.StatusCode));

        async Task UntilAsync(string line)
        {
            using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (!(await _client.GetStringAsync(new Uri(engine.Address, "/metrics"), guard.Token)).Contains(line, StringComparison.Ordinal))
            {
                await Task.Yield();
            }
        }
    }

    [Theory]
    [InlineData("vllm/vllm-openai:v0.27.1", EngineKind.VLlm)]
    [InlineData("ghcr.io/huggingface/text-generation-inference:3.3.7", EngineKind.Tgi)]
    [InlineData("lmsysorg/sglang:v0.5.18", EngineKind.SGLang)]
    [InlineData("ghcr.io/ggml-org/llama.cpp:server-cuda13-b9445", EngineKind.LlamaCpp)]
    [InlineData("ghcr.io/huggingface/text-embeddings-inference:86-1.9", EngineKind.Tei)]
    [InlineData("registry.local:5000/mirror/vllm@sha256:0123", EngineKind.VLlm)]
    [InlineData("nginx:1", null)]
    [InlineData("vllm.example:5000/nginx:vllm", EngineKind.VLlm)]
    public void An_image_is_known_by_its_repository(string image, EngineKind? kind) => Assert.Equal(kind, EngineImages.Of(image));

    private async Task<EngineStandIn> StartAsync(EngineKind kind, params string[] arguments)
    {
        var engine = await EngineStandIn.StartAsync(kind, arguments, cancellationToken: TestContext.Current.CancellationToken);
        _engines.Add(engine);
        return engine;
    }

    private HttpRequestMessage Request(string path, string body) =>
        new(HttpMethod.Post, new Uri(_engines[^1].Address, path)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private async Task<HttpResponseMessage> PostAsync(string path, string body)
    {
        using var request = Request(path, body);
        return await _client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private async Task<HttpStatusCode> StatusAsync(string path, string body)
    {
        using var response = await PostAsync(path, body);
        return response.StatusCode;
    }

    private static async Task<JsonObject> JsonAsync(HttpResponseMessage response) =>
        JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject();

    private static void Matches(string schema, JsonObject answer)
    {
        if (SharedData.Contract("openai-openapi.json") is { } contract)
        {
            Assert.Empty(OpenAiSchema.Problems(contract, schema, answer));
        }
    }
}
