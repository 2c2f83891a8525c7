using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Cli;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.StandIns.Engine;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>
/// An index moves to another embedding model, whose vectors are of another size, and endpoints move to other engines, while people ask, write and delete: the operator, the gateway, two stand-in embedders and a stand-in Qdrant, over HTTP. Vectors of the two
/// models have nothing in common here, as those of real ones.
/// </summary>
public sealed class RagMigrationTests
{
    private const int Before = 60;
    private const string Documents = "/v1/rag/notes/documents";

    private static readonly ResourceName Indexes = new("llmops.dev", "ragindexes");
    private static readonly ResourceName Endpoints = new("llmops.dev", "llmendpoints");

    [Theory]
    [InlineData("24h")]
    [InlineData("0s")]
    public async Task A_change_of_the_embedding_model_costs_no_answer_its_sources_and_no_document_its_place(string rollbackWindow)
    {
        await using var whole = await WholeOperator.StartAsync(
            kubeconfig => [SidecarHost.Registration, GatewayHost.Registration(kubeconfig), new QdrantHosts().Registration, .. EngineStandIn.Hosts],
            configure: static options => options with { DataPath = new() { GatewayReplicas = 1 } });
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = whole.Cluster.Network!.ConnectAsync }) { BaseAddress = new("http://llm-gateway.default.svc") };
        await whole.ApplyAsync(Index("sentence-transformers/all-MiniLM-L6-v2", 384, "embedder-old", rollbackWindow) + """
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmModel, metadata: {name: writer}, spec: {source: {huggingFace: {repo: mlabonne/TwinLlama-3.1-8B-DPO}}, quantization: bitsandbytes, limits: {maxTotalTokens: 4096}}}
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmModel, metadata: {name: minilm}, spec: {task: Embed, source: {huggingFace: {repo: sentence-transformers/all-MiniLM-L6-v2}}}}
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmModel, metadata: {name: bge}, spec: {task: Embed, source: {huggingFace: {repo: BAAI/bge-base-en-v1.5}}}}
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmEndpoint, metadata: {name: embedder-old}, spec: {modelRef: {name: minilm}, engine: {type: TEI}, accelerator: {type: A10G}}}
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmEndpoint, metadata: {name: embedder-new}, spec: {modelRef: {name: bge}, engine: {type: TEI}, accelerator: {type: A10G}}}
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmEndpoint, metadata: {name: answers}, spec: {modelRef: {name: writer}, accelerator: {type: A10G}, rag: {indexRef: {name: notes}, retrieval: {topK: 6}}}}
            """);
        foreach (var name in new[] { "embedder-old", "embedder-new", "answers" })
        {
            await whole.UntilAsync(() => (string?)whole.Condition(Endpoints, name, "Ready")?["status"] == "True", () => $"{name}: {whole.Get(Endpoints, name)?["status"]?.ToJsonString()}");
        }

        await whole.UntilAsync(() => (string?)whole.Condition(Indexes, "notes", "Ready")?["status"] == "True", () => $"{whole.Get(Indexes, "notes")?["status"]?.ToJsonString()}");
        await PutAsync(client, [.. Enumerable.Range(0, Before).Select(Note)], again: true, whole.Guard);
        await whole.UntilAsync(() => Serving(whole) == (1, "sentence-transformers/all-MiniLM-L6-v2", false), () => "the first generation is not told of");

        var problems = new ConcurrentQueue<string>();
        var (asked, generation, stop) = (new ConcurrentDictionary<int, int>(), 1, false);
        var readers = Enumerable.Range(0, 2).Select(reader => Task.Run(async () =>
        {
            for (var turn = reader; !Volatile.Read(ref stop); turn++)
            {
                var subject = Subject(turn % (Before / 2));
                var answer = await AskAsync(client, $"What of {subject}?", "{}", whole.Guard);
                asked.AddOrUpdate(Volatile.Read(ref generation), 1, static (_, count) => count + 1);
                if (answer["sources"] is not JsonArray { Count: > 0 } sources || !((string)sources[0]!["content"]!).Contains(subject, StringComparison.Ordinal) || answer["degradations"]!.AsArray().Count > 0)
                {
                    problems.Enqueue(answer.ToJsonString());
                }
            }
        }, whole.Guard)).ToList();
        var (written, deleted) = (new List<int>(), new List<int>());
        var writer = Task.Run(async () =>
        {
            for (var number = Before; !Volatile.Read(ref stop); number++)
            {
                await PutAsync(client, [Note(number)], again: false, whole.Guard);
                written.Add(number);
                if (number % 3 == 0 && number - (Before / 2) < Before)
                {
                    // Of the notes of before, the second half goes, one after the other.
                    using var gone = await client.DeleteAsync($"{Documents}/note-{number - (Before / 2)}", whole.Guard);
                    Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
                    deleted.Add(number - (Before / 2));
                }
            }
        }, whole.Guard);
        await AskedAsync(asked, 1, whole.Guard);

        await whole.ApplyAsync(Index("BAAI/bge-base-en-v1.5", 768, "embedder-new", rollbackWindow));
        await whole.UntilAsync(() => Serving(whole) is (2, "BAAI/bge-base-en-v1.5", false), () => $"not migrated: {whole.Get(Indexes, "notes")?["status"]?.ToJsonString()}");
        Volatile.Write(ref generation, 2);
        await AskedAsync(asked, 2, whole.Guard);
        Volatile.Write(ref stop, true);
        await Task.WhenAll([.. readers, writer]);

        Assert.True(problems.IsEmpty, $"{problems.Count} of {asked.Values.Sum()} answers: {problems.FirstOrDefault()}");
        Assert.NotEmpty(deleted);
        await Parallel.ForEachAsync(Enumerable.Range(0, Before).Concat(written).Except(deleted), whole.Guard, async (number, stopped) => Assert.True(await IsFoundAsync(client, number, stopped), $"note {number} is lost"));
        await Parallel.ForEachAsync(deleted, whole.Guard, async (number, stopped) => Assert.False(await IsFoundAsync(client, number, stopped), $"note {number} is back"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{asked.Values.Sum()} questions, {written.Count} notes written and {deleted.Count} deleted meanwhile");
    }

    [Fact]
    public async Task Endpoints_that_change_their_engine_in_place_cost_no_answer_and_no_document()
    {
        await using var whole = await WholeOperator.StartAsync(
            kubeconfig => [SidecarHost.Registration, GatewayHost.Registration(kubeconfig), new QdrantHosts().Registration, .. EngineStandIn.Hosts],
            configure: static options => options with { DataPath = new() { GatewayReplicas = 1 } });
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = whole.Cluster.Network!.ConnectAsync }) { BaseAddress = new("http://llm-gateway.default.svc") };
        await whole.ApplyAsync(Index("sentence-transformers/all-MiniLM-L6-v2", 384, "embedder", "0s") + """
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmModel, metadata: {name: writer}, spec: {source: {huggingFace: {repo: mlabonne/TwinLlama-3.1-8B-DPO}}, quantization: bitsandbytes, limits: {maxTotalTokens: 4096}}}
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmModel, metadata: {name: minilm}, spec: {task: Embed, source: {huggingFace: {repo: sentence-transformers/all-MiniLM-L6-v2}}}}

            """ + Engines("TEI", "vLLM"));
        string[] names = ["embedder", "answers"];
        foreach (var name in names)
        {
            await whole.UntilAsync(() => (string?)whole.Condition(Endpoints, name, "Ready")?["status"] == "True", () => $"{name}: {whole.Get(Endpoints, name)?["status"]?.ToJsonString()}");
        }

        await whole.UntilAsync(() => (string?)whole.Condition(Indexes, "notes", "Ready")?["status"] == "True", () => $"{whole.Get(Indexes, "notes")?["status"]?.ToJsonString()}");
        await PutAsync(client, [.. Enumerable.Range(0, Before).Select(Note)], again: true, whole.Guard);
        var before = names.ToDictionary(name => name, Revision);

        var problems = new ConcurrentQueue<string>();
        var (asked, stop) = (new ConcurrentDictionary<string, int>(), false);
        var reader = Task.Run(async () =>
        {
            for (var turn = 0; !Volatile.Read(ref stop); turn++)
            {
                var subject = Subject(turn % Before);
                using var body = new StringContent($$"""{"query":"What of {{subject}}?"}""", Encoding.UTF8, "application/json");
                using var said = await client.PostAsync("/v1/rag/answers", body, whole.Guard);
                var answer = JsonNode.Parse(await said.Content.ReadAsStringAsync(whole.Guard))!;
                asked.AddOrUpdate(said.Headers.GetValues("x-llmops-endpoint-revision").Single(), 1, static (_, count) => count + 1);
                if (said.StatusCode != HttpStatusCode.OK || answer["sources"]!.AsArray().Count == 0 || answer["degradations"]!.AsArray().Count > 0 || (string)answer["answer"]! is "")
                {
                    problems.Enqueue(answer.ToJsonString());
                }
            }
        }, whole.Guard);
        var writer = Task.Run(async () =>
        {
            for (var number = 0; !Volatile.Read(ref stop); number++)
            {
                await PutAsync(client, [Note(number % Before)], again: false, whole.Guard);
            }
        }, whole.Guard);

        await whole.ApplyAsync(Engines("vLLM", "TGI"));
        await whole.UntilAsync(() => names.All(name => Revision(name) != before[name] && Told(name).Count == 1), () => string.Join('\n', names.Select(name => $"{name}: {whole.Get(Endpoints, name)?["status"]?.ToJsonString()}")));
        while (!asked.ContainsKey(Revision("answers")!))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), whole.Guard);
        }

        Volatile.Write(ref stop, true);
        await Task.WhenAll(reader, writer);
        Assert.True(problems.IsEmpty, $"{problems.Count} of {asked.Values.Sum()} answers: {problems.FirstOrDefault()}");
        Assert.Equal(new[] { before["answers"], Revision("answers") }.Order(StringComparer.Ordinal), asked.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("vLLM", "TGI"), ((string?)Told("embedder")[0]!["engine"], (string?)Told("answers")[0]!["engine"]));

        string? Revision(string name) => (string?)whole.Get(Endpoints, name)?["status"]?["activeRevision"];

        JsonArray Told(string name) => whole.Get(Endpoints, name)!["status"]!["revisions"]!.AsArray();

        static string Engines(string embedder, string answers) => $$$"""
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmEndpoint, metadata: {name: embedder}, spec: {modelRef: {name: minilm}, engine: {type: {{{embedder}}} }, accelerator: {type: A10G} } }
            ---
            {apiVersion: llmops.dev/v1alpha1, kind: LlmEndpoint, metadata: {name: answers}, spec: {modelRef: {name: writer}, engine: {type: {{{answers}}} }, accelerator: {type: A10G}, rag: {indexRef: {name: notes}, retrieval: {topK: 6} } } }
            """;
    }

    private static string Index(string model, int size, string endpoint, string rollbackWindow) => $"""
        apiVersion: llmops.dev/v1alpha1
        kind: RagIndex
        metadata:
          name: notes
        spec:
          qdrant:
            managed:
              replicas: 1
              storage:
                size: 1Gi
          embedding:
            model: {model}
            size: {size}
            endpointRef:
              name: {endpoint}
          migration:
            pointsPerSecond: 40
            rollbackWindow: {rollbackWindow}
          collections:
          - name: embedded_posts
            vectors:
              size: {size}
              distance: Cosine
            payloadIndexes:
            - field: document_id
          - name: cleaned_posts

        """;

    private static string Note(int number) => $$"""{"id":"note-{{number}}","type":"post","content":"A note on {{Subject(number)}}, and on what becomes of it."}""";

    private static string Subject(int number) => $"subject{number}x";

    private static (int? Generation, string? Model, bool IsMigrating) Serving(WholeOperator whole) =>
        (whole.Get(Indexes, "notes")?["status"]?["collections"] as JsonArray)?.FirstOrDefault(one => (string?)one!["name"] == "embedded_posts") is not { } status ? default
        : ((int?)status["generation"], (string?)status["embeddingModel"], status["migration"] is not null);

    private static async Task<JsonNode> AskAsync(HttpClient client, string query, string filters, CancellationToken guard)
    {
        using var body = new StringContent($$"""{"query":"{{query}}","filters":{{filters}}}""", Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/v1/retrieve/answers", body, guard);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(guard))!;
    }

    private static async Task<bool> IsFoundAsync(HttpClient client, int number, CancellationToken guard) =>
        (await AskAsync(client, Subject(number), $$"""{"document_id":"note-{{number}}"}""", guard))["sources"]!.AsArray().Count > 0;

    private static async Task PutAsync(HttpClient client, string[] notes, bool again, CancellationToken guard)
    {
        while (true)
        {
            using var body = new StringContent($"[{string.Join(',', notes)}]", Encoding.UTF8, "application/json");
            HttpResponseMessage answer;
            try
            {
                answer = await client.PostAsync(Documents, body, guard);
            }
            catch (HttpRequestException) when (again)
            {
                continue; // The gateway is not there yet.
            }

            using var ended = answer;
            var said = await answer.Content.ReadAsStringAsync(guard);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                Assert.Equal(notes.Length, (int)JsonNode.Parse(said)!["ingested"]!);
                return;
            }

            // Before the gateway knows of everything it says so.
            Assert.True(again, said);
        }
    }

    private static async Task AskedAsync(ConcurrentDictionary<int, int> asked, int generation, CancellationToken guard)
    {
        while (asked.GetValueOrDefault(generation) < 40)
        {
            guard.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
