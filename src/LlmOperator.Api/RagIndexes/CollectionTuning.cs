using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>How segments are merged and indexed in the background. What is absent is left to Qdrant.</summary>
public sealed record OptimizerSpec
{
    /// <summary>Kilobytes of vectors from which a segment gets its graph; 0 builds none, which makes a first load faster.</summary>
    [Bounds(0, 1_000_000_000)]
    public int? IndexingThreshold { get; init; }

    /// <summary>Segments aimed at; 0 lets Qdrant choose.</summary>
    [Bounds(0, 10_000)]
    public int? DefaultSegmentNumber { get; init; }

    /// <summary>Largest segment in kilobytes.</summary>
    [Bounds(1, 2_000_000_000)]
    public int? MaxSegmentSize { get; init; }

    /// <summary>Share of deleted points from which a segment is written anew.</summary>
    [Bounds(0, 1)]
    public double? DeletedThreshold { get; init; }

    /// <summary>Points a segment must have for that.</summary>
    [Bounds(100, 1_000_000_000)]
    public int? VacuumMinVectorNumber { get; init; }

    /// <summary>Seconds between flushes to disk.</summary>
    [Bounds(1, 86_400)]
    public int? FlushIntervalSeconds { get; init; }

    /// <summary>Threads; 0 stops optimising.</summary>
    [Bounds(0, 1024)]
    public int? MaxOptimizationThreads { get; init; }

    /// <summary>Whether large writes stay hidden from searches until they are indexed.</summary>
    public bool? PreventUnoptimized { get; init; }
}

/// <summary>The write-ahead log.</summary>
public sealed record WalSpec
{
    /// <summary>Megabytes of a segment of the log.</summary>
    [Bounds(1, 65_536)]
    public int? CapacityMb { get; init; }

    /// <summary>Segments made ahead.</summary>
    [Bounds(0, 1000)]
    public int? SegmentsAhead { get; init; }

    /// <summary>Closed segments kept.</summary>
    [Bounds(1, 1000)]
    public int? RetainClosed { get; init; }
}

/// <summary>Limits on what clients may ask of a collection. What is absent is not limited.</summary>
public sealed record StrictModeSpec
{
    /// <summary>Whether the limits count.</summary>
    [Default(true)]
    public bool Enabled { get; set; } = true;

    /// <summary>Most points a search may ask for.</summary>
    [Bounds(1, 1_000_000_000)]
    public int? MaxQueryLimit { get; init; }

    /// <summary>Most seconds a request may ask for.</summary>
    [Bounds(1, 86_400)]
    public int? MaxTimeout { get; init; }

    /// <summary>Whether reads may filter by fields without an index.</summary>
    public bool? UnindexedFilteringRetrieve { get; init; }

    /// <summary>Whether writes may filter by fields without an index.</summary>
    public bool? UnindexedFilteringUpdate { get; init; }

    /// <summary>Largest hnsw_ef of a search.</summary>
    [Bounds(1, 1_000_000)]
    public int? SearchMaxHnswEf { get; init; }

    /// <summary>Whether searches may look at every point.</summary>
    public bool? SearchAllowExact { get; init; }

    /// <summary>Largest oversampling of a search.</summary>
    [Bounds(1, 1000)]
    public double? SearchMaxOversampling { get; init; }

    /// <summary>Most searches of one request.</summary>
    [Bounds(1, 1_000_000)]
    public int? SearchMaxBatchsize { get; init; }

    /// <summary>Most points of one write.</summary>
    [Bounds(1, 1_000_000)]
    public int? UpsertMaxBatchsize { get; init; }

    /// <summary>Most bytes of vectors.</summary>
    [Bounds(1, 1e15)]
    public long? MaxCollectionVectorSizeBytes { get; init; }

    /// <summary>Most bytes of payload.</summary>
    [Bounds(1, 1e15)]
    public long? MaxCollectionPayloadSizeBytes { get; init; }

    /// <summary>Most points.</summary>
    [Bounds(1, 1e15)]
    public long? MaxPointsCount { get; init; }

    /// <summary>Reads a minute and replica.</summary>
    [Bounds(1, 1_000_000_000)]
    public int? ReadRateLimit { get; init; }

    /// <summary>Writes a minute and replica.</summary>
    [Bounds(1, 1_000_000_000)]
    public int? WriteRateLimit { get; init; }

    /// <summary>Most conditions of a filter.</summary>
    [Bounds(1, 1_000_000)]
    public int? FilterMaxConditions { get; init; }

    /// <summary>Most values of a condition.</summary>
    [Bounds(1, 1_000_000)]
    public int? ConditionMaxSize { get; init; }

    /// <summary>Most payload indexes.</summary>
    [Bounds(0, 10_000)]
    public int? MaxPayloadIndexCount { get; init; }
}
