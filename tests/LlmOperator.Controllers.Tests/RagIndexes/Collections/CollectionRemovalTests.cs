using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;
using static LlmOperator.Controllers.Tests.RagIndexes.Collections.KeeperFixture;

namespace LlmOperator.Controllers.Tests.RagIndexes.Collections;

/// <summary>What becomes of collections when their index is deleted.</summary>
public sealed class CollectionRemovalTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Retain_leaves_the_data_and_a_later_index_of_the_same_name_takes_it_over()
    {
        var qdrant = await FilledAsync();
        Assert.True((await qdrant.RemoveAsync(RagDeletionPolicy.Retain)).IsDone);
        Assert.Equal(3, (await qdrant.PointsAsync()).Count);
        qdrant.Server.ClearCalls();
        await qdrant.RemoveAsync(RagDeletionPolicy.Retain);
        Assert.Empty(qdrant.Writes());

        qdrant.As = Owner with { Uid = "uid-2" };
        qdrant.Forget();
        var result = await qdrant.KeepAsync(Spec());
        Assert.Empty(result.Issues);
        Assert.Equal(("CollectionAdopted", 3), (qdrant.Events[^1].Reason, (await qdrant.PointsAsync()).Count));
        Assert.Equal(qdrant.As.Mark, CollectionMarks.Read((await qdrant.InfoAsync()).Config.Metadata).Owner);
    }

    [Fact]
    public async Task An_index_of_the_same_name_elsewhere_that_did_not_let_go_is_left_alone()
    {
        var qdrant = await FilledAsync();
        qdrant.As = Owner with { Uid = "uid-2" };
        qdrant.Forget();
        qdrant.Server.ClearCalls();
        var issue = Assert.Single((await qdrant.KeepAsync(Spec())).Issues);
        Assert.Equal(CollectionIssueKind.Conflict, issue.Kind);
        Assert.Contains("team-a/twin/uid-1", issue.Message, StringComparison.Ordinal);
        Assert.Contains("PATCH /collections/embedded_posts-g1", issue.Message, StringComparison.Ordinal);
        await qdrant.RemoveAsync(RagDeletionPolicy.Delete);
        Assert.Empty(qdrant.Writes());
    }

    [Fact]
    public async Task Delete_deletes_every_generation_and_nothing_of_others()
    {
        var qdrant = await FilledAsync();
        await qdrant.SettleAsync(Spec(distance: "Dot"));
        await qdrant.Reader.CreateCollectionAsync("theirs-g1", new(), Stop);
        var result = await qdrant.RemoveAsync(RagDeletionPolicy.Delete);
        Assert.True(result.IsDone);
        Assert.Equal(["theirs-g1"], await qdrant.CollectionsAsync());
        Assert.Null(await qdrant.AliasAsync());
        Assert.True((await qdrant.RemoveAsync(RagDeletionPolicy.Delete)).IsDone);
    }

    [Fact]
    public async Task Snapshot_takes_and_verifies_a_snapshot_first()
    {
        var qdrant = await FilledAsync();
        var calls = new List<string>();
        qdrant.Server.BeforeRequest = (call, _) =>
        {
            calls.Add(call.ToString());
            return ValueTask.FromResult<QdrantFault?>(null);
        };
        var result = await qdrant.RemoveAsync(RagDeletionPolicy.Snapshot);
        Assert.True(result.IsDone);
        var snapshot = Assert.Single(result.Snapshots);
        Assert.Equal(($"{Name}-g1", true), (snapshot.PhysicalName, snapshot.Size > 0));
        Assert.Equal([$"POST /collections/{Name}-g1/snapshots", $"GET /collections/{Name}-g1/snapshots", $"DELETE /collections/{Name}-g1"], calls[^3..]);
        Assert.Empty(await qdrant.CollectionsAsync());
    }

    [Fact]
    public async Task A_snapshot_that_is_refused_leaves_the_collection()
    {
        var qdrant = await FilledAsync();
        qdrant.Server.BeforeRequest = (call, _) => ValueTask.FromResult(call is { Method: "POST", Path: [.., "snapshots"] } ? QdrantFault.Refuse(507, "no disk") : null);
        var fault = await Assert.ThrowsAsync<Qdrant.QdrantException>(() => qdrant.RemoveAsync(RagDeletionPolicy.Snapshot));
        Assert.Contains("no disk", fault.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await qdrant.PointsAsync()).Count);
        qdrant.Server.BeforeRequest = null;
        Assert.Single((await qdrant.RemoveAsync(RagDeletionPolicy.Snapshot)).Snapshots);
    }

    private static async Task<KeeperFixture> FilledAsync()
    {
        var qdrant = new KeeperFixture();
        await qdrant.KeepAsync(Spec());
        await qdrant.SeedAsync(3);
        await qdrant.KeepAsync(Spec());
        return qdrant;
    }
}
