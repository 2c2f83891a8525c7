using LlmOperator.Qdrant.Cluster;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;
using LlmOperator.Qdrant.Snapshots;
using Xunit;

namespace LlmOperator.Qdrant.Tests;

public class ClusterTests
{
    [Fact]
    public async Task A_server_alone_says_so_and_refuses_what_a_cluster_does()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop);

        Assert.False((await server.Client.GetClusterAsync(Server.Stop)).IsEnabled);
        var fault = await Assert.ThrowsAsync<QdrantException>(() => server.Client.UpdateCollectionClusterAsync("c", new() { DropReplica = new(0, 1) }, Server.Stop));
        Assert.Equal(QdrantErrorKind.NotSupported, fault.Kind);
        Assert.Equal(1, (await server.Client.GetCollectionClusterAsync("c", Server.Stop)).ShardCount);
    }

    [Fact]
    public async Task Shards_spread_over_the_peers_and_all_nodes_answer_alike()
    {
        using var server = new Server();
        var second = server.ClientOf("qdrant-1");
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2), ShardNumber = 4, ReplicationFactor = 1 }, Server.Stop);
        await second.UpsertAsync("c", new() { Points = [.. Enumerable.Range(0, 100).Select(n => new Point { Id = (ulong)n, Vector = new float[] { 1, n } })] }, Server.Stop);

        var (first, other) = (await server.Client.GetCollectionClusterAsync("c", Server.Stop), await second.GetCollectionClusterAsync("c", Server.Stop));

        Assert.Equal((2, 2), (first.LocalShards.Count, other.LocalShards.Count));
        Assert.Equal(first.Replicas.Order(Comparer<ShardReplica>.Create((a, b) => a.ShardId.CompareTo(b.ShardId))), other.Replicas.Order(Comparer<ShardReplica>.Create((a, b) => a.ShardId.CompareTo(b.ShardId))));
        Assert.Equal(100, first.LocalShards.Sum(shard => shard.PointsCount) + other.LocalShards.Sum(shard => shard.PointsCount));
        Assert.Equal(100, await server.Client.CountAsync("c", null, true, Server.Stop));
        var cluster = await server.Client.GetClusterAsync(Server.Stop);
        Assert.Equal([first.PeerId, other.PeerId], cluster.PeerIds);
        Assert.Equal(("working", true), (cluster.ConsensusThreadStatus?.Status, cluster.RaftInfo!.IsVoter));
    }

    [Fact]
    public async Task A_peer_is_removed_only_when_its_shards_have_moved_and_nothing_is_lost()
    {
        using var server = new Server();
        var leaving = server.ClientOf("qdrant-1");
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2), ShardNumber = 2 }, Server.Stop);
        await server.Client.UpsertAsync("c", new() { Points = [.. Enumerable.Range(0, 50).Select(n => new Point { Id = (ulong)n, Vector = new float[] { 1, n } })] }, Server.Stop);
        var stays = (await server.Client.GetCollectionClusterAsync("c", Server.Stop)).PeerId;
        var goes = await leaving.GetCollectionClusterAsync("c", Server.Stop);

        var refused = await Assert.ThrowsAsync<QdrantException>(() => server.Client.RemovePeerAsync(goes.PeerId, force: false, Server.Stop));
        Assert.Equal(QdrantErrorKind.BadRequest, refused.Kind);

        await server.Client.UpdateCollectionClusterAsync("c", new() { MoveShard = new(goes.LocalShards[0].ShardId, goes.PeerId, stays, TransferMethod.StreamRecords) }, Server.Stop);
        var during = await server.Client.GetCollectionClusterAsync("c", Server.Stop);
        Assert.Equal((goes.PeerId, stays, false), (Assert.Single(during.Transfers).From, during.Transfers[0].To, during.Transfers[0].Sync));
        Assert.Contains(during.Replicas, replica => replica.State == ReplicaState.Partial);
        await Assert.ThrowsAsync<QdrantException>(() => server.Client.RemovePeerAsync(goes.PeerId, force: false, Server.Stop));

        server.Clock.Advance(server.Cluster.TransferTime);
        Assert.Empty((await server.Client.GetCollectionClusterAsync("c", Server.Stop)).Transfers);
        await server.Client.RemovePeerAsync(goes.PeerId, force: false, Server.Stop);

        Assert.Equal([stays], (await server.Client.GetCollectionClusterAsync("c", Server.Stop)).Replicas.Select(replica => replica.PeerId).Distinct());
        Assert.Equal(50, await server.Client.CountAsync("c", null, true, Server.Stop));
    }

    [Fact]
    public async Task A_peer_removed_by_force_loses_the_points_that_only_it_had()
    {
        using var server = new Server();
        var goes = server.Cluster.Join("qdrant-1").PeerId;
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2), ShardNumber = 2 }, Server.Stop);
        await server.Client.UpsertAsync("c", new() { Points = [.. Enumerable.Range(0, 50).Select(n => new Point { Id = (ulong)n, Vector = new float[] { 1, n } })] }, Server.Stop);

        await server.Client.RemovePeerAsync(goes, force: true, Server.Stop);

        Assert.Single(server.Cluster.Nodes);
        Assert.InRange((await server.Client.GetCollectionAsync("c", Server.Stop))!.PointsCount!.Value, 1, 49);
    }

    [Fact]
    public async Task A_replica_is_made_dropped_and_its_transfer_broken_off_and_the_last_stays()
    {
        using var server = new Server();
        var second = server.Cluster.Join("qdrant-1").PeerId;
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2), ShardNumber = 1 }, Server.Stop);
        var first = (await server.Client.GetCollectionClusterAsync("c", Server.Stop)).PeerId;

        await server.Client.UpdateCollectionClusterAsync("c", new() { ReplicateShard = new(0, first, second) }, Server.Stop);
        await server.Client.UpdateCollectionClusterAsync("c", new() { AbortTransfer = new(0, first, second) }, Server.Stop);
        Assert.Single((await server.Client.GetCollectionClusterAsync("c", Server.Stop)).Replicas);
        await server.Client.UpdateCollectionClusterAsync("c", new() { ReplicateShard = new(0, first, second) }, Server.Stop);
        server.Clock.Advance(server.Cluster.TransferTime);
        Assert.Equal(2, (await server.Client.GetCollectionClusterAsync("c", Server.Stop)).Replicas.Count(replica => replica.State == ReplicaState.Active));

        await server.Client.UpdateCollectionClusterAsync("c", new() { DropReplica = new(0, first) }, Server.Stop);
        var last = await Assert.ThrowsAsync<QdrantException>(() => server.Client.UpdateCollectionClusterAsync("c", new() { DropReplica = new(0, second) }, Server.Stop));

        Assert.Equal(QdrantErrorKind.BadRequest, last.Kind);
        Assert.Equal([second], (await server.Client.GetCollectionClusterAsync("c", Server.Stop)).Replicas.Select(replica => replica.PeerId));
    }

    [Fact]
    public async Task A_shard_whose_only_node_is_down_is_not_available()
    {
        using var server = new Server();
        var down = server.Cluster.Join("qdrant-1");
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2), ShardNumber = 2 }, Server.Stop);
        var client = server.Of(server.Cluster.CreateHandler(), new(new Uri("http://qdrant.test")) { Retries = 0 });
        down.IsUp = false;

        var fault = await Assert.ThrowsAsync<QdrantException>(() => client.CountAsync("c", null, true, Server.Stop));

        Assert.Equal((QdrantErrorKind.Unavailable, true), (fault.Kind, fault.MayRetry));
        Assert.Contains((await client.GetCollectionClusterAsync("c", Server.Stop)).Replicas, replica => replica.State == ReplicaState.Dead);
    }

    [Fact]
    public async Task Shards_of_a_key_take_the_points_that_name_it()
    {
        using var server = new Server();
        server.Cluster.IsDistributed = true;
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2), ShardingMethod = ShardingMethod.Custom }, Server.Stop);
        await server.Client.UpdateCollectionClusterAsync("c", new() { CreateShardingKey = new("tr") { ShardsNumber = 2, ReplicationFactor = 1 } }, Server.Stop);
        await server.Client.UpdateCollectionClusterAsync("c", new() { CreateShardingKey = new("en") }, Server.Stop);

        await server.Client.UpsertAsync("c", new() { ShardKey = "tr", Points = [new() { Id = 1, Vector = new float[] { 1, 0 } }] }, Server.Stop);
        await server.Client.UpsertAsync("c", new() { ShardKey = "en", Points = [new() { Id = 2, Vector = new float[] { 1, 0 } }] }, Server.Stop);

        await Assert.ThrowsAsync<QdrantException>(() => server.Client.UpsertAsync("c", new() { Points = [new() { Id = 3, Vector = new float[] { 1, 0 } }] }, Server.Stop));
        Assert.Equal([1], (await server.Client.ScrollAsync("c", new() { ShardKey = "tr" }, Server.Stop)).Points.Select(point => point.Id));
        Assert.Equal(3, (await server.Client.GetCollectionClusterAsync("c", Server.Stop)).ShardCount);
        await server.Client.UpdateCollectionClusterAsync("c", new() { DropShardingKey = new("tr") }, Server.Stop);
        Assert.Equal([2], (await server.Client.ScrollAsync("c", new(), Server.Stop)).Points.Select(point => point.Id));
    }

    [Fact]
    public async Task A_snapshot_is_made_read_and_recovered_into_a_collection_that_was_lost()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2, Distance.Dot), Metadata = new() { ["owner"] = "me" } }, Server.Stop);
        await server.Client.CreatePayloadIndexAsync("c", "n", new() { Type = PayloadIndexType.Integer }, Server.Stop);
        await server.Client.UpsertAsync("c", new() { Points = [new() { Id = 1, Vector = new float[] { 3, 4 }, Payload = new() { ["n"] = 1 } }] }, Server.Stop);

        var snapshot = (await server.Client.CreateSnapshotAsync("c", wait: true, Server.Stop))!;
        await using (var content = await server.Client.DownloadSnapshotAsync("c", snapshot.Name, Server.Stop))
        {
            var hash = await System.Security.Cryptography.SHA256.HashDataAsync(content, Server.Stop);
            Assert.Equal(snapshot.Checksum, Convert.ToHexStringLower(hash));
        }

        Assert.Equal([snapshot], await server.Client.ListSnapshotsAsync("c", Server.Stop));
        await server.Client.DeleteCollectionAsync("c", Server.Stop);
        var location = new Uri($"file:///qdrant/snapshots/c/{snapshot.Name}");
        var mismatch = await Assert.ThrowsAsync<QdrantException>(() => server.Client.RecoverSnapshotAsync("c", new(location) { Checksum = new string('0', 64) }, Server.Stop));
        Assert.Equal(QdrantErrorKind.BadRequest, mismatch.Kind);
        Assert.False(await server.Client.CollectionExistsAsync("c", Server.Stop));

        await server.Client.RecoverSnapshotAsync("c", new(location) { Priority = SnapshotPriority.Snapshot, Checksum = snapshot.Checksum }, Server.Stop);

        var info = (await server.Client.GetCollectionAsync("c", Server.Stop))!;
        Assert.Equal(("me", 1L), (info.Config.Metadata!["owner"]!.GetValue<string>(), info.PayloadSchema["n"].Points));
        var point = Assert.Single(await server.Client.RetrieveAsync("c", new() { Ids = [1], WithVector = VectorSelector.All }, Server.Stop));
        Assert.Equal([3, 4], Assert.IsType<VectorValue.Dense>(point.Vector![""]).Values.ToArray());
    }

    [Fact]
    public async Task A_snapshot_that_is_not_waited_for_is_there_later_and_each_node_has_its_own()
    {
        using var server = new Server();
        var second = server.ClientOf("qdrant-1");
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop);

        Assert.Null(await server.Client.CreateSnapshotAsync("c", wait: false, Server.Stop));

        var snapshot = Assert.Single(await server.Client.ListSnapshotsAsync("c", Server.Stop));
        Assert.Empty(await second.ListSnapshotsAsync("c", Server.Stop));
        Assert.Equal((true, false), (await server.Client.DeleteSnapshotAsync("c", snapshot.Name, Server.Stop), await server.Client.DeleteSnapshotAsync("c", snapshot.Name, Server.Stop)));
    }
}
