using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.Serving;

public sealed class RoutingTests
{
    [Fact]
    public async Task A_request_reaches_the_pod_of_its_endpoint_byte_for_byte()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutEndpoint("chat");
            bench.PutEndpoint("other");
            await bench.AddPodAsync("chat", Bodies.Echo);
            await bench.AddPodAsync("other", Bodies.Text("wrong"));
        });
        const string Body = "{ \"messages\" : [ {\"role\":\"user\",\"content\":\"\\u00fc ü 🙂\"} ],\n\t\"model\" :\"chat\" , \"x\":1.50e+1 }";
        using var answer = await bench.PostAsync("/v1/chat/completions?a=b", Body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(Body, await answer.Content.ReadAsStringAsync(bench.Guard));
    }

    [Fact]
    public async Task Only_the_name_of_an_adapter_is_changed_on_the_way()
    {
        await using var bench = await Bench.StartAsync(Bodies.Echo);
        using var answer = await bench.PostAsync("/v1/completions", """{"prompt":"chat:fr", "model": "chat:fr","n":2}""");
        Assert.Equal("""{"prompt":"chat:fr", "model": "fr","n":2}""", await answer.Content.ReadAsStringAsync(bench.Guard));
    }

    [Fact]
    public async Task Sampling_a_request_leaves_open_is_the_endpoints_and_what_it_says_is_its_own()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutEndpoint("chat", new() { ModelRef = new() { Name = "llama" }, Generation = new() { Temperature = 0.25, MaxTokens = 64 } });
            await bench.AddPodAsync("chat", Bodies.Echo);
        });
        using var open = await bench.PostAsync("/v1/chat/completions", """{"model":"chat","messages":[] }""");
        Assert.Equal("""{"model":"chat","messages":[] ,"temperature":0.25,"top_p":0.9,"max_tokens":64,"repetition_penalty":1.1}""", await open.Content.ReadAsStringAsync(bench.Guard));
        const string Own = """{"model":"chat","temperature":1,"top_p":0.5,"max_completion_tokens":9,"repetition_penalty":1.0}""";
        using var given = await bench.PostAsync("/v1/chat/completions", Own);
        Assert.Equal(Own, await given.Content.ReadAsStringAsync(bench.Guard));
        using var embedding = await bench.PostAsync("/v1/embeddings", """{"model":"chat","input":"a"}""");
        Assert.Equal("""{"model":"chat","input":"a"}""", await embedding.Content.ReadAsStringAsync(bench.Guard));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/completions")]
    [InlineData("/v1/embeddings")]
    [InlineData("/v1/rerank")]
    [InlineData("/rerank")]
    public async Task Every_route_is_passed_on_under_its_own_path(string path)
    {
        await using var bench = await Bench.StartAsync(context => Answers.JsonAsync(context, $"\"{context.Request.Path}\""));
        using var answer = await bench.PostAsync(path, Bodies.Chat);
        Assert.Equal($"\"{path}\"", await answer.Content.ReadAsStringAsync(bench.Guard));
    }

    [Fact]
    public async Task A_stream_comes_piece_by_piece()
    {
        var next = new SemaphoreSlim(0);
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            foreach (var text in new[] { "one", "two" })
            {
                await Answers.EventAsync(context, Answers.Chunk(text));
                await next.WaitAsync(context.RequestAborted);
            }

            await Answers.EventAsync(context, "[DONE]");
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Stream);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(bench.Guard));
        foreach (var text in new[] { "one", "two" })
        {
            Assert.Contains(text, await reader.ReadLineAsync(bench.Guard), StringComparison.Ordinal);
            Assert.Equal("", await reader.ReadLineAsync(bench.Guard));
            next.Release();
        }

        Assert.Equal("data: [DONE]\n\n", await reader.ReadToEndAsync(bench.Guard));
    }

    [Fact]
    public async Task The_models_are_the_endpoints()
    {
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("embed");
            bench.PutEndpoint("chat");
            bench.Cluster.Put(new LlmModel { Metadata = new() { Name = "llama", Namespace = Bench.Namespace }, Spec = new() { Source = new(), Adapters = [new() { Name = "sql", Source = new() }] } });
            bench.PutEndpoint("cloud", new() { ModelRef = new() { Name = "llama" }, Backend = EndpointBackend.SageMaker });
            return Task.CompletedTask;
        });
        var list = JsonNode.Parse(await bench.Client.GetStringAsync(new Uri(bench.Url, "/v1/models"), bench.Guard))!;
        Assert.Equal("list", (string)list["object"]!);
        Assert.Equal(["chat", "chat:sql", "embed", "embed:sql"], list["data"]!.AsArray().Select(model => (string)model!["id"]!));
        Assert.Equal(["chat", "embed"], list["data"]!.AsArray().Select(model => (string?)model!["parent"]).OfType<string>());
        var one = JsonNode.Parse(await bench.Client.GetStringAsync(new Uri(bench.Url, "/v1/models/chat"), bench.Guard))!;
        Assert.Equal(("chat", "model", bench.Time.GetUtcNow().ToUnixTimeSeconds()), ((string)one["id"]!, (string)one["object"]!, (long)one["created"]!));
        var adapter = JsonNode.Parse(await bench.Client.GetStringAsync(new Uri(bench.Url, "/v1/models/chat:sql"), bench.Guard))!;
        Assert.Equal(("chat:sql", "chat"), ((string)adapter["id"]!, (string)adapter["parent"]!));
        using var noAdapter = await bench.SendAsync(HttpMethod.Get, "/v1/models/chat:none");
        Assert.Equal(HttpStatusCode.NotFound, noAdapter.StatusCode);
        using var none = await bench.SendAsync(HttpMethod.Get, "/v1/models/none");
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (none.StatusCode, (string)(await none.ErrorAsync())["code"]!));
    }

    [Theory]
    [InlineData("""{"model":"none"}""", 404, "model_not_found", "model")]
    [InlineData("""{"model":"chat:"}""", 404, "model_not_found", "model")]
    [InlineData("""{"model":7}""", 400, "invalid_type", "model")]
    [InlineData("""{"model":""}""", 400, "missing_required_parameter", "model")]
    [InlineData("""{"messages":[]}""", 400, "missing_required_parameter", "model")]
    [InlineData("""{"model":"chat","model":"other"}""", 400, "invalid_value", "model")]
    [InlineData("""{"model":"chat"}{}""", 400, "invalid_json", null)]
    [InlineData("""{"model":"chat",""", 400, "invalid_json", null)]
    [InlineData("[]", 400, "invalid_json", null)]
    [InlineData("", 400, "invalid_json", null)]
    [InlineData("""{"model":"\ud800"}""", 400, "invalid_json", null)]
    public async Task What_cannot_be_passed_on_is_refused_with_the_field_at_fault(string body, int status, string code, string? param)
    {
        await using var bench = await Bench.StartAsync(Bodies.Echo);
        using var answer = await bench.PostAsync("/v1/chat/completions", body);
        var error = await answer.ErrorAsync();
        Assert.Equal((status, code, param), ((int)answer.StatusCode, (string)error["code"]!, (string?)error["param"]));
    }

    [Fact]
    public async Task Other_paths_methods_and_protocols_are_refused()
    {
        await using var bench = await Bench.StartAsync(Bodies.Echo);
        using var path = await bench.PostAsync("/v1/load_lora_adapter", Bodies.Chat);
        Assert.Equal(HttpStatusCode.NotFound, path.StatusCode);
        using var method = await bench.SendAsync(HttpMethod.Get, "/v1/chat/completions");
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (method.StatusCode, method.Content.Headers.Allow.Single()));
        using var upgrade = await bench.SendAsync(HttpMethod.Get, "/v1/models", null, request =>
        {
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        });
        Assert.Equal(HttpStatusCode.NotImplemented, upgrade.StatusCode);
        using var packed = await bench.PostAsync("/v1/chat/completions", Bodies.Chat, request => request.Content!.Headers.ContentEncoding.Add("gzip"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, packed.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_above_the_bound_is_refused_whether_its_length_is_announced_or_not(bool isAnnounced)
    {
        await using var bench = await Bench.StartAsync(Bodies.Echo, options => options with { MaxBodyBytes = 20_000 });
        HttpContent Body(int bytes) => isAnnounced ? new ByteArrayContent(Filled(bytes)) : new StreamContent(new Unannounced(Filled(bytes)));
        using var fits = await bench.SendAsync(HttpMethod.Post, "/v1/completions", Body(20_000));
        Assert.Equal(HttpStatusCode.OK, fits.StatusCode);
        using var large = await bench.SendAsync(HttpMethod.Post, "/v1/completions", Body(20_001));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "request_too_large"), (large.StatusCode, (string)(await large.ErrorAsync())["code"]!));

        static byte[] Filled(int bytes) => [.. """{"model":"chat","prompt":"""u8, (byte)'"', .. Enumerable.Repeat((byte)'a', bytes - 29), .. "\"} "u8];
    }

    [Fact]
    public async Task What_the_endpoint_wants_of_sampling_is_told_each_pod_in_the_words_of_its_engine()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutEndpoint("chat", new() { ModelRef = new() { Name = "llama" }, Generation = new() { RepetitionPenalty = 1.1 } });
            bench.PutRevisions(
                "chat",
                new() { Revision = "chat-8", Model = new() { Name = "llama" }, Engine = EngineType.LlamaCpp },
                new() { Revision = "chat-7", Model = new() { Name = "llama" }, Engine = EngineType.VLlm });
            foreach (var revision in new[] { "chat-7", "chat-8" })
            {
                await bench.AddPodAsync("chat", Bodies.Echo, revision);
            }
        });
        var penalties = new Dictionary<string, string>();
        while (penalties.Count < 2)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
            var echo = await answer.Content.ReadAsStringAsync(bench.Guard);
            penalties[answer.Header("x-llmops-endpoint-revision")!] = Assert.Single(new[] { "repetition_penalty", "repeat_penalty" }, name => echo.Contains($"\"{name}\":1.1", StringComparison.Ordinal));
        }

        Assert.Equal(("repetition_penalty", "repeat_penalty"), (penalties["chat-7"], penalties["chat-8"]));
    }

    [Fact]
    public async Task An_endpoint_that_goes_is_no_model_any_more_and_one_that_comes_is()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("a"));
        bench.Cluster.Remove<LlmEndpoint>("chat", Bench.Namespace);
        using var gone = await bench.EventuallyAsync(() => bench.PostAsync("/v1/completions", Bodies.Chat), answer => answer.StatusCode == HttpStatusCode.NotFound);
        bench.PutEndpoint("chat");
        using var back = await bench.EventuallyAsync(() => bench.PostAsync("/v1/completions", Bodies.Chat), answer => answer.StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task Answers_say_where_they_come_from()
    {
        await using var bench = await Bench.StartAsync(Bodies.Text("a"));
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat, request => request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        Assert.Equal(
            ("0af7651916cd43dd8448eb211c80319c", "chat", "chat-7", "abc123"),
            (answer.Header("x-llmops-trace-id"), answer.Header("x-llmops-endpoint"), answer.Header("x-llmops-endpoint-revision"), answer.Header("x-llmops-model-revision")));
    }

    [Fact]
    public async Task The_pod_is_told_of_the_trace_and_not_of_headers_of_the_connection_to_the_gateway()
    {
        IHeaderDictionary? seen = null;
        await using var bench = await Bench.StartAsync(async context =>
        {
            seen = new HeaderDictionary(context.Request.Headers.ToDictionary(header => header.Key, header => header.Value));
            await Bodies.Echo(context);
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat, request =>
        {
            request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            request.Headers.Add("X-Own", "1");
            request.Headers.AcceptEncoding.ParseAdd("gzip");
        });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", seen!.TraceParent.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("b7ad6b7169203331", seen.TraceParent.ToString(), StringComparison.Ordinal);
        Assert.Equal(("1", "", Bodies.Chat.Length), (seen["X-Own"].ToString(), seen.AcceptEncoding.ToString(), (int)seen.ContentLength!));
        Assert.NotEqual(bench.Url.Authority, seen.Host.ToString());
    }

    /// <summary>A body of a length nobody knows.</summary>
    private sealed class Unannounced(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
