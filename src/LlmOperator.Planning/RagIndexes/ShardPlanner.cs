namespace LlmOperator.Planning.RagIndexes;

/// <summary>A node of Qdrant's cluster.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Ordinal">Number of its pod; null when it is none of the StatefulSet's.</param>
public sealed record QdrantPeer(ulong Id, int? Ordinal);

/// <summary>A copy of a shard on a node.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Peer">The node.</param>
/// <param name="IsActive">Whether it serves reads and writes.</param>
public readonly record struct PlacedShard(uint Shard, ulong Peer, bool IsActive);

/// <summary>Where the shards of a collection are.</summary>
/// <param name="Name">The collection.</param>
/// <param name="ReplicationFactor">Copies each shard is to have.</param>
/// <param name="Replicas">Copies there are.</param>
/// <param name="Transfers">Copies that are on their way.</param>
public sealed record PlacedCollection(string Name, int ReplicationFactor, IReadOnlyList<PlacedShard> Replicas, int Transfers);

/// <summary>What is done with a copy of a shard.</summary>
public enum ShardChange
{
    /// <summary>It goes to another node.</summary>
    Move,

    /// <summary>A further one is made.</summary>
    Replicate,

    /// <summary>It is deleted; others of the shard are active.</summary>
    Drop,
}

/// <summary>One step of a collection.</summary>
/// <param name="Collection">The collection.</param>
/// <param name="Change">What is done.</param>
/// <param name="Shard">The shard.</param>
/// <param name="From">Node it comes from, or is dropped at.</param>
/// <param name="To">Node it goes to; meaningless for a drop.</param>
public sealed record ShardStep(string Collection, ShardChange Change, uint Shard, ulong From, ulong To);

/// <summary>What is to be done with a cluster now.</summary>
/// <param name="Steps">At most one step a collection, and none where a transfer runs.</param>
/// <param name="Remove">Node to be removed from the cluster: it has no shards left; null for none.</param>
/// <param name="Replicas">Pods the StatefulSet is to have.</param>
/// <param name="Progress">What is going on, for people; null when nothing is.</param>
public sealed record ShardPlan(IReadOnlyList<ShardStep> Steps, ulong? Remove, int Replicas, string? Progress);

/// <summary>
/// Decides where shards go, one step at a time from what is seen, so that it can be broken off and taken up at any point: pods first when there are to be more; copies that are missing, and a fair share for new
/// nodes; when there are to be fewer, shards leave the highest ordinals first, then the node leaves the cluster, then its pod goes, one after the other.
/// </summary>
public static class ShardPlanner
{
    /// <summary>Decides the next steps.</summary>
    /// <param name="wanted">Pods wanted in the end.</param>
    /// <param name="pods">Pods the StatefulSet is asked for now.</param>
    /// <param name="ready">Pods that are ready.</param>
    /// <param name="peers">Nodes of the cluster.</param>
    /// <param name="collections">Where shards are.</param>
    public static ShardPlan Plan(int wanted, int pods, int ready, IReadOnlyList<QdrantPeer> peers, IReadOnlyList<PlacedCollection> collections)
    {
        ArgumentNullException.ThrowIfNull(peers);
        ArgumentNullException.ThrowIfNull(collections);
        if (wanted > pods)
        {
            return new([], null, wanted, $"{wanted - pods} more of {wanted} nodes are being added");
        }

        var staying = peers.Where(peer => peer.Ordinal is null || peer.Ordinal < wanted).Select(peer => peer.Id).Order().ToList();
        var leaving = peers.Where(peer => peer.Ordinal >= wanted).OrderByDescending(peer => peer.Ordinal).ToList();

        // Before all nodes that are to stay have joined, shards would go where there is too little room.
        var joined = peers.Count(peer => peer.Ordinal < wanted);
        if (joined < wanted && ready < pods)
        {
            return new([], null, pods, $"{joined} of {wanted} nodes have joined the cluster");
        }

        if (staying.Count == 0)
        {
            return new([], null, pods, null);
        }

        var transfers = collections.Sum(collection => collection.Transfers);
        var steps = collections.Where(collection => collection.Transfers == 0).Select(collection => Next(collection, staying, leaving)).OfType<ShardStep>().ToList();
        if (leaving.Count == 0)
        {
            // A pod whose node is not in the cluster any more, or never was, holds nothing.
            var fewer = pods > wanted && ready >= pods - 1 ? pods - 1 : pods;
            return new(steps, null, fewer, Progress(steps.Count, transfers) ?? (pods > wanted ? $"{pods} pods are becoming {wanted}" : null));
        }

        var last = leaving[0];
        if (pods - 1 > last.Ordinal)
        {
            // The pod above it has left the cluster already.
            return new(steps, null, pods - 1, $"{pods} pods are becoming {wanted}");
        }

        var left = collections.Sum(collection => collection.Replicas.Count(replica => replica.Peer == last.Id));
        var mayGo = steps.Count == 0 && transfers == 0 && left == 0 && ready >= pods;
        return new(
            steps, mayGo ? last.Id : null, pods,
            mayGo ? $"node {last.Ordinal} is empty and leaves the cluster"
            : left > 0 ? $"{left} shards are to leave node {last.Ordinal} before it goes, {transfers} on their way"
            : $"node {last.Ordinal} is empty and leaves the cluster when {(transfers > 0 ? $"{transfers} transfers are done" : "all nodes are ready")}");
    }

    private static string? Progress(int steps, int transfers) => steps + transfers == 0 ? null : $"{steps + transfers} shards are on their way to other nodes";

    private static ShardStep? Next(PlacedCollection collection, List<ulong> staying, List<QdrantPeer> leaving)
    {
        var load = staying.ToDictionary(peer => peer, peer => collection.Replicas.Count(replica => replica.Peer == peer));
        var shards = collection.Replicas.GroupBy(replica => replica.Shard).OrderBy(shard => shard.Key).ToList();
        var copies = Math.Clamp(collection.ReplicationFactor, 1, staying.Count);

        // First what keeps a node from leaving.
        foreach (var peer in leaving)
        {
            foreach (var shard in shards.Where(shard => shard.Any(replica => replica.Peer == peer.Id)))
            {
                var mine = shard.First(replica => replica.Peer == peer.Id);
                var held = shard.Where(replica => load.ContainsKey(replica.Peer)).ToList();
                if (held.Count(replica => replica.IsActive) >= copies)
                {
                    return new(collection.Name, ShardChange.Drop, shard.Key, peer.Id, 0);
                }

                if (mine.IsActive && Emptiest(load, held) is { } target)
                {
                    return new(collection.Name, ShardChange.Move, shard.Key, peer.Id, target);
                }
            }
        }

        foreach (var shard in shards)
        {
            var held = shard.Where(replica => load.ContainsKey(replica.Peer)).ToList();
            if (held.Count < copies && shard.Any(replica => replica.IsActive) && Emptiest(load, held) is { } target)
            {
                return new(collection.Name, ShardChange.Replicate, shard.Key, shard.First(replica => replica.IsActive).Peer, target);
            }

            if (held.Count(replica => replica.IsActive) > copies)
            {
                var fullest = held.Where(replica => replica.IsActive).OrderByDescending(replica => load[replica.Peer]).ThenBy(replica => replica.Peer).First();
                return new(collection.Name, ShardChange.Drop, shard.Key, fullest.Peer, 0);
            }
        }

        return leaving.Count > 0 ? null : Even(collection, load, shards);
    }

    /// <summary>A step that makes the shares of nodes more equal; none once they differ by one.</summary>
    private static ShardStep? Even(PlacedCollection collection, Dictionary<ulong, int> load, List<IGrouping<uint, PlacedShard>> shards)
    {
        foreach (var (full, most) in load.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key))
        {
            foreach (var (empty, least) in load.OrderBy(entry => entry.Value).ThenBy(entry => entry.Key))
            {
                if (most - least < 2)
                {
                    break;
                }

                if (shards.Find(shard => shard.Any(replica => replica.Peer == full && replica.IsActive) && shard.All(replica => replica.Peer != empty)) is { } shard)
                {
                    return new(collection.Name, ShardChange.Move, shard.Key, full, empty);
                }
            }
        }

        return null;
    }

    private static ulong? Emptiest(Dictionary<ulong, int> load, List<PlacedShard> held)
    {
        var free = load.Where(entry => held.All(replica => replica.Peer != entry.Key)).ToList();
        return free.Count == 0 ? null : free.OrderBy(entry => entry.Value).ThenBy(entry => entry.Key).First().Key;
    }
}
