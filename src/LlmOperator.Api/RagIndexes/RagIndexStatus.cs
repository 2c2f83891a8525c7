using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.RagIndexes;

/// <summary>The collections there are.</summary>
public sealed record RagIndexStatus
{
    /// <summary>Generation of the spec this status is about.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Address of Qdrant.</summary>
    [Length(2048)]
    public string? Url { get; init; }

    /// <summary>Secret key with Qdrant's API key: the operator's own of a managed Qdrant, that of the spec of an external one. Absent when Qdrant asks for none.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }

    /// <summary>The server.</summary>
    public QdrantStatus? Qdrant { get; init; }

    /// <summary>Ready and wanted collections in one text, for example 3/3.</summary>
    [Length(32)]
    public string? Ready { get; init; }

    /// <summary>Points in all collections, as last counted.</summary>
    public long? Points { get; init; }

    /// <summary>Each collection as it is.</summary>
    [ListMap("name")]
    [Count(64)]
    public IReadOnlyList<CollectionStatus>? Collections { get; init; }

    /// <summary>LlmEndpoints of the namespace that retrieve from this index.</summary>
    [Atomic]
    [Count(1000)]
    [Length(253)]
    public IReadOnlyList<string>? UsedBy { get; init; }

    /// <summary>The latest snapshots.</summary>
    public SnapshotStatus? Snapshots { get; init; }

    /// <summary>What is the case: QdrantReady, CollectionsReady, SchemaConflict, Conflict, Progressing, Ready and others.</summary>
    [ListMap("type")]
    [Count(32)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A Qdrant server as it is.</summary>
public sealed record QdrantStatus
{
    /// <summary>Version it reports.</summary>
    [Length(64)]
    public string? Version { get; init; }

    /// <summary>Nodes of its cluster; 1 when it stands alone.</summary>
    public int? Peers { get; init; }

    /// <summary>Pods wanted of a managed one at present.</summary>
    public int? Replicas { get; init; }

    /// <summary>Pods of a managed one that are ready.</summary>
    public int? ReadyReplicas { get; init; }
}

/// <summary>Snapshots taken at set times.</summary>
public sealed record SnapshotStatus
{
    /// <summary>The time of the schedule the latest were taken for.</summary>
    public DateTimeOffset? LastScheduleTime { get; init; }

    /// <summary>When the latest were complete and checked.</summary>
    public DateTimeOffset? LastSuccessfulTime { get; init; }

    /// <summary>Snapshots that were made then: one a collection and node.</summary>
    public int? Count { get; init; }

    /// <summary>Their size together.</summary>
    public long? Bytes { get; init; }

    /// <summary>What of the data is in none of them, and why; absent when all is.</summary>
    [Length(1024)]
    public string? Incomplete { get; init; }
}
