using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Collections;

/// <summary>How points are put into shards.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<ShardingMethod>))]
public enum ShardingMethod
{
    /// <summary>By their id.</summary>
    Auto,

    /// <summary>By a key their writer names.</summary>
    Custom,
}

/// <summary>How payload is stored.</summary>
/// <param name="Memory">How it is held; <see cref="Memory.Pinned"/> is refused.</param>
public sealed record PayloadStorage(Memory? Memory);

/// <summary>A collection to be created. What is null is left to the server.</summary>
public sealed record CreateCollection
{
    /// <summary>Dense vectors by name; the name of the one unnamed vector is empty.</summary>
    [JsonConverter(typeof(VectorsConfigConverter))]
    public IReadOnlyDictionary<string, VectorParams>? Vectors { get; init; }

    /// <summary>Sparse vectors by name.</summary>
    public IReadOnlyDictionary<string, SparseVectorParams>? SparseVectors { get; init; }

    /// <summary>Shards; with <see cref="ShardingMethod.Custom"/>, for each key.</summary>
    public int? ShardNumber { get; init; }

    /// <summary>How points are put into shards.</summary>
    public ShardingMethod? ShardingMethod { get; init; }

    /// <summary>Copies of each shard.</summary>
    public int? ReplicationFactor { get; init; }

    /// <summary>Copies that must have taken a write.</summary>
    public int? WriteConsistencyFactor { get; init; }

    /// <summary>How payload is stored.</summary>
    public PayloadStorage? Payload { get; init; }

    /// <summary>HNSW graph.</summary>
    public HnswConfig? HnswConfig { get; init; }

    /// <summary>Write-ahead log.</summary>
    public WalConfig? WalConfig { get; init; }

    /// <summary>Optimisers.</summary>
    public OptimizersConfig? OptimizersConfig { get; init; }

    /// <summary>Quantisation.</summary>
    public QuantizationConfig? QuantizationConfig { get; init; }

    /// <summary>Limits.</summary>
    public StrictModeConfig? StrictModeConfig { get; init; }

    /// <summary>Whatever its owner wants kept with it.</summary>
    public JsonObject? Metadata { get; init; }
}
