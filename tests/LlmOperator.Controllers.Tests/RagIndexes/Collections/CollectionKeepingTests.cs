using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;
using static LlmOperator.Controllers.Tests.RagIndexes.Collections.KeeperFixture;
using PayloadIndex = LlmOperator.Api.RagIndexes.PayloadIndex;

namespace LlmOperator.Controllers.Tests.RagIndexes.Collections;

/// <summary>Collections that need no migration.</summary>
public sealed class CollectionKeepingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_collection_is_created_under_its_first_generation_with_indexes_and_alias()
    {
        var qdrant = new KeeperFixture();
        var result = await qdrant.KeepAsync(Spec());

        var info = await qdrant.InfoAsync();
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());
        Assert.Equal((4, Distance.Cosine), (info.Config.Params.Vectors![""].Size, info.Config.Params.Vectors[""].Distance));
        Assert.Equal(["author_id", "platform"], info.PayloadSchema.Keys.Order());
        Assert.Equal("team-a/twin/uid-1", info.Config.Metadata![CollectionMarks.OwnerKey]!.GetValue<string>());
        Assert.Equal("model-a", info.Config.Metadata[CollectionMarks.EmbeddingModelKey]!.GetValue<string>());
        var status = Assert.Single(result.Collections);
        Assert.Equal((Name, Name, $"{Name}-g1", 1, 0L, "Green"), (status.Name, status.Alias, status.PhysicalName, status.Generation, status.Points, status.State));
        Assert.Empty(result.Issues);
        Assert.Null(result.LookAgainAfter);
    }

    [Fact]
    public async Task A_collection_without_vectors_holds_payload_alone()
    {
        var qdrant = new KeeperFixture();
        var spec = new CollectionSpec { Name = "cleaned_posts", PayloadIndexes = [new() { Field = "author_id" }] };
        await qdrant.KeepAsync(spec);
        await qdrant.Reader.UpsertAsync("cleaned_posts", new() { Points = [new() { Id = 1, Vector = [], Payload = new() { ["content"] = "a" } }] }, Stop);
        Assert.Empty((await qdrant.KeepAsync(spec)).Issues);
        Assert.Single(await qdrant.PointsAsync("cleaned_posts"));
    }

    [Fact]
    public async Task At_rest_nothing_is_written_and_three_requests_are_read()
    {
        var qdrant = new KeeperFixture();
        var spec = Rich();
        await qdrant.KeepAsync(spec);
        await qdrant.SeedAsync(5);
        await qdrant.KeepAsync(spec);
        qdrant.Server.ClearCalls();
        var result = await qdrant.KeepAsync(spec);
        Assert.Empty(result.Issues);
        Assert.Equal(["GET /collections", "GET /aliases", $"GET /collections/{Name}-g1"], qdrant.Server.Calls.Where(call => call.Path is not [""]).Select(call => call.ToString()));
    }

    [Fact]
    public async Task An_older_server_is_at_rest_too()
    {
        var qdrant = new KeeperFixture();
        qdrant.Server.Version = new(1, 15, 0);
        var spec = Rich();
        var older = new Qdrant.QdrantVersion("qdrant", "1.15.0", null);
        await qdrant.KeepAsync(spec);
        qdrant.Server.ClearCalls();
        var info = await qdrant.Client.GetCollectionAsync($"{Name}-g1", Stop);
        var differences = CollectionDifferences.Of(spec, qdrant.Embedding, Owner, info!, older);
        Assert.True(differences.AreNone, differences.ToString());
    }

    [Fact]
    public async Task A_collection_that_was_deleted_by_hand_is_created_again()
    {
        var qdrant = new KeeperFixture();
        await qdrant.KeepAsync(Spec());
        await qdrant.Reader.DeleteCollectionAsync($"{Name}-g1", Stop);
        await qdrant.KeepAsync(Spec());
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());
        Assert.Equal(2, (await qdrant.InfoAsync()).PayloadSchema.Count);
    }

    [Fact]
    public async Task An_alias_that_was_deleted_or_moved_by_hand_comes_back()
    {
        var qdrant = new KeeperFixture();
        await qdrant.KeepAsync(Spec());
        await qdrant.Reader.UpdateAliasesAsync([AliasAction.Delete(Name)], Stop);
        await qdrant.KeepAsync(Spec());
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());

        await qdrant.SettleAsync(Spec(distance: "Dot"));
        await qdrant.Reader.UpdateAliasesAsync([AliasAction.Create(Name, $"{Name}-g1")], Stop);
        await qdrant.SettleAsync(Spec(distance: "Dot"));
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task Drift_made_by_hand_is_repaired_once()
    {
        var qdrant = new KeeperFixture();
        var spec = Spec() with { Hnsw = new() { M = 32 }, Quantization = new() { Type = "Scalar", Quantile = 0.99 }, StrictMode = new() { MaxQueryLimit = 50 } };
        await qdrant.KeepAsync(spec);
        await qdrant.Reader.UpdateCollectionAsync(
            $"{Name}-g1",
            new() { HnswConfig = new() { M = 8, EfConstruct = 200 }, QuantizationConfig = QuantizationConfig.Disabled, StrictModeConfig = new() { MaxQueryLimit = 5 } },
            Stop);
        await qdrant.Reader.DeletePayloadIndexAsync($"{Name}-g1", "author_id", Stop);
        qdrant.Server.ClearCalls();
        await qdrant.KeepAsync(spec);
        Assert.Equal([$"PATCH /collections/{Name}-g1", $"PUT /collections/{Name}-g1/index"], qdrant.Writes());

        var config = (await qdrant.InfoAsync()).Config;
        Assert.Equal((32, 200), (config.HnswConfig.M, config.HnswConfig.EfConstruct));
        Assert.Equal(0.99, config.QuantizationConfig!.Scalar!.Quantile!.Value, 5);
        Assert.Equal(50, config.StrictModeConfig!.MaxQueryLimit);
        qdrant.Server.ClearCalls();
        await qdrant.KeepAsync(spec);
        Assert.Empty(qdrant.Writes());
    }

    [Fact]
    public async Task A_parameter_that_leaves_the_spec_goes_back_to_the_default()
    {
        var qdrant = new KeeperFixture();
        await qdrant.KeepAsync(Spec() with
        {
            Hnsw = new() { M = 32, OnDisk = true },
            Quantization = new() { Type = "Binary" },
            Optimizers = new() { IndexingThreshold = 100 },
            StrictMode = new() { MaxQueryLimit = 5 },
        });
        await qdrant.KeepAsync(Spec());
        var config = (await qdrant.InfoAsync()).Config;
        Assert.Equal(16, config.HnswConfig.M);
        Assert.NotEqual(Qdrant.Memory.Cold, config.HnswConfig.Memory);
        Assert.True(config.QuantizationConfig is null || config.QuantizationConfig == QuantizationConfig.Disabled);
        Assert.Equal(10_000, config.OptimizerConfig.IndexingThreshold);
        Assert.False(config.StrictModeConfig!.Enabled);
        qdrant.Server.ClearCalls();
        await qdrant.KeepAsync(Spec());
        Assert.Empty(qdrant.Writes());
    }

    [Fact]
    public async Task An_index_that_leaves_the_spec_is_removed_and_one_made_by_others_stays()
    {
        var qdrant = new KeeperFixture();
        await qdrant.KeepAsync(Spec());
        await qdrant.Reader.CreatePayloadIndexAsync($"{Name}-g1", "theirs", new() { Type = PayloadIndexType.Integer }, Stop);
        await qdrant.KeepAsync(Spec(indexes: [new() { Field = "platform", Type = "text", Text = new() { Lowercase = true } }]));
        var schema = (await qdrant.InfoAsync()).PayloadSchema;
        Assert.Equal(["platform", "theirs"], schema.Keys.Order());
        Assert.Equal(PayloadIndexType.Text, schema["platform"].DataType);
        Assert.Equal(["platform"], CollectionMarks.Read((await qdrant.InfoAsync()).Config.Metadata).Indexes);
    }

    [Fact]
    public async Task A_named_vector_that_is_added_is_added_in_place()
    {
        var qdrant = new KeeperFixture();
        var spec = new CollectionSpec { Name = Name, NamedVectors = [new() { Name = "dense", Size = 4 }] };
        await qdrant.KeepAsync(spec);
        var more = spec with
        {
            NamedVectors = [.. spec.NamedVectors, new() { Name = "late", Size = 2, Multivector = new(), Hnsw = new() { M = 0 } }],
            SparseVectors = [new() { Name = "words", Modifier = "Idf" }],
        };
        var result = await qdrant.SettleAsync(more);
        Assert.Empty(result.Issues);
        var parameters = (await qdrant.InfoAsync()).Config.Params;
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());
        Assert.Equal((2, 0), (parameters.Vectors!["late"].Size, parameters.Vectors["late"].HnswConfig?.M));
        Assert.Equal(SparseModifier.Idf, parameters.SparseVectors!["words"].Modifier);
        qdrant.Server.ClearCalls();
        await qdrant.KeepAsync(more);
        Assert.Empty(qdrant.Writes());
    }

    [Fact]
    public async Task Points_of_another_model_are_a_conflict_that_names_both()
    {
        var qdrant = new KeeperFixture();
        await qdrant.KeepAsync(Spec());
        await qdrant.SeedAsync(3, model: "model-b");
        var issue = Assert.Single((await qdrant.KeepAsync(Spec())).Issues);
        Assert.Equal((CollectionIssueKind.SchemaConflict, "SchemaConflict"), (issue.Kind, issue.Reason));
        Assert.Contains(Name, issue.Message, StringComparison.Ordinal);
        Assert.Contains("model-a", issue.Message, StringComparison.Ordinal);
        Assert.Contains("model-b", issue.Message, StringComparison.Ordinal);
        Assert.Single((await qdrant.KeepAsync(Spec())).Issues);

        await qdrant.SeedAsync(3);
        Assert.Empty((await qdrant.KeepAsync(Spec())).Issues);
        Assert.Equal(3, (await qdrant.PointsAsync()).Count);
    }

    [Theory]
    [InlineData("collection")]
    [InlineData("alias")]
    [InlineData("generation")]
    public async Task What_has_the_name_and_is_not_ours_is_never_touched(string what)
    {
        var qdrant = new KeeperFixture();
        var theirs = new CreateCollection { Vectors = new Dictionary<string, VectorParams> { [""] = new() { Size = 2, Distance = Distance.Dot } } };
        await qdrant.Reader.CreateCollectionAsync(what switch { "collection" => Name, "alias" => "other", _ => $"{Name}-g1" }, theirs, Stop);
        if (what == "alias")
        {
            await qdrant.Reader.UpdateAliasesAsync([AliasAction.Create(Name, "other")], Stop);
        }

        qdrant.Server.ClearCalls();
        var result = await qdrant.KeepAsync(Spec());
        Assert.Empty(qdrant.Writes());
        Assert.Equal(CollectionIssueKind.Conflict, Assert.Single(result.Issues).Kind);
        Assert.Equal("Conflict", result.Collections[0].State);
    }

    [Fact]
    public async Task One_that_fails_does_not_hold_up_the_others()
    {
        var qdrant = new KeeperFixture();
        qdrant.Server.BeforeRequest = (call, _) => ValueTask.FromResult(call is { Method: "PUT", Path: ["collections", "bad-g1"] } ? QdrantFault.Refuse(507, "no disk") : null);
        var result = await qdrant.KeepAsync(Spec() with { Name = "bad" }, Spec());
        Assert.Equal(("bad", CollectionIssueKind.Failed), (Assert.Single(result.Issues).Collection, result.Issues[0].Kind));
        Assert.Contains("no disk", result.Issues[0].Message, StringComparison.Ordinal);
        Assert.Equal(["Missing", "Green"], result.Collections.Select(status => status.State));
        Assert.NotNull(result.LookAgainAfter);
    }

    [Fact]
    public async Task A_failed_optimiser_is_reported_with_its_words()
    {
        var qdrant = new KeeperFixture();
        await qdrant.KeepAsync(Spec());
        qdrant.Server.SetStatus($"{Name}-g1", "red", "out of disk");
        var result = await qdrant.KeepAsync(Spec());
        Assert.Contains("out of disk", Assert.Single(result.Issues).Message, StringComparison.Ordinal);
        Assert.Equal("Red", result.Collections[0].State);
    }

    private static CollectionSpec Rich() => new()
    {
        Name = Name,
        Vectors = new() { Size = 4, Memory = "Cold", Datatype = "Float16", Hnsw = new() { M = 24 }, Quantization = new() { Type = "Product", Compression = "X16", Memory = "Pinned" } },
        Hnsw = new() { M = 32, EfConstruct = 128, FullScanThreshold = 5000, OnDisk = true, PayloadM = 8 },
        Quantization = new() { Type = "Scalar", Quantile = 0.95, AlwaysRam = true },
        SparseVectors = [new() { Name = "words", Modifier = "Idf", Index = new() { Memory = "Pinned", FullScanThreshold = 100 } }],
        Shards = 2,
        ReplicationFactor = 1,
        OnDiskPayload = false,
        Optimizers = new() { IndexingThreshold = 20_000, DefaultSegmentNumber = 2, MaxSegmentSize = 100_000, DeletedThreshold = 0.3, FlushIntervalSeconds = 7, MaxOptimizationThreads = 1 },
        Wal = new() { CapacityMb = 64, SegmentsAhead = 1 },
        StrictMode = new() { MaxQueryLimit = 500, UnindexedFilteringRetrieve = false, MaxTimeout = 30, SearchMaxOversampling = 3 },
        PayloadIndexes =
        [
            new PayloadIndex { Field = "author_id", IsTenant = true, Memory = "Cold" },
            new PayloadIndex { Field = "year", Type = "integer", Lookup = true, Range = false },
            new PayloadIndex { Field = "content", Type = "text", Text = new() { Tokenizer = "Multilingual", MinTokenLength = 2, StopwordLanguages = ["english"], Stopwords = ["ve"], Stemmer = "turkish", PhraseMatching = true } },
            new PayloadIndex { Field = "created", Type = "datetime", IsPrincipal = true },
        ],
    };
}
