using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.Rag;

/// <summary>
/// A gateway with an endpoint named twin that retrieves, its embedder, reranker and helper, and the points they are about. Vectors have two numbers: the first grows with how often a text says "rag".
/// </summary>
internal sealed class RagBench : IAsyncDisposable
{
    public const string Ada = "b5fa1f08-0d3a-4f6e-9a1f-000000000001";
    public const string Can = "eff74089-0d3a-4f6e-9a1f-000000000002";

    private readonly Lock _gate = new();
    private readonly List<(string Endpoint, string Path, JsonNode Body)> _asked = [];

    public Bench Bench { get; private set; } = null!;

    public FakeQdrant Qdrant { get; } = new();

    /// <summary>What the helper says when it is asked who a query names.</summary>
    public string Author { get; set; } = "none";

    /// <summary>What the helper says when it is asked for rewrites.</summary>
    public string Rewrites { get; set; } = "first rewrite #next-question# second rewrite";

    /// <summary>Scores of the reranker, by text.</summary>
    public Func<string, double> Score { get; set; } = text => text.Length;

    /// <summary>Answers in the place of an endpoint; null leaves it to what it usually says.</summary>
    public Func<string, string, HttpContext, Task?>? Instead { get; set; }

    /// <summary>What the model says.</summary>
    public string Answer { get; set; } = "the answer";

    public IReadOnlyList<(string Endpoint, string Path, JsonNode Body)> Asked
    {
        get
        {
            lock (_gate)
            {
                return [.. _asked];
            }
        }
    }

    public static async Task<RagBench> StartAsync(Func<LlmEndpointSpec, LlmEndpointSpec>? change = null, Func<RagIndexSpec, RagIndexSpec>? index = null, Func<GatewayOptions, GatewayOptions>? configure = null, Action<RagBench>? prepare = null, RagIndexStatus? status = null, Func<RagBench, Task>? pods = null)
    {
        var rag = new RagBench();
        await Bench.StartAsync(
            async bench =>
            {
                rag.Bench = bench;
                rag.Qdrant.Time = bench.Time;
                PutModel(bench, "llama", "mlabonne/TwinLlama-3.1-8B-DPO");
                PutModel(bench, "minilm", "sentence-transformers/all-MiniLM-L6-v2");
                var spec = new LlmEndpointSpec
                {
                    ModelRef = new() { Name = "llama" },
                    Rag = new()
                    {
                        IndexRef = new() { Name = "corpus" },
                        Helper = new() { EndpointRef = new() { Name = "helper" } },
                        Rerank = new() { EndpointRef = new() { Name = "reranker" } },
                    },
                };
                bench.PutEndpoint("twin", change?.Invoke(spec) ?? spec);
                bench.PutEndpoint("helper");
                bench.PutEndpoint("reranker");
                bench.Cluster.Put(new LlmEndpoint
                {
                    Metadata = new() { Name = "embedder", Namespace = Bench.Namespace },
                    Spec = new() { ModelRef = new() { Name = "minilm" } },
                });
                var wanted = new RagIndexSpec
                {
                    Qdrant = new() { External = new() { Url = "http://qdrant:6333" } },
                    Collections = [.. new[] { "embedded_posts", "embedded_articles", "embedded_repositories" }.Select(name => new CollectionSpec { Name = name, Vectors = new() { Size = 2 } }), new() { Name = "cleaned_posts" }],
                    Embedding = new() { Size = 2, EndpointRef = new() { Name = "embedder" } },
                };
                bench.Cluster.Put(new RagIndex { Metadata = new() { Name = "corpus", Namespace = Bench.Namespace }, Spec = index?.Invoke(wanted) ?? wanted, Status = status });
                PutModel(bench, "e5", "intfloat/e5-small");
                bench.Cluster.Put(new LlmEndpoint { Metadata = new() { Name = "embedder-new", Namespace = Bench.Namespace }, Spec = new() { ModelRef = new() { Name = "e5" } } });
                foreach (var name in new[] { "twin", "helper", "reranker", "embedder", "embedder-new" })
                {
                    await bench.AddPodAsync(name, context => rag.SayAsync(name, context), revision: $"{name}-7");
                }

                prepare?.Invoke(rag);
                await (pods?.Invoke(rag) ?? Task.CompletedTask);
                foreach (var collection in new[] { "embedded_posts", "embedded_articles", "embedded_repositories", "cleaned_posts" })
                {
                    rag.Qdrant.Add(collection);
                }
            },
            configure,
            rag.Qdrant.Connect);
        return rag;
    }

    public static void PutModel(Bench bench, string name, string repository, ModelLimits? limits = null, string format = "Raw") => bench.Cluster.Put(new LlmModel
    {
        Metadata = new() { Name = name, Namespace = Bench.Namespace },
        Spec = new() { Source = new() { HuggingFace = new() { Repo = repository } }, Limits = limits, PromptFormat = format },
    });

    /// <summary>Puts a chunk into the index.</summary>
    public void Put(string type, string text, string author = "Ada Kaya", string? model = null)
    {
        var collection = type switch { "post" => "embedded_posts", "article" => "embedded_articles", _ => "embedded_repositories" };
        var id = LlmOperator.Gateway.Rag.Texts.ChunkId.Of(text);
        Qdrant.Put(
            collection,
            id,
            new()
            {
                ["content"] = text,
                ["platform"] = "medium",
                ["author_full_name"] = author,
                ["author_id"] = author == "Ada Kaya" ? Ada : Can,
                ["document_id"] = $"d-{id}",
                ["type"] = type,
                ["metadata"] = new JsonObject { ["embedding_model_id"] = model ?? "sentence-transformers/all-MiniLM-L6-v2" },
            },
            Vector(text));
    }

    public async Task<(int Status, JsonNode Body, HttpResponseMessage Answer)> PostAsync(string path, string body)
    {
        var answer = await Bench.PostAsync(path, body);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Bench.Guard))!, answer);
    }

    /// <summary>The prompts the model was asked.</summary>
    public IReadOnlyList<JsonNode> Prompts => [.. Asked.Where(asked => asked.Endpoint == "twin" && asked.Path != "/tokenize").Select(asked => asked.Body)];

    /// <summary>Waits until the spans of a trace have come.</summary>
    public async Task<string> TracesAsync(string wanted)
    {
        while (!Bench.Receiver.Everything.Contains(wanted, StringComparison.Ordinal))
        {
            Assert.False(Bench.Guard.IsCancellationRequested, $"never told: {wanted}");
            Bench.Time.Advance(TimeSpan.FromMilliseconds(100));
            await LlmOperator.Kubernetes.Tests.Fakes.Until.QuietAsync();
        }

        return Bench.Receiver.Everything;
    }

    public ValueTask DisposeAsync() => Bench.DisposeAsync();

    /// <summary>Two numbers: the first grows with how often the text says "rag". Those of embedder-new have a third.</summary>
    private static float[] Vector(string text) => text.Split("rag", StringSplitOptions.None).Length - 1 is var count and > 0 ? [3 * count, 1] : [0, 2];

    private async Task SayAsync(string endpoint, HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var body = JsonNode.Parse(await Bodies.ReadAsync(context))!;
        lock (_gate)
        {
            _asked.Add((endpoint, path, body));
        }

        if (Instead?.Invoke(endpoint, path, context) is { } instead)
        {
            await instead;
            return;
        }

        JsonNode answer = (endpoint, path) switch
        {
            (_, "/tokenize") => new JsonObject { ["count"] = ((string)body["prompt"]!).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length, ["tokens"] = new JsonArray() },
            ("embedder" or "embedder-new", _) => new JsonObject
            {
                ["data"] = new JsonArray([.. body["input"]!.AsArray().Select((text, number) => (JsonNode)new JsonObject { ["index"] = number, ["embedding"] = new JsonArray([.. (endpoint == "embedder" ? Vector((string)text!) : [.. Vector((string)text!), 0]).Select(one => (JsonNode)one)]) })]),
            },
            ("reranker", _) => new JsonObject { ["results"] = new JsonArray([.. body["documents"]!.AsArray().Select((text, number) => (JsonNode)new JsonObject { ["index"] = number, ["relevance_score"] = Score((string)text!) })]) },
            ("helper", _) => Message(((string)body["messages"]![0]!["content"]!).Contains("#next-question#", StringComparison.Ordinal) ? Rewrites : Author),
            (_, "/v1/chat/completions") => Message(Answer),
            _ => new JsonObject { ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["text"] = Answer, ["finish_reason"] = "stop" }), ["usage"] = new JsonObject { ["prompt_tokens"] = 5, ["completion_tokens"] = 7 } },
        };
        await Answers.JsonAsync(context, answer.ToJsonString());
    }

    private static JsonObject Message(string text) => new()
    {
        ["id"] = "chatcmpl-1",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = new JsonObject { ["content"] = text }, ["finish_reason"] = "stop" }),
    };
}
