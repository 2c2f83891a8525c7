using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes.Collections;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;
using static LlmOperator.Controllers.Tests.RagIndexes.Collections.KeeperFixture;

namespace LlmOperator.Controllers.Tests.RagIndexes.Collections;

/// <summary>Changes that Qdrant cannot make in place.</summary>
public sealed class MigrationTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Dot", null)]
    [InlineData("Cosine", 3)]
    public async Task Another_distance_or_other_shards_copy_the_points_and_switch_the_alias(string distance, int? shards)
    {
        var qdrant = await FilledAsync(10);
        var before = await qdrant.PointsAsync();
        var result = await qdrant.SettleAsync(Spec(distance: distance, shards: shards));

        Assert.Empty(result.Issues);
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
        var after = await qdrant.PointsAsync();
        Assert.Equal(before.Select(Text), after.Select(Text));
        Assert.All(before.Zip(after), pair => Assert.Equal(Numbers(pair.First), Numbers(pair.Second), (a, b) => Math.Abs(a - b) < 1e-5));
        var info = await qdrant.InfoAsync();
        Assert.Equal(distance, info.Config.Params.Vectors![""].Distance.ToString());
        Assert.Equal(shards ?? 1, info.Config.Params.ShardNumber);
        Assert.Equal(["author_id", "platform"], info.PayloadSchema.Keys.Order());
        Assert.Null(CollectionMarks.Read(info.Config.Metadata).Migration);
        var status = result.Collections[0];
        Assert.Equal((2, $"{Name}-g1", qdrant.Clock.GetUtcNow().AddHours(24)), (status.Generation, status.Previous!.PhysicalName, status.Previous.KeptUntil + (qdrant.Clock.GetUtcNow() - RetiredAt(await qdrant.InfoAsync($"{Name}-g1")))));
        Assert.Equal(["CollectionCreated", "MigrationStarted", "GenerationSwitched", "MigrationFinished"], qdrant.Events.Select(happened => happened.Reason));
    }

    [Fact]
    public async Task The_old_generation_is_removed_when_the_rollback_window_is_over()
    {
        var qdrant = await FilledAsync(4);
        qdrant.Migration = qdrant.Migration with { RollbackWindow = "2h30m" };
        var result = await qdrant.SettleAsync(Spec(distance: "Dot"));
        Assert.True(result.LookAgainAfter <= TimeSpan.FromMinutes(150), result.LookAgainAfter.ToString());
        qdrant.Clock.Advance(result.LookAgainAfter!.Value - TimeSpan.FromSeconds(1));
        await qdrant.KeepAsync(Spec(distance: "Dot"));
        Assert.Equal([$"{Name}-g1", $"{Name}-g2"], await qdrant.CollectionsAsync());
        qdrant.Clock.Advance(TimeSpan.FromSeconds(1));
        await qdrant.KeepAsync(Spec(distance: "Dot"));
        Assert.Equal([$"{Name}-g2"], await qdrant.CollectionsAsync());
        Assert.Equal(4, (await qdrant.PointsAsync()).Count);
    }

    [Fact]
    public async Task A_spec_changed_back_within_the_window_switches_back_without_copying()
    {
        var qdrant = await FilledAsync(8);
        await qdrant.SettleAsync(Spec(distance: "Dot"));
        await qdrant.SeedAsync(1, from: 100);
        qdrant.Server.ClearCalls();
        await qdrant.SettleAsync(Spec());

        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());
        Assert.Equal(9, (await qdrant.PointsAsync()).Count);
        Assert.Single(qdrant.Server.Calls, call => call is { Method: "PUT", Path: [.., "points"] });
        Assert.Equal([$"{Name}-g1", $"{Name}-g2"], await qdrant.CollectionsAsync());

        await qdrant.SettleAsync(Spec(distance: "Dot"));
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task A_spec_changed_back_before_the_switch_leaves_no_unfinished_generation()
    {
        var qdrant = await FilledAsync(8);
        qdrant.Migration = qdrant.Migration with { PointsPerSecond = 1 };
        await qdrant.KeepAsync(Spec(distance: "Dot"));
        Assert.Equal(2, (await qdrant.CollectionsAsync()).Count);
        await qdrant.SettleAsync(Spec());
        Assert.Equal([$"{Name}-g1"], await qdrant.CollectionsAsync());
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task With_Manual_nothing_is_written_and_the_conflict_names_the_collection_and_both_values()
    {
        var qdrant = await FilledAsync(3);
        qdrant.Migration = qdrant.Migration with { Mode = MigrationMode.Manual };
        qdrant.Embedding = qdrant.Embedding! with { Size = 8 };
        qdrant.Server.ClearCalls();
        var result = await qdrant.KeepAsync(Spec(size: 8, distance: "Euclid"));
        Assert.Empty(qdrant.Writes());
        var issue = Assert.Single(result.Issues);
        Assert.Equal((CollectionIssueKind.SchemaConflict, "SchemaConflict"), (issue.Kind, issue.Reason));
        Assert.Contains($"collection {Name} ({Name}-g1): vectors.size is 4, the spec asks for 8; vectors.distance is Cosine, the spec asks for Euclid", issue.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await qdrant.PointsAsync()).Count);
    }

    [Fact]
    public async Task Another_model_makes_the_vectors_anew_of_the_stored_text()
    {
        var qdrant = await FilledAsync(7);
        var embedder = new LetterEmbedder(6);
        (qdrant.Embedder, qdrant.Embedding) = (embedder, new() { Model = "model-b", Size = 6 });
        var result = await qdrant.SettleAsync(Spec(size: 6));

        Assert.Empty(result.Issues);
        var points = await qdrant.PointsAsync();
        Assert.Equal(7, embedder.Texts);
        Assert.All(points, point => Assert.Equal((6, "model-b"), (Numbers(point).Length, point.Payload!["metadata"]!["embedding_model_id"]!.GetValue<string>())));
        Assert.Equal("şiir 1", Text(points[0]));
        Assert.Equal("model-b", CollectionMarks.Read((await qdrant.InfoAsync()).Config.Metadata).EmbeddingModel);
    }

    [Fact]
    public async Task The_status_tells_the_model_of_the_generation_that_serves_and_its_endpoint_until_the_alias_moves()
    {
        static (string?, string?, int?) Serving(KeepResult result) => result.Collections[0] is var status ? (status.EmbeddingModel, status.EmbeddingEndpoint, status.Generation) : default;

        var qdrant = new KeeperFixture { Embedding = new() { Model = "model-a", Size = 4, EndpointRef = new() { Name = "embedder-a" } } };
        Assert.Equal(("model-a", "embedder-a", 1), Serving(await qdrant.KeepAsync(Spec())));
        await qdrant.SeedAsync(7);

        var embedder = new LetterEmbedder(6) { Fault = new("503 from http://embedder-b") };
        (qdrant.Embedder, qdrant.Embedding) = (embedder, new() { Model = "model-b", Size = 6, EndpointRef = new() { Name = "embedder-b" } });
        Assert.Equal(("model-a", "embedder-a", 1), Serving(await qdrant.KeepAsync(Spec(size: 6))));
        embedder.Fault = null;
        for (var look = 0; await qdrant.AliasAsync() == $"{Name}-g1"; look++)
        {
            var before = await qdrant.KeepAsync(Spec(size: 6));
            Assert.Equal(before.Collections[0].Generation == 1 ? ("model-a", "embedder-a", 1) : ("model-b", "embedder-b", 2), Serving(before));
            Assert.True(look < 50);
        }

        Assert.Equal(("model-b", "embedder-b", 2), Serving(await qdrant.SettleAsync(Spec(size: 6))));

        // The way back, too.
        qdrant.Embedding = new() { Model = "model-a", Size = 4, EndpointRef = new() { Name = "embedder-c" } };
        Assert.Equal(("model-a", "embedder-c", 1), Serving(await qdrant.SettleAsync(Spec())));
    }

    [Fact]
    public async Task Another_endpoint_of_the_same_model_is_noted_without_a_migration_and_none_is_noted_as_none()
    {
        var qdrant = await FilledAsync(3);
        Assert.Null((await qdrant.KeepAsync(Spec())).Collections[0].EmbeddingEndpoint);
        foreach (var name in new[] { "one", "two", null })
        {
            qdrant.Embedding = new() { Model = "model-a", Size = 4, EndpointRef = name is null ? null : new() { Name = name } };
            var status = (await qdrant.KeepAsync(Spec())).Collections[0];
            Assert.Equal(("model-a", name, 1), (status.EmbeddingModel, status.EmbeddingEndpoint, status.Generation));
            qdrant.Server.ClearCalls();
            await qdrant.KeepAsync(Spec());
            Assert.Empty(qdrant.Writes());
        }
    }

    [Fact]
    public async Task A_failing_embedding_endpoint_is_waited_for_and_the_old_generation_serves()
    {
        var qdrant = await FilledAsync(7);
        var embedder = new LetterEmbedder(6) { Fault = new("503 from http://embedder") };
        (qdrant.Embedder, qdrant.Embedding) = (embedder, new() { Model = "model-b", Size = 6 });
        var issue = Assert.Single((await qdrant.KeepAsync(Spec(size: 6))).Issues);
        Assert.Equal("EmbeddingFailed", issue.Reason);
        Assert.Contains("503 from http://embedder", issue.Message, StringComparison.Ordinal);
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());
        embedder.Fault = null;
        Assert.Empty((await qdrant.SettleAsync(Spec(size: 6))).Issues);
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task Without_an_embedding_endpoint_the_new_generation_waits_to_be_filled_and_says_so()
    {
        var qdrant = await FilledAsync(5);
        qdrant.Embedding = new() { Model = "model-b", Size = 6 };
        var result = await qdrant.SettleAsync(Spec(size: 6));
        var issue = Assert.Single(result.Issues);
        Assert.Equal((CollectionIssueKind.SchemaConflict, "WaitingToBeFilled"), (issue.Kind, issue.Reason));
        Assert.Contains("vectors.size is 4, the spec asks for 6", issue.Message, StringComparison.Ordinal);
        Assert.Contains($"Write them to {Name}-g2", issue.Message, StringComparison.Ordinal);
        Assert.Equal("Filling", result.Collections[0].Migration!.Phase);
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());

        await qdrant.SeedAsync(5, collection: $"{Name}-g2", size: 6, model: "model-b");
        qdrant.Clock.Advance(result.LookAgainAfter!.Value);
        Assert.Empty((await qdrant.SettleAsync(Spec(size: 6))).Issues);
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task An_embedding_endpoint_that_is_added_later_fills_the_generation_that_waits()
    {
        var qdrant = await FilledAsync(5);
        qdrant.Embedding = new() { Model = "model-b", Size = 6 };
        await qdrant.SettleAsync(Spec(size: 6));
        qdrant.Embedder = new LetterEmbedder(6);
        Assert.Empty((await qdrant.SettleAsync(Spec(size: 6))).Issues);
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task Points_without_text_are_not_left_without_vectors()
    {
        var qdrant = await FilledAsync(5);
        await qdrant.Reader.UpsertAsync(Name, new() { Points = [new() { Id = 9, Vector = new float[] { 1, 2, 3, 4 } }] }, Stop);
        (qdrant.Embedder, qdrant.Embedding) = (new LetterEmbedder(6), new() { Model = "model-b", Size = 6 });
        var issue = Assert.Single((await qdrant.SettleAsync(Spec(size: 6))).Issues);
        Assert.Contains("1 points have no text in the payload field content", issue.Message, StringComparison.Ordinal);
        Assert.Equal(6, (await qdrant.PointsAsync()).Count);
    }

    [Fact]
    public async Task A_generation_somebody_began_to_fill_is_kept_for_a_while_when_the_spec_changes_back()
    {
        var qdrant = await FilledAsync(5);
        var embedding = qdrant.Embedding;
        qdrant.Embedding = new() { Model = "model-b", Size = 6 };
        await qdrant.SettleAsync(Spec(size: 6));
        await qdrant.SeedAsync(2, collection: $"{Name}-g2", size: 6, model: "model-b");
        qdrant.Embedding = embedding;
        var result = await qdrant.SettleAsync(Spec());
        Assert.Empty(result.Issues);
        Assert.Equal([$"{Name}-g1", $"{Name}-g2"], await qdrant.CollectionsAsync());

        qdrant.Embedding = new() { Model = "model-b", Size = 6 };
        Assert.Equal($"{Name}-g3", (await qdrant.SettleAsync(Spec(size: 6))).Collections[0].Migration!.PhysicalName);
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task An_empty_collection_is_replaced_at_once_whatever_changes()
    {
        var qdrant = await FilledAsync(0);
        qdrant.Embedding = new() { Model = "model-b", Size = 6 };
        Assert.Empty((await qdrant.KeepAsync(Spec(size: 6))).Issues);
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task Copying_keeps_to_the_rate_and_tells_how_far_it_is()
    {
        var qdrant = await FilledAsync(40);
        qdrant.Migration = qdrant.Migration with { PointsPerSecond = 2, BatchSize = 100 };
        var spec = Spec(distance: "Dot");
        var result = await qdrant.KeepAsync(spec);
        Assert.Equal(TimeSpan.FromSeconds(5), result.LookAgainAfter);
        qdrant.Clock.Advance(result.LookAgainAfter!.Value);
        result = await qdrant.KeepAsync(spec);
        qdrant.Clock.Advance(TimeSpan.FromSeconds(5));
        var migration = (await qdrant.KeepAsync(spec)).Collections[0].Migration!;
        Assert.Equal(("Copying", 30L, 40L, 3.0, 4L), (migration.Phase, migration.Copied, migration.Total, migration.PointsPerSecond, migration.SecondsLeft));
        Assert.Equal("Migrating", Assert.Single(result.Issues).Reason);
    }

    [Fact]
    public async Task What_is_written_and_deleted_during_the_copy_is_not_lost()
    {
        var qdrant = await FilledAsync(30);
        var writes = 0;
        qdrant.Server.BeforeRequest = async (call, _) =>
        {
            if (call is { Method: "PUT", Path: ["collections", $"{Name}-g2", "points"] } && ++writes <= 8)
            {
                var number = 1000 + writes;
                await qdrant.Reader.UpsertAsync(Name, new() { Points = [Point(number), Point(writes, text: "changed")] }, Stop);
                await qdrant.Reader.DeletePointsAsync(Name, new() { Points = [(ulong)(10 + writes)] }, Stop);
            }

            return null;
        };
        await qdrant.SettleAsync(Spec(distance: "Dot"));
        var (old, now) = (await qdrant.PointsAsync($"{Name}-g1"), await qdrant.PointsAsync());
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
        Assert.Equal(30, now.Count);
        Assert.Equal(old.Select(point => (point.Id, Text(point))), now.Select(point => (point.Id, Text(point))));
    }

    [Fact]
    public async Task A_point_written_between_the_last_comparison_and_the_switch_is_caught_up_with()
    {
        var qdrant = await FilledAsync(6);
        qdrant.Server.BeforeRequest = async (call, _) =>
        {
            if (call is { Method: "POST", Path: ["collections", "aliases"] })
            {
                await qdrant.SeedAsync(1, from: 77);
            }

            return null;
        };
        await qdrant.SettleAsync(Spec(distance: "Dot"));
        Assert.Contains(await qdrant.PointsAsync(), point => point.Id == 77UL);
    }

    [Fact]
    public async Task The_alias_is_not_switched_while_Qdrant_indexes()
    {
        var qdrant = await FilledAsync(6);
        qdrant.Server.BeforeRequest = (call, _) =>
        {
            if (call is { Method: "PUT", Path: ["collections", $"{Name}-g2", "points"] })
            {
                qdrant.Server.SetStatus($"{Name}-g2", "yellow");
            }

            return ValueTask.FromResult<QdrantFault?>(null);
        };
        var spec = Spec(distance: "Dot");
        await qdrant.KeepAsync(spec);
        for (var look = 0; look < 5; look++)
        {
            qdrant.Clock.Advance(TimeSpan.FromSeconds(5));
            await qdrant.KeepAsync(spec);
        }

        Assert.Equal("Indexing", Assert.Single((await qdrant.KeepAsync(spec)).Issues).Reason);
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());
        qdrant.Server.SetStatus($"{Name}-g2", "green");
        await qdrant.SettleAsync(spec);
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task A_generation_whose_graph_finds_too_little_is_not_switched_to()
    {
        // The stand-in finds all there is, so more than that is asked for.
        var qdrant = await FilledAsync(6);
        qdrant.Migration = qdrant.Migration with { RecallThreshold = 1.01 };
        var result = await qdrant.SettleAsync(Spec(distance: "Dot"));
        var issue = Assert.Single(result.Issues);
        Assert.Equal((CollectionIssueKind.Waiting, "RecallTooLow"), (issue.Kind, issue.Reason));
        Assert.Equal(1, result.Collections[0].Migration!.Recall);
        Assert.Equal($"{Name}-g1", await qdrant.AliasAsync());

        qdrant.Migration = qdrant.Migration with { RecallThreshold = 0.9 };
        Assert.Empty((await qdrant.SettleAsync(Spec(distance: "Dot"))).Issues);
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
    }

    [Fact]
    public async Task Named_vectors_are_copied_one_taken_away_is_left_behind_and_one_of_others_comes_along()
    {
        var qdrant = new KeeperFixture();
        var spec = new CollectionSpec { Name = Name, NamedVectors = [new() { Name = "dense", Size = 4 }, new() { Name = "old", Size = 2 }], SparseVectors = [new() { Name = "words" }] };
        await qdrant.KeepAsync(spec);
        await qdrant.Reader.AddVectorAsync($"{Name}-g1", "theirs", new() { Dense = new() { Size = 3, Distance = Distance.Dot } }, Stop);
        Vectors vectors = new() { ["dense"] = new float[] { 1, 2, 3, 4 }, ["old"] = new float[] { 1, 2 }, ["theirs"] = new float[] { 1, 2, 3 } };
        vectors["words"] = new VectorValue.Sparse(new uint[] { 5, 9 }, new float[] { 0.5f, 2 });
        await qdrant.Reader.UpsertAsync(Name, new() { Points = [new() { Id = 1, Vector = vectors }] }, Stop);

        Assert.Empty((await qdrant.SettleAsync(spec with { NamedVectors = [spec.NamedVectors![0]] })).Issues);
        Assert.Equal($"{Name}-g2", await qdrant.AliasAsync());
        Assert.Equal(["dense", "theirs", "words"], (await qdrant.PointsAsync())[0].Vector!.Keys.Order());
    }

    [Fact]
    public async Task A_vector_that_gets_a_name_is_copied()
    {
        var qdrant = await FilledAsync(5);
        var result = await qdrant.SettleAsync(new() { Name = Name, NamedVectors = [new() { Name = "dense", Size = 4 }], PayloadIndexes = Spec().PayloadIndexes });
        Assert.Empty(result.Issues);
        Assert.All(await qdrant.PointsAsync(), point => Assert.Equal(["dense"], point.Vector!.Keys));
    }

    private static async Task<KeeperFixture> FilledAsync(int points)
    {
        var qdrant = new KeeperFixture();
        await qdrant.KeepAsync(Spec());
        if (points > 0)
        {
            await qdrant.SeedAsync(points);
            await qdrant.KeepAsync(Spec());
        }

        return qdrant;
    }

    private static string Text(PointRecord point) => point.Payload!["content"]!.GetValue<string>();

    private static float[] Numbers(PointRecord point) => ((VectorValue.Dense)point.Vector![""]).Values.ToArray();

    private static DateTimeOffset RetiredAt(CollectionInfo info) => CollectionMarks.Read(info.Config.Metadata).RetiredAt!.Value;
}
