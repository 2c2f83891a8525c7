using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Collections;

/// <summary>State of a collection. All but red serve searches correctly.</summary>
[JsonConverter(typeof(ReportedEnumConverter<CollectionStatus>))]
public enum CollectionStatus
{
    /// <summary>One this client does not know.</summary>
    Unknown,

    /// <summary>All is optimised.</summary>
    Green,

    /// <summary>Optimising.</summary>
    Yellow,

    /// <summary>Work waits and was not begun since the server started; any write begins it.</summary>
    Grey,

    /// <summary>An optimiser failed.</summary>
    Red,
}

/// <summary>State and configuration of a collection.</summary>
public sealed record CollectionInfo
{
    /// <summary>State.</summary>
    public required CollectionStatus Status { get; init; }

    /// <summary>Whether optimisers work.</summary>
    public OptimizerStatus OptimizerStatus { get; init; } = OptimizerStatus.Ok;

    /// <summary>What the server warns of.</summary>
    public IReadOnlyList<CollectionWarning> Warnings { get; init; } = [];

    /// <summary>Vectors in an index, about; counts vectors, so it may exceed the points.</summary>
    public long? IndexedVectorsCount { get; init; }

    /// <summary>Points, about.</summary>
    public long? PointsCount { get; init; }

    /// <summary>Segments.</summary>
    public int SegmentsCount { get; init; }

    /// <summary>Configuration as it is stored.</summary>
    public required CollectionConfig Config { get; init; }

    /// <summary>Payload indexes by field.</summary>
    public IReadOnlyDictionary<string, PayloadIndexInfo> PayloadSchema { get; init; } = new Dictionary<string, PayloadIndexInfo>();

    /// <summary>Updates that wait.</summary>
    public UpdateQueueInfo? UpdateQueue { get; init; }
}

/// <summary>Whether optimisers work.</summary>
/// <param name="Error">What they failed with; null when they work.</param>
[JsonConverter(typeof(OptimizerStatusConverter))]
public sealed record OptimizerStatus(string? Error)
{
    /// <summary>They work.</summary>
    public static OptimizerStatus Ok { get; } = new((string?)null);
}

/// <summary>A warning of the server.</summary>
/// <param name="Message">Its words.</param>
public sealed record CollectionWarning(string Message);

/// <summary>Updates that wait.</summary>
/// <param name="Length">How many.</param>
/// <param name="DeferredPoints">Points hidden from searches until they are indexed.</param>
public sealed record UpdateQueueInfo(long Length, long? DeferredPoints);

/// <summary>Configuration of a collection as it is stored; defaults are filled in for some fields and left out for others.</summary>
public sealed record CollectionConfig
{
    /// <summary>Vectors, shards and copies.</summary>
    public required CollectionParams Params { get; init; }

    /// <summary>HNSW graph.</summary>
    public required HnswConfig HnswConfig { get; init; }

    /// <summary>Optimisers.</summary>
    public required OptimizersConfig OptimizerConfig { get; init; }

    /// <summary>Write-ahead log.</summary>
    public WalConfig? WalConfig { get; init; }

    /// <summary>Quantisation.</summary>
    public QuantizationConfig? QuantizationConfig { get; init; }

    /// <summary>Limits.</summary>
    public StrictModeConfig? StrictModeConfig { get; init; }

    /// <summary>What its owner keeps with it.</summary>
    public JsonObject? Metadata { get; init; }
}

/// <summary>Vectors, shards and copies of a collection.</summary>
public sealed record CollectionParams
{
    /// <summary>Dense vectors by name; the name of the one unnamed vector is empty.</summary>
    [JsonConverter(typeof(VectorsConfigConverter))]
    public IReadOnlyDictionary<string, VectorParams>? Vectors { get; init; }

    /// <summary>Sparse vectors by name.</summary>
    public IReadOnlyDictionary<string, SparseVectorParams>? SparseVectors { get; init; }

    /// <summary>Shards.</summary>
    public int ShardNumber { get; init; } = 1;

    /// <summary>How points are put into shards.</summary>
    public ShardingMethod? ShardingMethod { get; init; }

    /// <summary>Copies of each shard.</summary>
    public int ReplicationFactor { get; init; } = 1;

    /// <summary>Copies that must have taken a write.</summary>
    public int WriteConsistencyFactor { get; init; } = 1;

    /// <summary>Further copies a read asks at the same time.</summary>
    public int? ReadFanOutFactor { get; init; }

    /// <summary>Milliseconds after which a further copy is asked.</summary>
    public long? ReadFanOutDelayMs { get; init; }

    /// <summary>How payload is stored.</summary>
    public PayloadStorage? Payload { get; init; }
}
