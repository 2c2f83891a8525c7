using System.Text.Json.Nodes;

namespace LlmOperator.Qdrant.Collections;

/// <summary>Changes of a collection in place. What is null stays.</summary>
public sealed record UpdateCollection
{
    /// <summary>Dense vectors by name; the name of the one unnamed vector is empty.</summary>
    public IReadOnlyDictionary<string, VectorParamsUpdate>? Vectors { get; init; }

    /// <summary>Sparse vectors by name.</summary>
    public IReadOnlyDictionary<string, SparseVectorParams>? SparseVectors { get; init; }

    /// <summary>Copies, fan-out and payload.</summary>
    public CollectionParamsUpdate? Params { get; init; }

    /// <summary>HNSW graph. A change rebuilds it in the background.</summary>
    public HnswConfig? HnswConfig { get; init; }

    /// <summary>Optimisers. An empty one wakes optimisers that wait (status grey).</summary>
    public OptimizersConfig? OptimizersConfig { get; init; }

    /// <summary>Quantisation, or <see cref="QuantizationConfig.Disabled"/>.</summary>
    public QuantizationConfig? QuantizationConfig { get; init; }

    /// <summary>Limits; merged with those there are.</summary>
    public StrictModeConfig? StrictModeConfig { get; init; }

    /// <summary>Merged with what is there; a null takes a key away.</summary>
    public JsonObject? Metadata { get; init; }
}

/// <summary>Parameters of a collection that may change in place.</summary>
public sealed record CollectionParamsUpdate
{
    /// <summary>Copies of each shard. Raising it makes none: see <see cref="Cluster.ClusterOperation.ReplicateShard"/>.</summary>
    public int? ReplicationFactor { get; init; }

    /// <summary>Copies that must have taken a write.</summary>
    public int? WriteConsistencyFactor { get; init; }

    /// <summary>Further copies a read asks at the same time.</summary>
    public int? ReadFanOutFactor { get; init; }

    /// <summary>Milliseconds after which a further copy is asked.</summary>
    public long? ReadFanOutDelayMs { get; init; }

    /// <summary>How payload is stored.</summary>
    public PayloadStorage? Payload { get; init; }
}
