using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Collections;

/// <summary>The HNSW graph. In a request what is null is left to the server; in an answer what is null is not set.</summary>
public sealed record HnswConfig
{
    /// <summary>Edges a node (16); 0 builds no graph.</summary>
    public int? M { get; init; }

    /// <summary>Neighbours looked at while building (100), at least 4.</summary>
    public int? EfConstruct { get; init; }

    /// <summary>Kilobytes of vectors below which a full scan is made, at least 10.</summary>
    public int? FullScanThreshold { get; init; }

    /// <summary>Threads that build it; 0 chooses.</summary>
    public int? MaxIndexingThreads { get; init; }

    /// <summary>How it is held.</summary>
    public Memory? Memory { get; init; }

    /// <summary>Edges a node in the graphs of each value of a payload index.</summary>
    public int? PayloadM { get; init; }

    /// <summary>Whether quantised vectors are stored in the graph.</summary>
    public bool? InlineStorage { get; init; }
}

/// <summary>The write-ahead log.</summary>
public sealed record WalConfig
{
    /// <summary>Size of a segment (32).</summary>
    public int? WalCapacityMb { get; init; }

    /// <summary>Segments made ahead (0).</summary>
    public int? WalSegmentsAhead { get; init; }

    /// <summary>Closed segments kept (1).</summary>
    public int? WalRetainClosed { get; init; }
}

/// <summary>Optimisers, which build indexes in the background. In a request what is null is left to the server.</summary>
public sealed record OptimizersConfig
{
    /// <summary>Share of deleted points from which a segment is rewritten (0.2).</summary>
    public double? DeletedThreshold { get; init; }

    /// <summary>Points a segment must have for that (1000), at least 100.</summary>
    public int? VacuumMinVectorNumber { get; init; }

    /// <summary>Segments aimed at; 0 chooses.</summary>
    public int? DefaultSegmentNumber { get; init; }

    /// <summary>Largest segment in kilobytes.</summary>
    public long? MaxSegmentSize { get; init; }

    /// <summary>Kilobytes of vectors from which a segment is mapped from disk. Deprecated by the server.</summary>
    public long? MemmapThreshold { get; init; }

    /// <summary>Kilobytes of vectors from which a segment is indexed; 0 never does.</summary>
    public long? IndexingThreshold { get; init; }

    /// <summary>Seconds between flushes (5).</summary>
    public int? FlushIntervalSec { get; init; }

    /// <summary>Threads of optimisation.</summary>
    public OptimizationThreads? MaxOptimizationThreads { get; init; }

    /// <summary>Whether large writes stay hidden from searches until they are indexed.</summary>
    public bool? PreventUnoptimized { get; init; }
}

/// <summary>A number of threads; 0 makes no optimisation.</summary>
/// <param name="Count">How many; null lets the server choose.</param>
[JsonConverter(typeof(OptimizationThreadsConverter))]
public readonly record struct OptimizationThreads(int? Count)
{
    /// <summary>The server chooses.</summary>
    public static OptimizationThreads Auto { get; } = new(null);
}
