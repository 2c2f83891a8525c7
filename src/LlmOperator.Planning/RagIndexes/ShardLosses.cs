namespace LlmOperator.Planning.RagIndexes;

/// <summary>Finds what of the data of a cluster cannot be read, and says so: shards that are gone with a volume, those that wait for a node to come back, and nodes that form a cluster of their own.</summary>
public static class ShardLosses
{
    /// <summary>Reason of shards that nobody has any more.</summary>
    public const string ShardsLost = "ShardsLost";

    /// <summary>Reason of shards whose nodes do not answer.</summary>
    public const string ShardsUnavailable = "ShardsUnavailable";

    /// <summary>Reason of nodes that are in another cluster than the one that answers.</summary>
    public const string NodesApart = "NodesApart";

    private const int MostNamed = 8;

    /// <summary>What cannot be read; null when everything can.</summary>
    internal static SpecProblemText? Problem(int wanted, int pods, int ready, IReadOnlyList<QdrantPeer> peers, IReadOnlyList<PlacedCollection> collections)
    {
        var known = peers.DistinctBy(peer => peer.Id).ToDictionary(peer => peer.Id);
        List<string> lost = [];
        List<string> unavailable = [];
        foreach (var collection in collections)
        {
            var shards = collection.Replicas.GroupBy(replica => replica.Shard).OrderBy(shard => shard.Key).ToList();
            if (collection.Shards > shards.Count)
            {
                lost.Add($"{collection.Shards - shards.Count} of the {collection.Shards} shards of {collection.Name} have no copy on any node");
            }

            foreach (var shard in shards)
            {
                var holders = shard.Select(replica => known.GetValueOrDefault(replica.Peer)).ToList();
                if (holders.TrueForAll(holder => holder is null or { IsLost: true }))
                {
                    lost.Add($"shard {shard.Key} of {collection.Name} was on {Nodes(holders)} alone, whose volume is gone");
                }
                else if (holders.TrueForAll(holder => holder is not { IsLost: false, IsUp: true }))
                {
                    unavailable.Add($"shard {shard.Key} of {collection.Name} is on {Nodes([.. holders.Where(holder => holder is { IsLost: false })])}, which does not answer");
                }
            }
        }

        if (lost.Count > 0)
        {
            return new(
                ShardsLost,
                $"data is lost, and nothing of what is left is given up: {Some(lost)}. Searches of these collections fail or find less. Take a snapshot of each from where you keep them and recover it, or give the collection up: "
                + "delete it in Qdrant, and it is made anew, empty");
        }

        if (unavailable.Count > 0)
        {
            return new(ShardsUnavailable, $"{Some(unavailable)}; its data is back when the pod is; a replicationFactor of 2 or more keeps a collection readable without it");
        }

        var apart = Enumerable.Range(0, Math.Min(wanted, pods)).Where(ordinal => peers.All(peer => peer.Ordinal != ordinal)).ToList();
        return ready >= pods && pods == wanted && apart.Count > 0
            ? new(
                NodesApart,
                $"the pods of {(apart.Count == 1 ? "node" : "nodes")} {string.Join(", ", apart)} are ready and not in the cluster that answers: they founded another one, and clients may get either. Delete the volume claims and then the "
                + "pods of those that hold nothing you need, and they join")
            : null;
    }

    private static string Nodes(List<QdrantPeer?> holders) => holders.Count switch
    {
        0 => "no node",
        1 => Node(holders[0]),
        _ => string.Join(" and ", holders.Select(Node)),
    };

    private static string Node(QdrantPeer? peer) => peer is null ? "a node that left the cluster" : peer.Ordinal is { } ordinal ? $"node {ordinal}" : $"peer {peer.Id}";

    private static string Some(List<string> all) => string.Join("; ", all.Take(MostNamed)) + (all.Count > MostNamed ? $"; and {all.Count - MostNamed} more" : "");
}
