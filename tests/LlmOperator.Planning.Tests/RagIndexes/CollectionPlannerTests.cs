using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant.Collections;
using Xunit;
using CollectionStatus = LlmOperator.Qdrant.Collections.CollectionStatus;
using QdrantPayloadIndex = LlmOperator.Qdrant.Collections.PayloadIndex;

namespace LlmOperator.Planning.Tests.RagIndexes;

/// <summary>What is to be done next with a logical collection, from what there is.</summary>
public sealed class CollectionPlannerTests
{
    private const string Name = "posts";

    private static readonly CollectionOwner Owner = new("ns", "index", "uid");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly CollectionSpec Wanted = Spec(4);

    [Fact]
    public void Where_there_is_nothing_the_first_generation_is_created() => Assert.Equal(new CollectionStep.Create(1), Next(null));

    [Fact]
    public void A_collection_like_its_spec_needs_nothing()
    {
        var step = Assert.IsType<CollectionStep.Serve>(Next("posts-g1", Stored(1)));
        Assert.True(step.Differences.AreNone, step.Differences.ToString());
    }

    [Fact]
    public void What_serves_gets_its_alias_back() =>
        Assert.Equal("posts-g2", Assert.IsType<CollectionStep.PointAlias>(Next(null, Stored(1, retired: Now), Stored(2), Stored(3, migration: Record("posts-g2")))).To.PhysicalName);

    [Fact]
    public void What_served_last_serves_again_when_the_rest_is_gone() =>
        Assert.Equal("posts-g2", Assert.IsType<CollectionStep.PointAlias>(Next(null, Stored(1, retired: Now.AddHours(-2)), Stored(2, retired: Now.AddHours(-1)))).To.PhysicalName);

    [Fact]
    public void After_the_switch_the_old_generation_is_retired_before_it_is_caught_up_with()
    {
        var target = Stored(2, migration: Record("posts-g1"));
        Assert.Equal("posts-g1", Assert.IsType<CollectionStep.Retire>(Next("posts-g2", Stored(1), target)).Old.PhysicalName);
        Assert.Equal("posts-g1", Assert.IsType<CollectionStep.CatchUp>(Next("posts-g2", Stored(1, retired: Now), target)).From!.PhysicalName);
        Assert.Null(Assert.IsType<CollectionStep.CatchUp>(Next("posts-g2", target)).From);
    }

    [Fact]
    public void A_change_that_cannot_be_made_in_place_begins_a_generation_after_all_there_are()
    {
        var step = Assert.IsType<CollectionStep.Begin>(Next("posts-g1", Stored(1, size: 3), Stored(7, owner: "ns/other/uid")));
        Assert.Equal((8, "vectors.size is 3, the spec asks for 4"), (step.Number, Assert.Single(step.Schema).ToString()));
    }

    [Fact]
    public void With_Manual_it_is_reported_and_what_is_being_built_is_left()
    {
        var manual = new MigrationSpec { Mode = MigrationMode.Manual };
        Assert.IsType<CollectionStep.Report>(Next(manual, "posts-g1", Stored(1, size: 3), Stored(2, migration: Record("posts-g1"))));
    }

    [Fact]
    public void What_is_being_built_is_gone_on_with_while_it_is_what_the_spec_wants()
    {
        Assert.Equal("posts-g2", Assert.IsType<CollectionStep.Migrate>(Next("posts-g1", Stored(1, size: 3), Stored(2, migration: Record("posts-g1")))).Target.PhysicalName);
        Assert.Equal(("posts-g2", false), Deleted(Next("posts-g1", Stored(1, size: 3), Stored(2, size: 5, migration: Record("posts-g1")))));
        Assert.Equal(("posts-g2", false), Deleted(Next("posts-g1", Stored(1), Stored(2, size: 5, migration: Record("posts-g1")))));
    }

    [Fact]
    public void A_generation_that_served_before_is_never_deleted_for_being_unfinished()
    {
        var returning = Stored(1, migration: Record("posts-g2") with { Returning = true, Phase = MigrationPhase.Switching });
        Assert.Equal("posts-g1", Assert.IsType<CollectionStep.Retire>(Next("posts-g2", returning, Stored(2))).Old.PhysicalName);
    }

    [Fact]
    public void Within_the_window_a_generation_that_fits_again_is_gone_back_to()
    {
        Assert.Equal("posts-g1", Assert.IsType<CollectionStep.Return>(Next("posts-g2", Stored(1, retired: Now.AddHours(-23)), Stored(2, size: 3))).Previous.PhysicalName);
        Assert.Equal(("posts-g1", true), Deleted(Next("posts-g2", Stored(1, retired: Now.AddHours(-24)), Stored(2, size: 3))));
        Assert.IsType<CollectionStep.Begin>(Next("posts-g2", Stored(1, retired: Now, migration: Record("posts-g2") with { Method = MigrationMethod.Fill }), Stored(2, size: 3)));
    }

    [Fact]
    public void A_generation_nobody_knows_of_is_kept_for_the_window() =>
        Assert.Equal("posts-g2", Assert.IsType<CollectionStep.Retire>(Next("posts-g1", Stored(1), Stored(2))).Old.PhysicalName);

    [Fact]
    public void A_namesake_is_adopted_when_it_let_go_and_refused_when_it_did_not()
    {
        Assert.IsType<CollectionStep.Adopt>(Next("posts-g1", Stored(1, owner: "ns/index/old", released: Now)));
        Assert.Contains("release it", Assert.IsType<CollectionStep.Refuse>(Next("posts-g1", Stored(1, owner: "ns/index/old"))).Message, StringComparison.Ordinal);
        Assert.IsType<CollectionStep.Refuse>(Next("posts-g1", Stored(1, owner: "ns/other/old", released: Now)));
    }

    [Fact]
    public void Another_model_is_a_change_that_cannot_be_made_in_place()
    {
        var step = Assert.IsType<CollectionStep.Begin>(Next("posts-g1", Stored(1, model: "other")));
        Assert.Equal(new SchemaDifference("embedding.model", "other", "m"), Assert.Single(step.Schema));
    }

    [Theory]
    [InlineData("24h", 86_400)]
    [InlineData("1d12h", 129_600)]
    [InlineData("90m", 5400)]
    [InlineData("2h30m15s", 9015)]
    [InlineData("0s", 0)]
    public void A_window_is_days_hours_minutes_and_seconds(string text, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), CollectionPlanner.Window(text));

    [Theory]
    [InlineData("posts-g1", "posts", 1)]
    [InlineData("a-g2-g10", "a-g2", 10)]
    [InlineData("posts-g01", null, 0)]
    [InlineData("posts-g0", null, 0)]
    [InlineData("posts-g", null, 0)]
    [InlineData("-g1", null, 0)]
    [InlineData("posts", null, 0)]
    public void A_physical_name_is_the_logical_name_and_the_generation(string physical, string? name, int generation)
    {
        Assert.Equal(name is not null, CollectionNames.TryParse(physical, out var parsed, out var number));
        if (name is not null)
        {
            Assert.Equal((name, generation, physical), (parsed, number, CollectionNames.Physical(parsed, number)));
        }
    }

    [Fact]
    public void A_record_is_read_as_it_was_written()
    {
        var record = Record("posts-g1") with { Offset = "17", Copied = 5, Total = 9, Pass = 2, Found = 3, Recall = 0.97, Started = Now, Returning = true };
        Assert.Equal(record, MigrationRecord.Parse(JsonNode.Parse(record.ToJson().ToJsonString())));
        Assert.Null(MigrationRecord.Parse(JsonNode.Parse("""{"from":"x"}""")));
    }

    [Theory]
    [InlineData(4, null, "m", false, MigrationMethod.Copy)]
    [InlineData(4, null, "m", true, MigrationMethod.Copy)]
    [InlineData(5, null, "m", true, MigrationMethod.Embed)]
    [InlineData(5, null, "m", false, MigrationMethod.Fill)]
    [InlineData(4, null, "other", true, MigrationMethod.Embed)]
    [InlineData(4, null, "other", false, MigrationMethod.Fill)]
    [InlineData(4, "Uint8", "m", false, MigrationMethod.Fill)]
    [InlineData(4, "Float16", "m", false, MigrationMethod.Copy)]
    public void Vectors_are_copied_while_they_stay_valid_else_made_anew_else_waited_for(int size, string? datatype, string model, bool canEmbed, string method)
    {
        var spec = new CollectionSpec { Name = Name, Vectors = new() { Size = size, Datatype = datatype } };
        var carriage = VectorCarriage.Of(spec, new() { Model = model, Size = size }, Stored(1), null, canEmbed);
        Assert.Equal(method, carriage.Method);
        Assert.Equal(method == MigrationMethod.Fill, carriage.Obstacle is not null);
    }

    private static (string Name, bool IsExpired) Deleted(CollectionStep step) => Assert.IsType<CollectionStep.Delete>(step) is var delete ? (delete.Old.PhysicalName, delete.IsExpired) : default;

    private static CollectionStep Next(string? alias, params Generation[] generations) => Next(new MigrationSpec(), alias, generations);

    private static CollectionStep Next(MigrationSpec migration, string? alias, params Generation[] generations) => CollectionPlanner.Next(
        Wanted, new() { Model = "m", Size = 4 }, migration, Owner, new() { AliasTarget = alias, Generations = generations }, null, Now);

    private static CollectionSpec Spec(int size) => new() { Name = Name, Vectors = new() { Size = size }, PayloadIndexes = [new() { Field = "author_id" }] };

    private static MigrationRecord Record(string from) => new() { From = from, Method = MigrationMethod.Copy, Phase = MigrationPhase.Copying, Started = Now };

    private static Generation Stored(
        int number, int size = 4, string? owner = null, string model = "m", DateTimeOffset? retired = null, DateTimeOffset? released = null, MigrationRecord? migration = null)
    {
        var request = NewCollection.Request(Spec(size), new() { Model = model, Size = size }, Owner, number, migration, null);
        var metadata = request.Metadata!;
        metadata[CollectionMarks.OwnerKey] = owner ?? Owner.Mark;
        if (retired is { } since)
        {
            metadata[CollectionMarks.RetiredKey] = CollectionMarks.Moment(since);
        }

        if (released is { } left)
        {
            metadata[CollectionMarks.ReleasedKey] = CollectionMarks.Moment(left);
        }

        return new(number, CollectionNames.Physical(Name, number), new()
        {
            Status = CollectionStatus.Green,
            Config = new()
            {
                Params = new() { Vectors = request.Vectors },
                HnswConfig = new() { M = 16, EfConstruct = 100, FullScanThreshold = 10_000 },
                OptimizerConfig = new() { IndexingThreshold = 10_000 },
                Metadata = metadata,
            },
            PayloadSchema = new Dictionary<string, PayloadIndexInfo> { ["author_id"] = new() { DataType = PayloadIndexType.Keyword, Params = new QdrantPayloadIndex { Type = PayloadIndexType.Keyword } } },
        });
    }
}
