using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using Xunit;

namespace LlmOperator.Planning.Tests.RagIndexes;

public sealed class RagIndexPlannerTests
{
    private static readonly CollectionStatus Posts = new() { Name = "posts", PhysicalName = "posts-g1", State = "Green", Points = 10 };
    private static readonly CollectionStatus Raw = new() { Name = "raw", PhysicalName = "raw-g1", State = "Grey", Points = 5 };

    [Fact]
    public void An_index_whose_collections_all_serve_is_ready()
    {
        var plan = RagIndexPlanner.Plan(Seen());

        Assert.Equal(("2/2", 15), (plan.Status.Ready, plan.Status.Points));
        Assert.Equal("Serving", plan.Status.Conditions.Find("Ready")!.Reason);
        Assert.Contains(plan.Transitions, told => told is { Condition.Type: "Ready", IsWarning: false });
    }

    [Fact]
    public void A_schema_conflict_is_told_with_a_warning_and_the_index_stays_ready()
    {
        var plan = RagIndexPlanner.Plan(Seen() with { Issues = [new("posts", CollectionIssueKind.SchemaConflict, "SchemaConflict", "posts has size 384 and the spec says 768")] });

        Assert.True(plan.Status.Conditions.IsTrue("SchemaConflict"));
        Assert.True(plan.Status.Conditions.IsTrue("Ready"));
        Assert.Contains(plan.Transitions, told => told is { Condition.Type: "SchemaConflict", IsWarning: true });
    }

    [Theory]
    [InlineData("Copying", CollectionIssueKind.Waiting, "EmbeddingFailed", "posts (Copying, EmbeddingFailed)")]
    [InlineData("Indexing", CollectionIssueKind.Waiting, "Indexing", "posts (Indexing)")]
    [InlineData("Copying", CollectionIssueKind.SchemaConflict, "Migrating", "posts (Copying)")]
    public void A_migration_is_told_with_its_stage_and_with_what_it_waits_for(string phase, CollectionIssueKind kind, string reason, string told)
    {
        var plan = RagIndexPlanner.Plan(Seen() with
        {
            Collections = [Posts with { Migration = new() { PhysicalName = "posts-g2", Method = "Embed", Phase = phase } }, Raw],
            Issues = [new("posts", kind, reason, "why")],
        });

        var condition = plan.Status.Conditions.Find("Progressing")!;
        Assert.Equal(("Migrating", $"a new generation is being built of {told}"), (condition.Reason, condition.Message));
    }

    [Fact]
    public void A_collection_that_does_not_serve_keeps_the_index_from_being_ready_for_the_reason_it_has()
    {
        var plan = RagIndexPlanner.Plan(Seen() with
        {
            Collections = [Posts with { State = "Conflict" }, Raw],
            Issues = [new("posts", CollectionIssueKind.Conflict, "Conflict", "collection posts is somebody else's")],
        });

        Assert.Equal("1/2", plan.Status.Ready);
        Assert.Equal("collection posts is somebody else's", plan.Status.Conditions.Find("Ready")!.Message);
        Assert.True(plan.Status.Conditions.IsTrue("Conflict"));
    }

    [Fact]
    public void While_qdrant_is_down_what_was_known_stays_and_the_fault_says_why()
    {
        var before = RagIndexPlanner.Plan(Seen() with { Issues = [new("posts", CollectionIssueKind.SchemaConflict, "SchemaConflict", "sizes differ")] }).Status;

        var plan = RagIndexPlanner.Plan(new() { Index = Indexes.Of(Indexes.External, status: before), Now = Indexes.Now.AddMinutes(1), Fault = new("Unreachable", "connection refused") });

        Assert.Equal(("0/2", 15), (plan.Status.Ready, plan.Status.Points));
        Assert.Equal("connection refused", plan.Status.Conditions.Find("QdrantReady")!.Message);
        Assert.Equal("Unreachable", plan.Status.Conditions.Find("Ready")!.Reason);
        Assert.True(plan.Status.Conditions.IsTrue("SchemaConflict"));
        Assert.All(plan.Status.Collections!, collection => Assert.Equal("Unknown", collection.State));
    }

    [Fact]
    public void Seen_again_nothing_changes_and_nothing_is_told()
    {
        var before = RagIndexPlanner.Plan(Seen()).Status;

        var plan = RagIndexPlanner.Plan(Seen() with { Index = Indexes.Of(Indexes.External, status: before), Now = Indexes.Now.AddHours(1) });

        Assert.Equal(before.Conditions!, plan.Status.Conditions!);
        Assert.Empty(plan.Transitions);
    }

    [Fact]
    public void Counts_alone_are_told_from_what_else_changes()
    {
        var before = RagIndexPlanner.Plan(Seen()).Status;
        var more = RagIndexPlanner.Plan(Seen() with { Index = Indexes.Of(Indexes.External, status: before), Collections = [Posts with { Points = 11, State = "Yellow" }, Raw] }).Status;
        var other = RagIndexPlanner.Plan(Seen() with { Index = Indexes.Of(Indexes.External, status: before), Collections = [Posts with { PhysicalName = "posts-g2" }, Raw] }).Status;

        Assert.Equal(before.Collections!, RagIndexPlanner.WithCountsOf(more, before).Collections!);
        Assert.Equal(before.Points, RagIndexPlanner.WithCountsOf(more, before).Points);
        Assert.NotEqual(before.Collections!, RagIndexPlanner.WithCountsOf(other, before).Collections!);
    }

    [Fact]
    public void A_deletion_says_whom_or_what_it_waits_for()
    {
        var going = Indexes.Of(Indexes.External);
        going = going with { Metadata = going.Metadata with { DeletionTimestamp = Indexes.Now } };

        var used = RagIndexPlanner.Plan(Seen() with { Index = going, UsedBy = ["chat"] });
        var down = RagIndexPlanner.Plan(new() { Index = going, Now = Indexes.Now, Fault = new("Unreachable", "refused"), Waiting = "the collections go first" });

        Assert.Contains("chat", used.Status.Conditions.Find("InUse")!.Message, StringComparison.Ordinal);
        Assert.Equal("the collections go first", down.Status.Conditions.Find("Deleting")!.Message);
    }

    private static RagIndexObservation Seen() => new() { Index = Indexes.Of(Indexes.External), Version = "1.19.0", Peers = 1, Collections = [Posts, Raw], Now = Indexes.Now };
}
