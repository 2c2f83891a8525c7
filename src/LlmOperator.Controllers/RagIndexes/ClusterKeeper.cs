using System.Collections.Concurrent;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Cluster;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>Brings the shards of a managed Qdrant where the planner wants them, a step at a time, and says how many pods it is to have.</summary>
internal sealed class ClusterKeeper(TimeProvider time)
{
    /// <summary>How often a cluster in which nothing was to be done is looked at again.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<ObjectKey, (long Since, string State)> _settled = new();

    /// <summary>Forgets an index that is gone.</summary>
    public void Forget(ObjectKey key) => _settled.TryRemove(key, out _);

    /// <summary>Does the next steps.</summary>
    /// <param name="index">The index.</param>
    /// <param name="pods">Pods the StatefulSet is asked for.</param>
    /// <param name="ready">Pods that are ready.</param>
    /// <param name="cluster">The cluster as one of its nodes has it.</param>
    /// <param name="client">Client of it.</param>
    /// <param name="cancellationToken">Cancels requests.</param>
    /// <returns>Pods the StatefulSet is to have, and what goes on; null when nothing does.</returns>
    public async Task<(int Replicas, string? Progress)> KeepAsync(RagIndex index, int pods, int ready, ClusterInfo cluster, IQdrantClient client, CancellationToken cancellationToken)
    {
        var wanted = index.Spec!.Qdrant.Managed!.Replicas;
        if (!cluster.IsEnabled || (wanted == 1 && pods == 1))
        {
            return (pods, null);
        }

        var key = ObjectKey.Of(index);
        var state = $"{index.Metadata.Generation} {pods} {ready} {string.Join(',', cluster.PeerIds.Order())}";
        if (_settled.TryGetValue(key, out var last) && last.State == state && time.GetElapsedTime(last.Since) < Settled)
        {
            return (pods, null);
        }

        var peers = (cluster.Peers ?? new Dictionary<string, PeerInfo>()).Select(peer => new QdrantPeer(ulong.Parse(peer.Key, System.Globalization.CultureInfo.InvariantCulture), QdrantNames.Ordinal(index, peer.Value.Uri))).ToList();
        var plan = ShardPlanner.Plan(wanted, pods, ready, peers, await PlacedAsync(client, cancellationToken).ConfigureAwait(false));
        foreach (var step in plan.Steps)
        {
            await client.UpdateCollectionClusterAsync(step.Collection, Operation(step), cancellationToken).ConfigureAwait(false);
        }

        if (plan.Remove is { } peer)
        {
            await client.RemovePeerAsync(peer, force: false, cancellationToken).ConfigureAwait(false);
        }

        if (plan.Progress is null && plan.Steps.Count == 0 && plan.Replicas == pods)
        {
            _settled[key] = (time.GetTimestamp(), state);
        }
        else
        {
            _settled.TryRemove(key, out _);
        }

        return (plan.Replicas, plan.Progress);
    }

    private static async Task<List<PlacedCollection>> PlacedAsync(IQdrantClient client, CancellationToken cancellationToken)
    {
        var placed = new List<PlacedCollection>();
        foreach (var name in await client.ListCollectionsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (await client.GetCollectionAsync(name, cancellationToken).ConfigureAwait(false) is not { } info)
            {
                continue; // Deleted meanwhile.
            }

            var shards = await client.GetCollectionClusterAsync(name, cancellationToken).ConfigureAwait(false);
            placed.Add(new(
                name,
                info.Config.Params.ReplicationFactor,
                [.. shards.Replicas.Select(replica => new PlacedShard(replica.ShardId, replica.PeerId, replica.State == ReplicaState.Active))],
                shards.Transfers.Count));
        }

        return placed;
    }

    private static ClusterOperation Operation(ShardStep step) => step.Change switch
    {
        ShardChange.Move => new() { MoveShard = new(step.Shard, step.From, step.To, TransferMethod.StreamRecords) },
        ShardChange.Replicate => new() { ReplicateShard = new(step.Shard, step.From, step.To, TransferMethod.StreamRecords) },
        _ => new() { DropReplica = new(step.Shard, step.From) },
    };
}
