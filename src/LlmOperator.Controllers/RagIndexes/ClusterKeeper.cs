using System.Collections.Concurrent;
using System.Globalization;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Cluster;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>The cluster of a managed Qdrant as it is found.</summary>
/// <param name="Pods">Pods the StatefulSet is asked for.</param>
/// <param name="Ready">Pods of them that are ready.</param>
/// <param name="Running">Those that are known.</param>
/// <param name="Cluster">The cluster as one of its nodes has it.</param>
/// <param name="Client">Client of it.</param>
/// <param name="Node">Client of the node of an ordinal.</param>
internal sealed record ClusterView(int Pods, int Ready, IReadOnlyList<Pod> Running, ClusterInfo Cluster, IQdrantClient Client, Func<int, IQdrantClient> Node);

/// <summary>What became of a look at a cluster.</summary>
/// <param name="Replicas">Pods the StatefulSet is to have.</param>
/// <param name="Progress">What goes on; null when nothing does.</param>
/// <param name="Problem">What of the data cannot be read; null when everything can.</param>
internal sealed record ClusterLook(int Replicas, string? Progress, SpecProblemText? Problem);

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
    /// <param name="view">The cluster as it is found.</param>
    /// <param name="cancellationToken">Cancels requests.</param>
    public async Task<ClusterLook> KeepAsync(RagIndex index, ClusterView view, CancellationToken cancellationToken)
    {
        var (pods, ready, cluster, client) = (view.Pods, view.Ready, view.Cluster, view.Client);
        var wanted = index.Spec!.Qdrant.Managed!.Replicas;
        if (!cluster.IsEnabled || (wanted == 1 && pods == 1 && cluster.Peers is not { Count: > 1 }))
        {
            return new(pods, null, null);
        }

        var key = ObjectKey.Of(index);
        var state = $"{index.Metadata.Generation} {pods} {ready} {string.Join(',', cluster.PeerIds.Order())}";
        if (_settled.TryGetValue(key, out var last) && last.State == state && time.GetElapsedTime(last.Since) < Settled)
        {
            return new(pods, null, null);
        }

        var peers = await QdrantPeers.FindAsync(index, view, cancellationToken).ConfigureAwait(false);
        var plan = ShardPlanner.Plan(wanted, pods, ready, peers, await PlacedAsync(client, cancellationToken).ConfigureAwait(false));
        try
        {
            foreach (var step in plan.Steps)
            {
                await client.UpdateCollectionClusterAsync(step.Collection, Operation(step), cancellationToken).ConfigureAwait(false);
            }

            if (plan.Remove is { } peer)
            {
                await client.RemovePeerAsync(peer, force: false, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (QdrantException error) when (error.Kind is not (QdrantErrorKind.Unreachable or QdrantErrorKind.Unauthorized))
        {
            // What was found holds, and the rest can still be looked at.
            var up = peers.Count(known => known is { IsUp: true, IsLost: false });
            var majority = up * 2 > peers.Count ? "" : $"; {up} of {peers.Count} nodes answer, and nothing can be changed in a cluster without more than half of them";
            return new(pods, $"shards cannot be moved, it is tried again: {error.Message}{majority}", plan.Problem);
        }

        if (plan is { Progress: null, Problem: null, Steps.Count: 0 } && plan.Replicas == pods && ready >= pods)
        {
            _settled[key] = (time.GetTimestamp(), state);
        }
        else
        {
            _settled.TryRemove(key, out _);
        }

        return new(plan.Replicas, plan.Progress, plan.Problem);
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
                [.. shards.Transfers.Select(transfer => new ShardOnItsWay(transfer.ShardId, transfer.From, transfer.To))])
            {
                Shards = shards.ShardCount,
            });
        }

        return placed;
    }

    private static ClusterOperation Operation(ShardStep step) => step.Change switch
    {
        ShardChange.Move => new() { MoveShard = new(step.Shard, step.From, step.To, TransferMethod.StreamRecords) },
        ShardChange.Replicate => new() { ReplicateShard = new(step.Shard, step.From, step.To, TransferMethod.StreamRecords) },
        ShardChange.Abort => new() { AbortTransfer = new(step.Shard, step.From, step.To) },
        _ => new() { DropReplica = new(step.Shard, step.From) },
    };
}
