using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.Sandbox.StandIns.Traces;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.Rag;

/// <summary>Endpoints that go from one model or engine to another: pods of both revisions are ready.</summary>
public sealed class RollTests
{
    private const string Question = """{"query":"What is rag?"}""";
    private const string Documents = "/v1/rag/corpus/documents";
    private const string Post = """[{"id":"d1","type":"post","content":"words of rag"}]""";
    private const string MiniLm = "sentence-transformers/all-MiniLM-L6-v2";
    private const string E5 = "intfloat/e5-small";

    private static readonly ServedRevision OldEmbedder = new() { Revision = "embedder-7", Model = new() { Name = "minilm" }, Repository = MiniLm, Engine = EngineType.VLlm };
    private static readonly ServedRevision NewEmbedder = new() { Revision = "embedder-8", Model = new() { Name = "e5" }, Repository = E5, Engine = EngineType.Tei };

    [Theory]
    [InlineData(MiniLm)]
    [InlineData(E5)]
    public async Task Vectors_of_an_index_are_made_by_pods_of_its_model_alone(string model)
    {
        var young = new ConcurrentQueue<string>();
        await using var rag = await StartAsync(model, young, NewEmbedder, OldEmbedder);
        rag.Put("post", "rag", model: model);
        for (var i = 0; i < 8; i++)
        {
            var (status, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
            Assert.Equal((200, "[]", "rag"), (status, body["degradations"]!.ToJsonString(), (string)Assert.Single(body["sources"]!.AsArray())!["content"]!));
            Assert.Equal(200, (await rag.PostAsync(Documents, Post)).Status);
        }

        var old = rag.Asked.Where(asked => asked.Endpoint == "embedder").Select(asked => asked.Path).ToList();
        Assert.Equal(model == MiniLm ? (16, 0) : (0, 16), (old.Count, young.Count));
        Assert.All(old, path => Assert.Equal("/v1/embeddings", path));
        Assert.All(young, path => Assert.Equal("/embed", path));
        Assert.Equal(model, (string)rag.Qdrant.Points("embedded_posts").Single(point => (string)point["payload"]!["content"]! == "words of rag")["payload"]!["metadata"]!["embedding_model_id"]!);
    }

    [Fact]
    public async Task Until_a_pod_of_the_indexs_model_is_ready_there_are_no_vectors()
    {
        // Of the two revisions only pods of the old one are there.
        await using var rag = await StartAsync(E5, young: null, NewEmbedder, OldEmbedder);
        rag.Put("post", "rag", model: E5);
        var (status, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Equal(200, status);
        Assert.Contains(body["degradations"]!.AsArray(), one => (string)one!["step"]! == "embedding" && (string)one["reason"]! == "unavailable");
        var (refused, error, _) = await rag.PostAsync(Documents, Post);
        Assert.Equal((503, "embedding_unavailable"), (refused, (string)error["error"]!["code"]!));
        Assert.DoesNotContain(rag.Asked, asked => asked.Endpoint == "embedder");

        var young = new ConcurrentQueue<string>();
        await rag.Bench.AddPodAsync("embedder", context => EmbedAsync(context, young), NewEmbedder.Revision);
        using var taken = await rag.Bench.EventuallyAsync(() => rag.Bench.PostAsync(Documents, Post), answer => answer.IsSuccessStatusCode);
        Assert.DoesNotContain(rag.Asked, asked => asked.Endpoint == "embedder");
        Assert.NotEmpty(young);
    }

    [Fact]
    public async Task An_index_of_a_model_that_is_gone_names_the_endpoint_and_both_models()
    {
        await using var rag = await StartAsync("org/another", new(), NewEmbedder, OldEmbedder);
        var (status, error, _) = await rag.PostAsync(Documents, Post);
        Assert.Equal(409, status);
        Assert.Contains($"LlmEndpoint embedder serves {E5} and {MiniLm}, and RagIndex corpus holds vectors of org/another", (string)error["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_of_which_nobody_knows_what_it_serves_makes_no_vectors()
    {
        // What the target serves is told, and nothing of the pods before: the status was cut by hand, or they are stopping and all that is left.
        await using var rag = await StartAsync(E5, young: null, NewEmbedder);
        rag.Put("post", "rag", model: E5);
        var (_, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Contains(body["degradations"]!.AsArray(), one => (string)one!["step"]! == "embedding" && (string)one["reason"]! == "unavailable");
        Assert.Equal(503, (await rag.PostAsync(Documents, Post)).Status);

        var young = new ConcurrentQueue<string>();
        await rag.Bench.AddPodAsync("embedder", context => EmbedAsync(context, young), NewEmbedder.Revision);
        using var taken = await rag.Bench.EventuallyAsync(() => rag.Bench.PostAsync(Documents, Post), answer => answer.IsSuccessStatusCode);
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(200, (await rag.PostAsync(Documents, Post)).Status);
        }

        Assert.DoesNotContain(rag.Asked, asked => asked.Endpoint == "embedder");
    }

    [Theory]
    [InlineData(MiniLm)]
    [InlineData(E5)]
    public async Task A_pod_that_may_be_of_either_model_makes_no_vectors(string model)
    {
        // The gateway may not read pods, or has not yet heard of this one.
        var asked = new ConcurrentQueue<string>();
        await using var rag = await StartAsync(model, young: null, NewEmbedder, OldEmbedder);
        foreach (var slice in rag.Bench.Cluster.PeekAll<EndpointSlice>().Where(slice => slice.Metadata.Labels!.Values.Contains("embedder")).ToList())
        {
            rag.Bench.Cluster.Remove<EndpointSlice>(slice.Metadata.Name!, Bench.Namespace);
        }

        await rag.Bench.AddPodAsync("embedder", context => EmbedAsync(context, asked));
        using var refused = await rag.Bench.EventuallyAsync(() => rag.Bench.PostAsync(Documents, Post), answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        using var still = await rag.Bench.PostAsync(Documents, Post);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, 0), (still.StatusCode, asked.Count));
    }

    [Fact]
    public async Task A_prompt_goes_to_each_pod_in_the_form_of_its_engine_and_its_model_and_the_trace_names_who_answered()
    {
        var (young, isOldDown) = (new ConcurrentQueue<string>(), false);
        await using var rag = await RagBench.StartAsync(
            spec => spec with { PromptTrace = new() { Exporters = [new() { Name = "otlp", Url = "http://collector:4318" }] } },
            prepare: rag =>
            {
                RagBench.PutModel(rag.Bench, "mistral", "mistralai/Mistral-7B", format: "Chat");
                rag.Bench.PutRevisions(
                    "twin",
                    new() { Revision = "twin-8", Model = new() { Name = "mistral", Revision = "new" }, Repository = "mistralai/Mistral-7B", Engine = EngineType.VLlm },
                    new() { Revision = "twin-7", Model = new() { Name = "llama", Revision = "old" }, Repository = "org/of-before", Engine = EngineType.Tgi });
            },
            pods: rag => rag.Bench.AddPodAsync("twin", context => SayAsync(context, young), "twin-8"));
        rag.Instead = (name, path, context) => (name, path) switch
        {
            ("twin", "/generate") => Answers.JsonAsync(context, """[{"generated_text":"old"}]""", Volatile.Read(ref isOldDown) ? 503 : 200),
            ("twin", "/tokenize") => Answers.JsonAsync(context, """[{"id":1,"text":"a","start":0,"stop":1}]"""),
            _ => null,
        };
        var (seen, traces) = (new HashSet<string>(), new Dictionary<string, string>());
        while (seen.Count < 2)
        {
            await AskAsync();
        }

        Assert.Equal(["new mistral new", "old llama old"], seen.Order(StringComparer.Ordinal));
        Assert.All(rag.Asked.Where(asked => asked.Endpoint == "twin"), asked => Assert.True(asked.Body["inputs"] is not null, $"{asked.Path} {asked.Body}"));
        Assert.All(young, path => Assert.Contains(path, new[] { "/v1/chat/completions", "/tokenize" }));
        foreach (var (trace, model) in traces)
        {
            while (Roots().All(root => root.TraceId != trace))
            {
                rag.Bench.Guard.ThrowIfCancellationRequested();
                rag.Bench.Time.Advance(TimeSpan.FromMilliseconds(100));
                await LlmOperator.Kubernetes.Tests.Fakes.Until.QuietAsync();
            }

            var root = Roots().First(root => root.TraceId == trace);
            Assert.Equal((model, model == "org/of-before" ? "old" : "new"), (root.Attribute("model_id"), root.Attribute("llmops.model.revision")));
        }

        // Another pod is asked in its own form.
        Volatile.Write(ref isOldDown, true);
        for (var before = OldAsked(); OldAsked() == before;)
        {
            await AskAsync();
        }

        int OldAsked() => rag.Asked.Count(asked => asked.Path == "/generate");

        IEnumerable<ReceivedSpan> Roots() => rag.Bench.Receiver.Raw.SelectMany(raw => OtlpProtobufReader.Read(raw)).Where(span => span.Name == "rag");

        async Task AskAsync()
        {
            var (status, body, answer) = await rag.PostAsync("/v1/rag/twin", Question);
            Assert.Equal(200, status);
            var isOld = (string)body["answer"]! == "old";
            Assert.Equal(isOld ? ("twin-7", "old") : ("twin-8", "new"), (answer.Header("x-llmops-endpoint-revision"), answer.Header("x-llmops-model-revision")));
            seen.Add($"{body["answer"]} {(isOld ? "llama" : "mistral")} {answer.Header("x-llmops-model-revision")}");
            traces[answer.Header("x-llmops-trace-id")!] = isOld ? "org/of-before" : "mistralai/Mistral-7B";
            rag.Bench.Guard.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task Chunks_are_scored_in_the_form_of_the_pods_engine()
    {
        var young = new ConcurrentQueue<string>();
        await using var rag = await RagBench.StartAsync(
            prepare: rag => rag.Bench.PutRevisions(
                "reranker",
                new() { Revision = "reranker-8", Model = new() { Name = "scorer" }, Engine = EngineType.Tei },
                new() { Revision = "reranker-7", Model = new() { Name = "scorer" }, Engine = EngineType.VLlm }),
            pods: rag => rag.Bench.AddPodAsync(
                "reranker",
                async context =>
                {
                    var body = JsonNode.Parse(await Bodies.ReadAsync(context))!;
                    young.Enqueue(context.Request.Path.Value!);
                    await Answers.JsonAsync(context, new JsonArray([.. body["texts"]!.AsArray().Select((_, number) => (JsonNode)new JsonObject { ["index"] = number, ["score"] = number })]).ToJsonString());
                },
                "reranker-8"));
        rag.Put("post", "rag");
        while (young.IsEmpty || !rag.Asked.Any(asked => asked.Endpoint == "reranker"))
        {
            var (status, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
            Assert.Equal((200, "[]"), (status, body["degradations"]!.ToJsonString()));
            rag.Bench.Guard.ThrowIfCancellationRequested();
        }

        Assert.All(young, path => Assert.Equal("/rerank", path));
        Assert.All(rag.Asked.Where(asked => asked.Endpoint == "reranker"), asked => Assert.Equal("/v1/rerank", asked.Path));
    }

    [Fact]
    public async Task A_prompt_is_no_longer_than_any_of_the_pods_takes()
    {
        await using var rag = await RagBench.StartAsync(prepare: rag => rag.Bench.PutRevisions(
            "twin",
            new() { Revision = "twin-8", Model = new() { Name = "llama" }, Engine = EngineType.VLlm, ContextLength = 100_000 },
            new() { Revision = "twin-7", Model = new() { Name = "llama" }, Engine = EngineType.VLlm, ContextLength = 180 }));
        rag.Put("post", string.Concat(Enumerable.Repeat("rag and words ", 100)));
        var (status, body, _) = await rag.PostAsync("/v1/rag/twin", """{"query":"rag?","max_tokens":10}""");
        Assert.Equal(200, status);
        Assert.Contains(body["degradations"]!.AsArray(), one => (string)one!["step"]! == "token_budget" && (string)one["reason"]! == "trimmed");
    }

    /// <summary>An embedder with a pod of the revision before, and one of the new revision where there is somebody to note what it is asked.</summary>
    private static Task<RagBench> StartAsync(string model, ConcurrentQueue<string>? young, params ServedRevision[] revisions) => RagBench.StartAsync(
        index: index => index with { Embedding = new EmbeddingSpec { Model = model, Size = 2, EndpointRef = new() { Name = "embedder" } } },
        prepare: rag =>
        {
            var embedder = rag.Bench.Cluster.Peek<LlmEndpoint>("embedder", Bench.Namespace)!;
            rag.Bench.Cluster.Put(embedder with { Spec = embedder.Spec! with { ModelRef = new() { Name = "e5" }, Engine = new() { Type = EngineType.Tei } } });
            rag.Bench.PutRevisions("embedder", revisions);
        },
        pods: rag => young is null ? Task.CompletedTask : rag.Bench.AddPodAsync("embedder", context => EmbedAsync(context, young), NewEmbedder.Revision));

    private static async Task EmbedAsync(HttpContext context, ConcurrentQueue<string> asked)
    {
        asked.Enqueue(context.Request.Path.Value!);
        var body = JsonNode.Parse(await Bodies.ReadAsync(context))!;
        await Answers.JsonAsync(context, new JsonArray([.. (body["inputs"] ?? new JsonArray()).AsArray().Select(_ => (JsonNode)new JsonArray(3, 1))]).ToJsonString());
    }

    private static async Task SayAsync(HttpContext context, ConcurrentQueue<string> asked)
    {
        asked.Enqueue(context.Request.Path.Value!);
        await Answers.JsonAsync(context, context.Request.Path == "/tokenize" ? """{"count":1}""" : """{"choices":[{"index":0,"message":{"content":"new"},"finish_reason":"stop"}]}""");
    }
}
