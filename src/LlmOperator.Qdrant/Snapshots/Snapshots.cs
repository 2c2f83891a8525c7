using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Snapshots;

/// <summary>A snapshot on a node.</summary>
public sealed record SnapshotDescription
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>When it was made, in UTC, as the server writes it: without a zone.</summary>
    public string? CreationTime { get; init; }

    /// <summary>Its size in bytes.</summary>
    public long Size { get; init; }

    /// <summary>SHA-256 in hexadecimal; null while it is being computed.</summary>
    public string? Checksum { get; init; }
}

/// <summary>What counts when a snapshot differs from what a collection holds.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<SnapshotPriority>))]
public enum SnapshotPriority
{
    /// <summary>The other replicas.</summary>
    Replica,

    /// <summary>The snapshot. For moving data into an empty cluster.</summary>
    Snapshot,

    /// <summary>Nothing is brought in line.</summary>
    NoSync,
}

/// <summary>A snapshot to be recovered.</summary>
/// <param name="Location">Where the server reads it: <c>file:///…</c> on its own disk, or <c>http(s)://…</c>.</param>
public sealed record RecoverSnapshot(Uri Location)
{
    /// <summary>What counts when it differs from what is there.</summary>
    public SnapshotPriority? Priority { get; init; }

    /// <summary>SHA-256 it must have.</summary>
    public string? Checksum { get; init; }

    /// <summary>API key the server needs to read it from another one.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Whether to wait until it is done.</summary>
    [JsonIgnore]
    public bool Wait { get; init; } = true;

    /// <summary>Without the key: it must not get into a log.</summary>
    public override string ToString() => Location.ToString();
}
