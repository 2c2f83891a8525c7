using System.Text.Json.Nodes;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;
using Xunit;

namespace LlmOperator.Qdrant.Tests;

public class CollectionTests
{
    private static readonly CreateCollection Everything = new()
    {
        Vectors = new Dictionary<string, VectorParams>
        {
            ["dense"] = new()
            {
                Size = 4,
                Distance = Distance.Cosine,
                Memory = Memory.Cold,
                Datatype = Datatype.Float16,
                HnswConfig = new() { M = 32, EfConstruct = 200, FullScanThreshold = 20, MaxIndexingThreads = 2, Memory = Memory.Cached, PayloadM = 16, InlineStorage = true },
                QuantizationConfig = new() { Scalar = new() { Quantile = 0.99, Memory = Memory.Pinned } },
            },
            ["late"] = new() { Size = 8, Distance = Distance.Dot, MultivectorConfig = new(MultiVectorComparator.MaxSim) },
        },
        SparseVectors = new Dictionary<string, SparseVectorParams>
        {
            ["words"] = new() { Modifier = SparseModifier.Idf, Index = new() { FullScanThreshold = 100, Memory = Memory.Pinned, Datatype = Datatype.Uint8 } },
        },
        ShardNumber = 3,
        ShardingMethod = ShardingMethod.Auto,
        ReplicationFactor = 2,
        WriteConsistencyFactor = 1,
        Payload = new(Memory.Cold),
        HnswConfig = new() { M = 0, PayloadM = 16 },
        WalConfig = new() { WalCapacityMb = 64, WalSegmentsAhead = 1, WalRetainClosed = 2 },
        OptimizersConfig = new()
        {
            DeletedThreshold = 0.3,
            VacuumMinVectorNumber = 200,
            DefaultSegmentNumber = 4,
            MaxSegmentSize = 100_000,
            IndexingThreshold = 20_000,
            FlushIntervalSec = 10,
            MaxOptimizationThreads = OptimizationThreads.Auto,
            PreventUnoptimized = false,
        },
        QuantizationConfig = new() { Binary = new() { Encoding = BinaryEncoding.OneAndHalfBits, QueryEncoding = BinaryQueryEncoding.Scalar8Bits, Memory = Memory.Pinned } },
        StrictModeConfig = new()
        {
            Enabled = true,
            MaxQueryLimit = 100,
            UnindexedFilteringRetrieve = false,
            SearchMaxOversampling = 4,
            MultivectorConfig = new Dictionary<string, StrictModeMultivector> { ["late"] = new(64) },
            SparseConfig = new Dictionary<string, StrictModeSparse> { ["words"] = new(1000) },
        },
        Metadata = new() { ["llmops.dev/owner"] = "shop/docs/uid", ["nested"] = new JsonObject { ["memory"] = "of an elephant" } },
    };

    [Fact]
    public async Task A_collection_is_created_with_every_parameter_and_reads_back_as_it_was_wished()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("posts-g1", Everything, Server.Stop);

        var stored = (await server.Client.GetCollectionAsync("posts-g1", Server.Stop))!.Config;

        Assert.Equivalent(Everything.Vectors, stored.Params.Vectors, strict: true);
        Assert.Equivalent(Everything.SparseVectors, stored.Params.SparseVectors, strict: true);
        Assert.Equal((3, 2, 1), (stored.Params.ShardNumber, stored.Params.ReplicationFactor, stored.Params.WriteConsistencyFactor));
        Assert.Equal(Memory.Cold, stored.Params.Payload?.Memory);
        Assert.Equal((0, 16, 100), (stored.HnswConfig.M, stored.HnswConfig.PayloadM, stored.HnswConfig.EfConstruct));
        Assert.Equal(Everything.WalConfig, stored.WalConfig);
        Assert.Equal((0.3, 20_000L), (stored.OptimizerConfig.DeletedThreshold, stored.OptimizerConfig.IndexingThreshold));
        Assert.Equal(Everything.QuantizationConfig, stored.QuantizationConfig);
        Assert.Equivalent(Everything.StrictModeConfig, stored.StrictModeConfig, strict: true);
        Assert.True(JsonNode.DeepEquals(Everything.Metadata, stored.Metadata));
    }

    [Theory]
    [InlineData("product")]
    [InlineData("turbo")]
    [InlineData("scalar")]
    public async Task Each_quantisation_reads_back_and_can_be_taken_away(string kind)
    {
        using var server = new Server();
        QuantizationConfig wanted = kind switch
        {
            "product" => new() { Product = new() { Compression = CompressionRatio.X16, Memory = Memory.Cold } },
            "turbo" => new() { Turbo = new() { Bits = TurboBits.Bits1And5 } },
            _ => new() { Scalar = new() { Quantile = 0.5 } },
        };
        await server.Client.CreateCollectionAsync("c", new() { Vectors = Unnamed(4), QuantizationConfig = wanted }, Server.Stop);
        Assert.Equal(wanted, (await server.Client.GetCollectionAsync("c", Server.Stop))!.Config.QuantizationConfig);

        await server.Client.UpdateCollectionAsync("c", new() { QuantizationConfig = QuantizationConfig.Disabled }, Server.Stop);

        Assert.Null((await server.Client.GetCollectionAsync("c", Server.Stop))!.Config.QuantizationConfig);
    }

    [Fact]
    public async Task What_may_change_in_place_changes_and_the_rest_stays()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", Everything, Server.Stop);

        await server.Client.UpdateCollectionAsync(
            "c",
            new()
            {
                Vectors = new Dictionary<string, VectorParamsUpdate>
                {
                    ["dense"] = new() { HnswConfig = new() { EfConstruct = 400 }, QuantizationConfig = QuantizationConfig.Disabled, Memory = Memory.Cached },
                },
                SparseVectors = new Dictionary<string, SparseVectorParams> { ["words"] = new() { Modifier = SparseModifier.None } },
                Params = new() { ReplicationFactor = 3, WriteConsistencyFactor = 2, ReadFanOutFactor = 1, ReadFanOutDelayMs = 50, Payload = new(Memory.Cached) },
                HnswConfig = new() { M = 24 },
                OptimizersConfig = new() { MaxOptimizationThreads = new(2) },
                StrictModeConfig = new() { MaxQueryLimit = 50 },
                Metadata = new() { ["llmops.dev/owner"] = null, ["added"] = 1 },
            },
            Server.Stop);

        var stored = (await server.Client.GetCollectionAsync("c", Server.Stop))!.Config;
        var dense = stored.Params.Vectors!["dense"];
        Assert.Equal((400, 32), (dense.HnswConfig!.EfConstruct, dense.HnswConfig.M));
        Assert.Equal((null, Memory.Cached), (dense.QuantizationConfig, dense.Memory));
        Assert.Equal((SparseModifier.None, 100L), (stored.Params.SparseVectors!["words"].Modifier!.Value, stored.Params.SparseVectors["words"].Index!.FullScanThreshold!.Value));
        Assert.Equal((3, 2, 1, 50L), (stored.Params.ReplicationFactor, stored.Params.WriteConsistencyFactor, stored.Params.ReadFanOutFactor, stored.Params.ReadFanOutDelayMs));
        Assert.Equal(Memory.Cached, stored.Params.Payload?.Memory);
        Assert.Equal((24, 16), (stored.HnswConfig.M, stored.HnswConfig.PayloadM));
        Assert.Equal((new OptimizationThreads(2), 0.3), (stored.OptimizerConfig.MaxOptimizationThreads!.Value, stored.OptimizerConfig.DeletedThreshold!.Value));
        Assert.Equal((50L, false), (stored.StrictModeConfig!.MaxQueryLimit, stored.StrictModeConfig.UnindexedFilteringRetrieve));
        Assert.Equal(["nested", "added"], stored.Metadata!.Select(entry => entry.Key));
    }

    [Fact]
    public async Task A_change_that_is_refused_changes_nothing()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = Unnamed(4) }, Server.Stop);

        var refused = await Assert.ThrowsAsync<QdrantException>(() => server.Client.UpdateCollectionAsync(
            "c",
            new() { Params = new() { ReplicationFactor = 5 }, Vectors = new Dictionary<string, VectorParamsUpdate> { ["other"] = new() { Memory = Memory.Cold } } },
            Server.Stop));

        Assert.Equal((QdrantErrorKind.BadRequest, false), (refused.Kind, refused.MayRetry));
        Assert.Contains("other", refused.ServerMessage, StringComparison.Ordinal);
        Assert.Equal(1, (await server.Client.GetCollectionAsync("c", Server.Stop))!.Config.Params.ReplicationFactor);
    }

    [Fact]
    public async Task A_collection_that_exists_is_a_conflict_and_one_that_does_not_is_no_fault_to_read_or_delete()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = Unnamed(4) }, Server.Stop);

        var conflict = await Assert.ThrowsAsync<QdrantException>(() => server.Client.CreateCollectionAsync("c", new() { Vectors = Unnamed(4) }, Server.Stop));

        Assert.Equal(QdrantErrorKind.Conflict, conflict.Kind);
        Assert.Null(await server.Client.GetCollectionAsync("other", Server.Stop));
        Assert.Equal((true, false), (await server.Client.CollectionExistsAsync("c", Server.Stop), await server.Client.CollectionExistsAsync("other", Server.Stop)));
        Assert.Equal((true, false), (await server.Client.DeleteCollectionAsync("c", Server.Stop), await server.Client.DeleteCollectionAsync("c", Server.Stop)));
        Assert.Empty(await server.Client.ListCollectionsAsync(Server.Stop));
    }

    [Fact]
    public async Task A_named_vector_is_added_and_dropped_with_its_data()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = new Dictionary<string, VectorParams> { ["a"] = new() { Size = 2, Distance = Distance.Dot } } }, Server.Stop);
        await server.Client.AddVectorAsync("c", "b", new() { Dense = new() { Size = 3, Distance = Distance.Euclid, Datatype = Datatype.Float32 } }, Server.Stop);
        await server.Client.AddVectorAsync("c", "s", new() { Sparse = new() { Modifier = SparseModifier.Idf } }, Server.Stop);
        await server.Client.UpsertAsync("c", new() { Points = [new() { Id = 1, Vector = new() { ["a"] = new float[] { 1, 2 }, ["b"] = new float[] { 1, 2, 3 } } }] }, Server.Stop);

        await server.Client.DropVectorAsync("c", "b", Server.Stop);

        var stored = (await server.Client.GetCollectionAsync("c", Server.Stop))!.Config.Params;
        Assert.Equal(["a"], stored.Vectors!.Keys);
        Assert.Equal(["s"], stored.SparseVectors!.Keys);
        var point = Assert.Single(await server.Client.RetrieveAsync("c", new() { Ids = [1], WithVector = VectorSelector.All }, Server.Stop));
        Assert.Equal(["a"], point.Vector!.Keys);
    }

    [Fact]
    public async Task Payload_indexes_are_created_with_their_parameters_counted_and_deleted()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = Unnamed(2) }, Server.Stop);
        await server.Client.UpsertAsync(
            "c",
            new() { Points = [new() { Id = 1, Vector = new float[] { 1, 0 }, Payload = new() { ["author_id"] = "a" } }, new() { Id = 2, Vector = new float[] { 0, 1 }, Payload = new() { ["other"] = 1 } }] },
            Server.Stop);
        PayloadIndex[] wanted =
        [
            new() { Type = PayloadIndexType.Keyword, IsTenant = true, Prefix = true, Memory = Memory.Cold, EnableHnsw = true },
            new() { Type = PayloadIndexType.Integer, Lookup = true, Range = true, IsPrincipal = false },
            new()
            {
                Type = PayloadIndexType.Text,
                Tokenizer = Tokenizer.Word,
                MinTokenLen = 2,
                MaxTokenLen = 20,
                Lowercase = true,
                AsciiFolding = true,
                PhraseMatching = true,
                Stopwords = new() { Languages = ["turkish"], Custom = ["ve"] },
                Stemmer = new("snowball", "turkish"),
            },
            new() { Type = PayloadIndexType.Uuid },
            new() { Type = PayloadIndexType.Datetime },
            new() { Type = PayloadIndexType.Bool },
            new() { Type = PayloadIndexType.Float },
            new() { Type = PayloadIndexType.Geo },
        ];
        for (var i = 0; i < wanted.Length; i++)
        {
            await server.Client.CreatePayloadIndexAsync("c", i == 0 ? "author_id" : $"field{i}", wanted[i], Server.Stop);
        }

        var schema = (await server.Client.GetCollectionAsync("c", Server.Stop))!.PayloadSchema;
        Assert.Equivalent(wanted, wanted.Select((_, i) => schema[i == 0 ? "author_id" : $"field{i}"].Params).ToArray(), strict: true);
        Assert.Equal((1, 0), (schema["author_id"].Points, schema["field1"].Points));

        await server.Client.DeletePayloadIndexAsync("c", "author_id", Server.Stop);
        await server.Client.DeletePayloadIndexAsync("c", "author_id", Server.Stop);
        Assert.DoesNotContain("author_id", (await server.Client.GetCollectionAsync("c", Server.Stop))!.PayloadSchema.Keys);
    }

    [Fact]
    public async Task One_action_switches_an_alias_and_its_collection_takes_it_along()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("posts-g1", new() { Vectors = Unnamed(2) }, Server.Stop);
        await server.Client.CreateCollectionAsync("posts-g2", new() { Vectors = Unnamed(3) }, Server.Stop);
        await server.Client.UpdateAliasesAsync([AliasAction.Create("posts", "posts-g1")], Server.Stop);
        Assert.Equal([new("posts", "posts-g1")], await server.Client.ListAliasesAsync("posts-g1", Server.Stop));

        await server.Client.UpdateAliasesAsync([AliasAction.Create("posts", "posts-g2")], Server.Stop);

        Assert.Equal(3, (await server.Client.GetCollectionAsync("posts", Server.Stop))!.Config.Params.Vectors![""].Size);
        Assert.Empty(await server.Client.ListAliasesAsync("posts-g1", Server.Stop));
        await server.Client.UpdateAliasesAsync([AliasAction.Rename("posts", "articles"), AliasAction.Delete("never")], Server.Stop);
        Assert.Equal([new("articles", "posts-g2")], await server.Client.ListAliasesAsync(null, Server.Stop));
        await server.Client.DeleteCollectionAsync("posts-g2", Server.Stop);
        Assert.Empty(await server.Client.ListAliasesAsync(null, Server.Stop));
    }

    [Fact]
    public async Task A_list_of_aliases_that_fails_has_done_what_came_before()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = Unnamed(2) }, Server.Stop);

        var missing = await Assert.ThrowsAsync<QdrantException>(
            () => server.Client.UpdateAliasesAsync([AliasAction.Create("one", "c"), AliasAction.Rename("never", "two"), AliasAction.Create("three", "c")], Server.Stop));

        Assert.Equal(QdrantErrorKind.NotFound, missing.Kind);
        Assert.Equal(["one"], (await server.Client.ListAliasesAsync(null, Server.Stop)).Select(alias => alias.AliasName));
    }

    [Fact]
    public async Task Names_of_aliases_and_collections_exclude_each_other()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = Unnamed(2) }, Server.Stop);
        await server.Client.UpdateAliasesAsync([AliasAction.Create("a", "c")], Server.Stop);

        Assert.Equal(QdrantErrorKind.BadRequest, (await Assert.ThrowsAsync<QdrantException>(() => server.Client.CreateCollectionAsync("a", new() { Vectors = Unnamed(2) }, Server.Stop))).Kind);
        Assert.Equal(QdrantErrorKind.Conflict, (await Assert.ThrowsAsync<QdrantException>(() => server.Client.UpdateAliasesAsync([AliasAction.Create("c", "c")], Server.Stop))).Kind);
        Assert.Equal(QdrantErrorKind.NotFound, (await Assert.ThrowsAsync<QdrantException>(() => server.Client.UpdateAliasesAsync([AliasAction.Create("b", "never")], Server.Stop))).Kind);
        Assert.False(await server.Client.DeleteCollectionAsync("a", Server.Stop));
    }

    internal static IReadOnlyDictionary<string, VectorParams> Unnamed(int size, Distance distance = Distance.Cosine) => new Dictionary<string, VectorParams> { [""] = new() { Size = size, Distance = distance } };
}
