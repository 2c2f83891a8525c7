namespace LlmOperator.Planning.RagIndexes;

/// <summary>
/// Decides where shards go, one step at a time from what is seen, so that it can be broken off and taken up at any point: pods first when there are to be more; what was on nodes that are lost is given up where
/// others have it, and these nodes leave; copies that are missing, and a fair share for new nodes; when there are to be fewer, shards leave the highest ordinals first, then the node leaves the cluster, then its
/// pod goes, one after the other. The last copy of a shard is never given up.
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
        var plan = Mend(pods, peers, collections) ?? Place(wanted, pods, ready, [.. peers.Where(peer => !peer.IsLost)], collections);
        return plan with { Problem = ShardLosses.Problem(wanted, pods, ready, peers, collections) };
    }

    /// <summary>Frees the cluster of nodes that are lost, as far as others have what they had. Null when nothing of it is left to do.</summary>
    private static ShardPlan? Mend(int pods, IReadOnlyList<QdrantPeer> peers, IReadOnlyList<PlacedCollection> collections)
    {
        var lost = peers.Where(peer => peer.IsLost).ToDictionary(peer => peer.Id);
        if (lost.Count == 0)
        {
            return null;
        }

        var up = peers.Where(peer => peer is { IsLost: false, IsUp: true }).Select(peer => peer.Id).ToHashSet();
        var steps = collections.Select(collection => Mend(collection, lost, up)).OfType<ShardStep>().ToList();
        var empty = lost.Values.FirstOrDefault(peer => collections.All(collection =>
            collection.Replicas.All(replica => replica.Peer != peer.Id) && collection.Transfers.All(transfer => transfer.From != peer.Id && transfer.To != peer.Id)));
        return steps.Count == 0 && empty is null ? null
            : new(steps, empty?.Id, pods, $"the volume of node {(empty ?? lost[steps[0].Change == ShardChange.Abort && lost.ContainsKey(steps[0].To) ? steps[0].To : steps[0].From]).Ordinal} was lost: what it had is made again of what the other nodes have");
    }

    private static ShardStep? Mend(PlacedCollection collection, Dictionary<ulong, QdrantPeer> lost, HashSet<ulong> up)
    {
        foreach (var transfer in collection.Transfers.Where(transfer => lost.ContainsKey(transfer.From) || lost.ContainsKey(transfer.To)))
        {
            return new(collection.Name, ShardChange.Abort, transfer.Shard, transfer.From, transfer.To);
        }

        foreach (var replica in collection.Replicas.Where(replica => lost.ContainsKey(replica.Peer)))
        {
            if (collection.Replicas.Any(other => other.Shard == replica.Shard && other.IsActive && up.Contains(other.Peer)))
            {
                return new(collection.Name, ShardChange.Drop, replica.Shard, replica.Peer, 0);
            }
        }

        return null;
    }

    private static ShardPlan Place(int wanted, int pods, int ready, List<QdrantPeer> peers, IReadOnlyList<PlacedCollection> collections)
    {
        if (wanted > pods)
        {
            return new([], null, wanted, $"{wanted - pods} more of {wanted} nodes are being added");
        }

        var staying = peers.Where(peer => peer.Ordinal is null || peer.Ordinal < wanted).OrderBy(peer => peer.Id).ToList();
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

        var transfers = collections.Sum(collection => collection.Transfers.Count);
        var steps = collections.Where(collection => collection.Transfers.Count == 0).Select(collection => Next(collection, staying, leaving)).OfType<ShardStep>().ToList();
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
        var mayGo = steps.Count == 0 && transfers == 0 && left == 0 && peers.TrueForAll(peer => peer.IsUp || peer == last);
        return new(
            steps, mayGo ? last.Id : null, pods,
            mayGo ? $"node {last.Ordinal} is empty and leaves the cluster"
            : left > 0 ? $"{left} shards are to leave node {last.Ordinal} before it goes, {transfers} on their way"
            : $"node {last.Ordinal} is empty and leaves the cluster when {(transfers > 0 ? $"{transfers} transfers are done" : "all nodes are ready")}");
    }

    private static string? Progress(int steps, int transfers) => steps + transfers == 0 ? null : $"{steps + transfers} shards are on their way to other nodes";

    private static ShardStep? Next(PlacedCollection collection, List<QdrantPeer> staying, List<QdrantPeer> leaving)
    {
        var load = staying.ToDictionary(peer => peer.Id, peer => collection.Replicas.Count(replica => replica.Peer == peer.Id));
        var up = staying.Concat(leaving).Where(peer => peer.IsUp).Select(peer => peer.Id).ToHashSet();
        var shards = collection.Replicas.GroupBy(replica => replica.Shard).OrderBy(shard => shard.Key).ToList();
        var copies = Math.Clamp(collection.ReplicationFactor, 1, staying.Count);

        // First what keeps a node from leaving.
        foreach (var peer in leaving)
        {
            foreach (var shard in shards.Where(shard => shard.Any(replica => replica.Peer == peer.Id)))
            {
                var mine = shard.First(replica => replica.Peer == peer.Id);
                var held = shard.Where(replica => load.ContainsKey(replica.Peer)).ToList();
                if (held.Count(replica => replica.IsActive) >= copies && held.Exists(replica => replica.IsActive && up.Contains(replica.Peer)))
                {
                    return new(collection.Name, ShardChange.Drop, shard.Key, peer.Id, 0);
                }

                if (mine.IsActive && peer.IsUp && Emptiest(load, up, held) is { } target)
                {
                    return new(collection.Name, ShardChange.Move, shard.Key, peer.Id, target);
                }
            }
        }

        foreach (var shard in shards)
        {
            var held = shard.Where(replica => load.ContainsKey(replica.Peer)).ToList();
            if (held.Count < copies && shard.Any(replica => replica.IsActive && up.Contains(replica.Peer)) && Emptiest(load, up, held) is { } target)
            {
                return new(collection.Name, ShardChange.Replicate, shard.Key, shard.First(replica => replica.IsActive && up.Contains(replica.Peer)).Peer, target);
            }

            if (held.Count(replica => replica.IsActive && up.Contains(replica.Peer)) > copies)
            {
                var fullest = held.Where(replica => replica.IsActive).OrderByDescending(replica => load[replica.Peer]).ThenBy(replica => replica.Peer).First();
                return new(collection.Name, ShardChange.Drop, shard.Key, fullest.Peer, 0);
            }
        }

        return leaving.Count > 0 || up.Count < staying.Count ? null : Even(collection, load, shards);
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

    /// <summary>The node that answers, holds fewest and does not have the shard.</summary>
    private static ulong? Emptiest(Dictionary<ulong, int> load, HashSet<ulong> up, List<PlacedShard> held)
    {
        var free = load.Where(entry => up.Contains(entry.Key) && held.TrueForAll(replica => replica.Peer != entry.Key)).ToList();
        return free.Count == 0 ? null : free.OrderBy(entry => entry.Value).ThenBy(entry => entry.Key).First().Key;
    }
}
