using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Qdrant.Cluster;

/// <summary>How a shard gets to another node.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<TransferMethod>))]
public enum TransferMethod
{
    /// <summary>Point by point; the target builds its indexes itself.</summary>
    StreamRecords,

    /// <summary>As a snapshot, indexes included.</summary>
    Snapshot,

    /// <summary>Only what its log lacks.</summary>
    WalDelta,
}

/// <summary>A change of where shards are: exactly one of its properties.</summary>
public sealed record ClusterOperation
{
    /// <summary>Moves a replica.</summary>
    public ShardMove? MoveShard { get; init; }

    /// <summary>Makes a further replica.</summary>
    public ShardMove? ReplicateShard { get; init; }

    /// <summary>Breaks a transfer off.</summary>
    public ShardMove? AbortTransfer { get; init; }

    /// <summary>Begins a transfer again.</summary>
    public ShardMove? RestartTransfer { get; init; }

    /// <summary>Deletes a replica; the last one of a shard is refused.</summary>
    public ReplicaReference? DropReplica { get; init; }

    /// <summary>With custom sharding, creates the shards of a key.</summary>
    public NewShardingKey? CreateShardingKey { get; init; }

    /// <summary>With custom sharding, deletes the shards of a key and their points.</summary>
    public ShardingKeyReference? DropShardingKey { get; init; }
}

/// <summary>A shard from one node to another.</summary>
/// <param name="ShardId">The shard.</param>
/// <param name="FromPeerId">From where.</param>
/// <param name="ToPeerId">To where.</param>
/// <param name="Method">How; not for breaking a transfer off.</param>
public sealed record ShardMove(uint ShardId, ulong FromPeerId, ulong ToPeerId, TransferMethod? Method = null);

/// <summary>A replica.</summary>
/// <param name="ShardId">Its shard.</param>
/// <param name="PeerId">Its node.</param>
public sealed record ReplicaReference(uint ShardId, ulong PeerId);

/// <summary>A key of custom sharding to be created.</summary>
/// <param name="ShardKey">The key.</param>
public sealed record NewShardingKey(ShardKey ShardKey)
{
    /// <summary>Its shards; as the collection says when null.</summary>
    public int? ShardsNumber { get; init; }

    /// <summary>Copies of each; as the collection says when null.</summary>
    public int? ReplicationFactor { get; init; }

    /// <summary>Nodes that may hold them; all when null.</summary>
    public IReadOnlyList<ulong>? Placement { get; init; }
}

/// <summary>A key of custom sharding.</summary>
/// <param name="ShardKey">The key.</param>
public sealed record ShardingKeyReference(ShardKey ShardKey);
