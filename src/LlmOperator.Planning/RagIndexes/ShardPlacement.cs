namespace LlmOperator.Planning.RagIndexes;

/// <summary>A node of Qdrant's cluster.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Ordinal">Number of its pod; null when it is none of the StatefulSet's.</param>
/// <param name="IsUp">Whether it answers.</param>
/// <param name="IsLost">Whether it will never answer again: its pod came back with an empty volume and is another node now.</param>
public sealed record QdrantPeer(ulong Id, int? Ordinal, bool IsUp = true, bool IsLost = false);

/// <summary>A copy of a shard on a node.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Peer">The node.</param>
/// <param name="IsActive">Whether it serves reads and writes.</param>
public readonly record struct PlacedShard(uint Shard, ulong Peer, bool IsActive);

/// <summary>A copy of a shard that is on its way.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="From">Node it comes from.</param>
/// <param name="To">Node it goes to.</param>
public readonly record struct ShardOnItsWay(uint Shard, ulong From, ulong To);

/// <summary>Where the shards of a collection are.</summary>
/// <param name="Name">The collection.</param>
/// <param name="ReplicationFactor">Copies each shard is to have.</param>
/// <param name="Replicas">Copies there are.</param>
/// <param name="Transfers">Copies that are on their way.</param>
public sealed record PlacedCollection(string Name, int ReplicationFactor, IReadOnlyList<PlacedShard> Replicas, params IReadOnlyList<ShardOnItsWay> Transfers)
{
    /// <summary>How many shards there are, those without any copy included.</summary>
    public int Shards { get; init; } = Replicas.Select(replica => replica.Shard).Distinct().Count();
}

/// <summary>What is done with a copy of a shard.</summary>
public enum ShardChange
{
    /// <summary>It goes to another node.</summary>
    Move,

    /// <summary>A further one is made.</summary>
    Replicate,

    /// <summary>It is deleted; others of the shard are active.</summary>
    Drop,

    /// <summary>It does not come any more: one of the two nodes is lost.</summary>
    Abort,
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
public sealed record ShardPlan(IReadOnlyList<ShardStep> Steps, ulong? Remove, int Replicas, string? Progress)
{
    /// <summary>What of the data cannot be read, and why; null when all can.</summary>
    public SpecProblemText? Problem { get; init; }
}
