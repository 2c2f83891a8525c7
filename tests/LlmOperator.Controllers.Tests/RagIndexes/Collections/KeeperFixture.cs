using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes.Collections;
using LlmOperator.Controllers.RagIndexes.Embedding;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Points;
using LlmOperator.Sandbox.StandIns.Qdrant;
using LlmOperator.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using CollectionStatus = LlmOperator.Api.RagIndexes.CollectionStatus;

namespace LlmOperator.Controllers.Tests.RagIndexes.Collections;

/// <summary>A stand-in Qdrant in memory, and keepers of one index's collections that ask it. Each look is made by a new keeper, which knows nothing but what it reads and the last status.</summary>
internal sealed class KeeperFixture
{
    public const string Name = "embedded_posts";

    public static readonly CollectionOwner Owner = new("team-a", "twin", "uid-1");

    private IReadOnlyList<CollectionStatus>? _before;

    public KeeperFixture()
    {
        Server = new(Clock);
        Client = ClientOf();
        Reader = ClientOf();
    }

    public ManualTimeProvider Clock { get; } = new();

    public QdrantCluster Server { get; }

    /// <summary>The keeper's client.</summary>
    public IQdrantClient Client { get; }

    /// <summary>Somebody else's client.</summary>
    public IQdrantClient Reader { get; }

    public CollectionOwner As { get; set; } = Owner;

    public EmbeddingSpec? Embedding { get; set; } = new() { Model = "model-a", Size = 4 };

    public MigrationSpec Migration { get; set; } = new() { BatchSize = 3, SampleSize = 5 };

    public ITextEmbedder? Embedder { get; set; }

    public List<CollectionEvent> Events { get; } = [];

    public static CollectionSpec Spec(int size = 4, string distance = "Cosine", int? shards = null, IReadOnlyList<PayloadIndex>? indexes = null) => new()
    {
        Name = Name,
        Vectors = new() { Size = size, Distance = distance },
        Shards = shards,
        PayloadIndexes = indexes ?? [new() { Field = "author_id" }, new() { Field = "platform" }],
    };

    public async Task<KeepResult> KeepAsync(params CollectionSpec[] specs)
    {
        var result = await new CollectionKeeper(Clock, NullLogger<CollectionKeeper>.Instance).KeepAsync(
            new()
            {
                Client = Client,
                Owner = As,
                Collections = specs,
                Embedding = Embedding,
                Migration = Migration,
                Embedder = Embedder,
                Previous = _before,
            },
            TestContext.Current.CancellationToken);
        _before = result.Collections;
        Events.AddRange(result.Events);
        return result;
    }

    /// <summary>Looks, and looks again when it is asked to, until that is more than a while away.</summary>
    public async Task<KeepResult> SettleAsync(CollectionSpec spec, TimeSpan? within = null)
    {
        for (var look = 0; look < 200; look++)
        {
            var result = await KeepAsync(spec);
            if (result.LookAgainAfter is not { } after || after > (within ?? TimeSpan.FromSeconds(10)))
            {
                return result;
            }

            Clock.Advance(after);
        }

        throw new InvalidOperationException("the collection does not come to rest");
    }

    /// <summary>Loses the last status, as a process that starts for the first time.</summary>
    public void Forget() => _before = null;

    public Task<RemoveResult> RemoveAsync(string policy) => new CollectionKeeper(Clock, NullLogger<CollectionKeeper>.Instance).RemoveAsync(
        new() { Client = Client, Owner = As, Policy = policy }, TestContext.Current.CancellationToken);

    public async Task SeedAsync(int count, int from = 1, string collection = Name, int size = 4, string? model = "model-a") => await Reader.UpsertAsync(
        collection, new() { Points = [.. Enumerable.Range(from, count).Select(number => Point(number, size, model))] }, TestContext.Current.CancellationToken);

    public static Point Point(int number, int size = 4, string? model = "model-a", string? text = null)
    {
        var vector = Enumerable.Range(0, size).Select(i => MathF.Sin((number * 7) + i)).ToArray();
        var payload = new JsonObject { ["content"] = text ?? $"şiir {number.ToString(CultureInfo.InvariantCulture)}", ["author_id"] = $"author-{number % 3}" };
        if (model is not null)
        {
            payload["metadata"] = new JsonObject { ["embedding_model_id"] = model, ["embedding_size"] = size };
        }

        return new() { Id = (ulong)number, Vector = vector, Payload = payload };
    }

    public async Task<IReadOnlyList<PointRecord>> PointsAsync(string collection = Name) => (await Reader.ScrollAsync(
        collection, new() { Limit = 1000, WithVector = VectorSelector.All }, TestContext.Current.CancellationToken)).Points;

    public async Task<string?> AliasAsync(string alias = Name) =>
        (await Reader.ListAliasesAsync(null, TestContext.Current.CancellationToken)).FirstOrDefault(found => found.AliasName == alias)?.CollectionName;

    public Task<IReadOnlyList<string>> CollectionsAsync() => Reader.ListCollectionsAsync(TestContext.Current.CancellationToken);

    public async Task<Qdrant.Collections.CollectionInfo> InfoAsync(string collection = Name) =>
        await Reader.GetCollectionAsync(collection, TestContext.Current.CancellationToken) ?? throw new InvalidOperationException($"no collection {collection}");

    /// <summary>Requests since the last <see cref="QdrantCluster.ClearCalls"/> that write.</summary>
    public IReadOnlyList<string> Writes() => [.. Server.Calls.Where(IsWrite).Select(call => call.ToString())];

    public static bool IsWrite(QdrantCall call) => call.Method is "PUT" or "PATCH" or "DELETE"
        || (call.Method == "POST" && call.Path[^1] is not ("scroll" or "count" or "points" or "query" or "batch"));

    private QdrantClient ClientOf() => new(
        new HttpClient(Server.CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan },
        new QdrantConnection(new("http://qdrant:6333")) { Retries = 0 },
        Clock);
}

/// <summary>Makes a vector of a text's length and letters.</summary>
internal sealed class LetterEmbedder(int size) : ITextEmbedder
{
    public int Texts { get; private set; }

    public EmbeddingException? Fault { get; set; }

    public Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        if (Fault is not null)
        {
            throw Fault;
        }

        Texts += texts.Count;
        return Task.FromResult<IReadOnlyList<float[]>>([.. texts.Select(text => Enumerable.Range(0, size).Select(i => (float)(1 + text[(i * 3) % text.Length])).ToArray())]);
    }
}
