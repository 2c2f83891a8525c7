using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Cluster;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>Whether snapshots hold all of a collection: one has the shards of the node that was asked and no other.</summary>
internal static class SnapshotCover
{
    /// <summary>What they lack; null when nothing.</summary>
    /// <param name="client">A client of the cluster.</param>
    /// <param name="collection">The collection.</param>
    /// <param name="isEveryNodeAsked">Whether each node is asked for one; otherwise it is whichever answers at the address.</param>
    /// <param name="cancellationToken">Cancels requests.</param>
    public static async Task<string?> GapAsync(IQdrantClient client, string collection, bool isEveryNodeAsked, CancellationToken cancellationToken)
    {
        var cluster = await client.GetClusterAsync(cancellationToken).ConfigureAwait(false);
        if (!cluster.IsEnabled)
        {
            return null;
        }

        var placed = await client.GetCollectionClusterAsync(collection, cancellationToken).ConfigureAwait(false);
        var copies = placed.Replicas.Where(replica => replica.State == ReplicaState.Active).GroupBy(replica => replica.ShardId).Select(shard => shard.Select(replica => replica.PeerId).Distinct().Count()).ToList();
        if (copies.Count < placed.ShardCount)
        {
            return $"{placed.ShardCount - copies.Count} of the {placed.ShardCount} shards of {collection} have no active copy on any node";
        }

        var nodes = cluster.Peers?.Count ?? 1;
        var elsewhere = copies.Count(count => count < nodes);
        return isEveryNodeAsked || elsewhere == 0 ? null
            : $"the Qdrant at spec.qdrant.external.url is a cluster of {nodes} nodes, of which the one that answers there alone can be asked, and {elsewhere} of the {placed.ShardCount} shards of {collection} are not on every node";
    }
}
