using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Cluster;

/// <summary>A node and its peers.</summary>
public sealed record ClusterInfo
{
    /// <summary><c>enabled</c>, or <c>disabled</c> on a server that stands alone.</summary>
    public required string Status { get; init; }

    /// <summary>This node.</summary>
    public ulong? PeerId { get; init; }

    /// <summary>All nodes by id, this one among them.</summary>
    public IReadOnlyDictionary<string, PeerInfo>? Peers { get; init; }

    /// <summary>Consensus.</summary>
    public RaftInfo? RaftInfo { get; init; }

    /// <summary>Whether consensus works.</summary>
    public ConsensusThread? ConsensusThreadStatus { get; init; }

    /// <summary>Whether this is a cluster.</summary>
    [JsonIgnore]
    public bool IsEnabled => Status == "enabled";

    /// <summary>Ids of all nodes.</summary>
    [JsonIgnore]
    public IEnumerable<ulong> PeerIds => (Peers?.Keys ?? []).Select(ulong.Parse);
}

/// <summary>A node.</summary>
/// <param name="Uri">Where its peers reach it.</param>
public sealed record PeerInfo(string Uri);

/// <summary>Consensus as a node sees it.</summary>
public sealed record RaftInfo
{
    /// <summary>Term.</summary>
    public ulong Term { get; init; }

    /// <summary>Last entry applied.</summary>
    public ulong Commit { get; init; }

    /// <summary>Entries that wait.</summary>
    public long PendingOperations { get; init; }

    /// <summary>The leader; null when none is known.</summary>
    public ulong? Leader { get; init; }

    /// <summary>What this node is.</summary>
    public string? Role { get; init; }

    /// <summary>Whether this node votes.</summary>
    public bool IsVoter { get; init; }
}

/// <summary>Whether consensus works.</summary>
public sealed record ConsensusThread
{
    /// <summary><c>working</c>, <c>stopped</c> or <c>stopped_with_err</c>.</summary>
    [JsonPropertyName("consensus_thread_status")]
    public required string Status { get; init; }

    /// <summary>What it stopped with.</summary>
    public string? Err { get; init; }
}

/// <summary>State of a replica.</summary>
[JsonConverter(typeof(ReportedEnumConverter<ReplicaState>))]
public enum ReplicaState
{
    /// <summary>One this client does not know.</summary>
    Unknown,

    /// <summary>Serves reads and writes.</summary>
    Active,

    /// <summary>Missed writes, or is not reached.</summary>
    Dead,

    /// <summary>Being filled.</summary>
    Partial,

    /// <summary>Being created with its collection.</summary>
    Initializing,

    /// <summary>Takes writes, serves no reads.</summary>
    Listener,

    /// <summary>Being filled from a snapshot.</summary>
    PartialSnapshot,

    /// <summary>Being recovered.</summary>
    Recovery,

    /// <summary>Being filled while shards are split.</summary>
    Resharding,

    /// <summary>Being emptied while shards are merged.</summary>
    ReshardingScaleDown,

    /// <summary>Serves reads, does not count for writes yet.</summary>
    ActiveRead,

    /// <summary>Being recovered by hand.</summary>
    ManualRecovery,
}

/// <summary>Where the shards of a collection are.</summary>
public sealed record CollectionClusterInfo
{
    /// <summary>This node.</summary>
    public required ulong PeerId { get; init; }

    /// <summary>Shards.</summary>
    public int ShardCount { get; init; }

    /// <summary>Replicas on this node.</summary>
    public IReadOnlyList<LocalShard> LocalShards { get; init; } = [];

    /// <summary>Replicas on other nodes.</summary>
    public IReadOnlyList<RemoteShard> RemoteShards { get; init; } = [];

    /// <summary>Replicas on their way.</summary>
    [JsonPropertyName("shard_transfers")]
    public IReadOnlyList<ShardTransfer> Transfers { get; init; } = [];

    /// <summary>All replicas, wherever they are.</summary>
    [JsonIgnore]
    public IEnumerable<ShardReplica> Replicas =>
        [.. LocalShards.Select(shard => new ShardReplica(shard.ShardId, PeerId, shard.State)), .. RemoteShards.Select(shard => new ShardReplica(shard.ShardId, shard.PeerId, shard.State))];
}

/// <summary>A replica.</summary>
/// <param name="ShardId">Its shard.</param>
/// <param name="PeerId">Its node.</param>
/// <param name="State">Its state.</param>
public readonly record struct ShardReplica(uint ShardId, ulong PeerId, ReplicaState State);

/// <summary>A replica on the node that was asked.</summary>
public sealed record LocalShard
{
    /// <summary>Its shard.</summary>
    public required uint ShardId { get; init; }

    /// <summary>With custom sharding, its key.</summary>
    public Points.ShardKey? ShardKey { get; init; }

    /// <summary>Its points.</summary>
    public long PointsCount { get; init; }

    /// <summary>Its state.</summary>
    public ReplicaState State { get; init; }
}

/// <summary>A replica on another node.</summary>
public sealed record RemoteShard
{
    /// <summary>Its shard.</summary>
    public required uint ShardId { get; init; }

    /// <summary>With custom sharding, its key.</summary>
    public Points.ShardKey? ShardKey { get; init; }

    /// <summary>Its node.</summary>
    public required ulong PeerId { get; init; }

    /// <summary>Its state.</summary>
    public ReplicaState State { get; init; }
}

/// <summary>A replica on its way.</summary>
public sealed record ShardTransfer
{
    /// <summary>Its shard.</summary>
    public required uint ShardId { get; init; }

    /// <summary>Node it comes from.</summary>
    public required ulong From { get; init; }

    /// <summary>Node it goes to.</summary>
    public required ulong To { get; init; }

    /// <summary>Whether the source keeps its replica.</summary>
    public bool Sync { get; init; }

    /// <summary>How.</summary>
    public string? Method { get; init; }

    /// <summary>How far it has come, in the server's words.</summary>
    public string? Comment { get; init; }
}
