using LlmOperator.Qdrant.Cluster;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>A managed Qdrant of several nodes: nodes come, go and lose their volumes while somebody searches, and the operator ends and begins on the way.</summary>
public sealed class QdrantClusterTests
{
    private const int Points = 200;
    private const string Single = """{"name":"posts","vectors":{"size":4},"shards":4,"replicationFactor":1}""";

    [Fact]
    public async Task Nodes_are_added_and_taken_away_under_searches_and_nothing_is_lost()
    {
        await using var qdrant = await QdrantFixture.StartAsync(1);
        await qdrant.FillAsync(Points);
        qdrant.Read(Points);

        // Three nodes, of which each gets its share; the operator is another one from the first transfer on.
        await qdrant.ApplyAsync(3);
        await qdrant.UntilServerAsync(() => Transfers(qdrant) > 0, "no shard is moved");
        await qdrant.Whole.RestartAsync();
        await qdrant.ReadyAsync(3);
        await PlacedAsync(qdrant, nodes: 3, copies: 2);

        // And back to two.
        qdrant.Server.ClearCalls();
        await qdrant.ApplyAsync(2);
        await qdrant.UntilServerAsync(() => Transfers(qdrant) > 0, "no shard is moved");
        await qdrant.Whole.RestartAsync();
        await qdrant.ReadyAsync(2);
        await PlacedAsync(qdrant, nodes: 2, copies: 2);
        Assert.Equal(2, qdrant.Server.Nodes.Count);
        Assert.Single(qdrant.Server.Calls, call => call is { Method: "DELETE", Path: ["cluster", "peer", _] });
        await qdrant.Whole.UntilAsync(() => qdrant.ClaimNames.Count == 2, () => $"claims are {string.Join(", ", qdrant.ClaimNames)}");
        Assert.Equal(["storage-docs-qdrant-0", "storage-docs-qdrant-1"], qdrant.ClaimNames);

        await qdrant.StopReadingAsync();
        Assert.Empty(qdrant.ReaderFaults);
        Assert.True(qdrant.Reads > 10, $"{qdrant.Reads} searches were made");
        Assert.Equal(Enumerable.Range(1, Points).Select(number => (ulong)number), await qdrant.PointsAsync());
    }

    [Theory]
    [InlineData(0, "v1.19.0")]
    [InlineData(2, "v1.19.0")]
    [InlineData(0, "v1.15.5")]
    [InlineData(1, "v1.15.5")]
    public async Task A_node_that_loses_its_volume_is_replaced_and_gets_its_shards_from_the_others(int ordinal, string version)
    {
        await using var qdrant = await QdrantFixture.StartAsync(3, version: version);
        await qdrant.FillAsync(Points);
        qdrant.Read(Points);
        var before = qdrant.Server.Nodes.Single(node => node.Name == $"docs-qdrant-{ordinal}").PeerId;

        await qdrant.LoseVolumeAsync(ordinal);
        await qdrant.UntilServerAsync(() => qdrant.Server.Nodes.All(node => node.PeerId != before) && qdrant.Server.Nodes.Count(node => node.IsUp) == 3, "the node does not come back");
        await qdrant.CopiesAsync(8);
        await qdrant.ReadyAsync(3);

        await PlacedAsync(qdrant, nodes: 3, copies: 2);
        Assert.Null(qdrant.Find("DataComplete"));
        await qdrant.StopReadingAsync();
        Assert.Empty(qdrant.ReaderFaults);
        Assert.Equal(Points, (await qdrant.PointsAsync()).Count);
        Assert.DoesNotContain(qdrant.Server.Calls, call => call.Query.ContainsKey("force"));
    }

    [Fact]
    public async Task Shards_that_only_a_lost_volume_had_are_named_and_nothing_is_given_up_until_somebody_decides()
    {
        await using var qdrant = await QdrantFixture.StartAsync(3, Single);
        await qdrant.FillAsync(Points);
        var before = qdrant.Server.Nodes.Single(node => node.Name == "docs-qdrant-1").PeerId;
        var held = (await qdrant.PlacementAsync()).Replicas.Where(replica => replica.PeerId == before).Select(replica => replica.ShardId).ToList();
        Assert.NotEmpty(held);

        await qdrant.LoseVolumeAsync(1);
        await qdrant.ConditionAsync("DataComplete", "False", "ShardsLost");
        await qdrant.ConditionAsync("Ready", "False", "ShardsLost");
        var message = qdrant.Find("DataComplete")!["message"]!.GetValue<string>();
        Assert.All(held, shard => Assert.Contains($"shard {shard} of posts-g1 was on node 1 alone, whose volume is gone", message, StringComparison.Ordinal));
        Assert.Contains(qdrant.Server.Nodes, node => node.PeerId == before);

        // The data is given up: the node may come back, and the collection is made anew.
        await qdrant.Client.DeleteCollectionAsync("posts-g1", qdrant.Whole.Guard);
        await qdrant.ConditionAsync("DataComplete", "False", "DataLost");
        await qdrant.ReadyAsync(3);
        Assert.DoesNotContain(qdrant.Server.Nodes, node => node.PeerId == before);
        await qdrant.FillAsync(Points);
        await qdrant.Whole.UntilAsync(() => qdrant.Find("DataComplete") is null, () => "the loss is told for ever");
    }

    [Fact]
    public async Task A_single_node_that_loses_its_volume_says_what_it_had()
    {
        await using var qdrant = await QdrantFixture.StartAsync(1, Single);
        await qdrant.FillAsync(Points);
        await qdrant.Whole.UntilAsync(() => qdrant.Status()?["points"]?.GetValue<long>() == Points, () => "the points are not counted");

        await qdrant.LoseVolumeAsync(0);
        await qdrant.ConditionAsync("DataComplete", "False", "DataLost");

        Assert.Contains($"its {Points} points were no longer in Qdrant", qdrant.Find("DataComplete")!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        await qdrant.ReadyAsync(1);
    }

    [Fact]
    public async Task Snapshots_are_taken_on_every_node_and_together_hold_every_point_before_anything_is_deleted()
    {
        await using var qdrant = await QdrantFixture.StartAsync(3, Single);
        await qdrant.FillAsync(Points);
        await qdrant.ApplyAsync(3, Single, more: ""","snapshots":{"schedule":"* * * * *","retention":1},"deletionPolicy":"Snapshot" """);
        await qdrant.Whole.UntilAsync(() => qdrant.Status()?["snapshots"]?["count"]?.GetValue<int>() == 3, () => "no snapshots are taken");
        await qdrant.ConditionAsync("SnapshotsReady", "True", "Scheduled");
        Assert.Equal(Enumerable.Range(1, Points).Select(number => $"{number}"), Held(qdrant));

        var server = qdrant.Server;
        server.ClearCalls();
        await qdrant.DeleteAsync();
        var taken = server.Calls.Where(call => call is { Method: "POST", Path: ["collections", "posts-g1", "snapshots"] }).Select(call => call.Node).ToList();
        Assert.Equal(["docs-qdrant-0", "docs-qdrant-1", "docs-qdrant-2"], taken.Distinct().Order());
        Assert.Contains(server.Calls, call => call is { Method: "DELETE", Path: ["collections", "posts-g1"] });
        Assert.Equal(Enumerable.Range(1, Points).Select(number => $"{number}"), Held(qdrant));
    }

    /// <summary>Points in the newest snapshot of each node.</summary>
    private static IEnumerable<string> Held(QdrantFixture qdrant) => qdrant.Server.Nodes
        .SelectMany(node => SnapshotStore.Read(qdrant.Server.Snapshots.Of("posts-g1", node.PeerId).Last().Content).Points)
        .Select(point => point.Id.ToString()!)
        .OrderBy(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture));

    private static int Transfers(QdrantFixture qdrant) => qdrant.Server.Calls.Count(call => call is { Method: "POST", Path: ["collections", _, "cluster"] });

    /// <summary>Every shard has its copies, all active, and no node has two more than another.</summary>
    private static async Task PlacedAsync(QdrantFixture qdrant, int nodes, int copies)
    {
        var placed = (await qdrant.PlacementAsync()).Replicas.ToList();
        Assert.All(placed, replica => Assert.Equal(ReplicaState.Active, replica.State));
        Assert.All(placed.GroupBy(replica => replica.ShardId), shard => Assert.Equal(copies, shard.Count()));
        Assert.Equal(4, placed.Select(replica => replica.ShardId).Distinct().Count());
        var shares = placed.GroupBy(replica => replica.PeerId).Select(node => node.Count()).ToList();
        Assert.Equal(nodes, shares.Count);
        Assert.True(shares.Max() - shares.Min() <= 1);
    }
}
