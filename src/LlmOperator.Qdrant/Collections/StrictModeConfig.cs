namespace LlmOperator.Qdrant.Collections;

/// <summary>Limits on what clients may ask of a collection. What is null is not limited.</summary>
public sealed record StrictModeConfig
{
    /// <summary>Whether the limits count.</summary>
    public bool? Enabled { get; init; }

    /// <summary>Most points a search may ask for.</summary>
    public long? MaxQueryLimit { get; init; }

    /// <summary>Most seconds a request may ask for.</summary>
    public long? MaxTimeout { get; init; }

    /// <summary>Whether reads may filter by fields without an index.</summary>
    public bool? UnindexedFilteringRetrieve { get; init; }

    /// <summary>Whether writes may filter by fields without an index.</summary>
    public bool? UnindexedFilteringUpdate { get; init; }

    /// <summary>Largest <c>hnsw_ef</c>.</summary>
    public long? SearchMaxHnswEf { get; init; }

    /// <summary>Whether exact searches are allowed.</summary>
    public bool? SearchAllowExact { get; init; }

    /// <summary>Largest oversampling.</summary>
    public double? SearchMaxOversampling { get; init; }

    /// <summary>Most points of one upsert.</summary>
    public long? UpsertMaxBatchsize { get; init; }

    /// <summary>Most searches of one batch.</summary>
    public long? SearchMaxBatchsize { get; init; }

    /// <summary>Most bytes of vectors.</summary>
    public long? MaxCollectionVectorSizeBytes { get; init; }

    /// <summary>Most bytes of payload.</summary>
    public long? MaxCollectionPayloadSizeBytes { get; init; }

    /// <summary>Reads a minute and replica.</summary>
    public long? ReadRateLimit { get; init; }

    /// <summary>Writes a minute and replica.</summary>
    public long? WriteRateLimit { get; init; }

    /// <summary>Most points.</summary>
    public long? MaxPointsCount { get; init; }

    /// <summary>Most conditions of a filter.</summary>
    public long? FilterMaxConditions { get; init; }

    /// <summary>Most values of a condition.</summary>
    public long? ConditionMaxSize { get; init; }

    /// <summary>Limits of multivectors, by name.</summary>
    public IReadOnlyDictionary<string, StrictModeMultivector>? MultivectorConfig { get; init; }

    /// <summary>Limits of sparse vectors, by name.</summary>
    public IReadOnlyDictionary<string, StrictModeSparse>? SparseConfig { get; init; }

    /// <summary>Most payload indexes.</summary>
    public long? MaxPayloadIndexCount { get; init; }

    /// <summary>Share of memory from which writes are refused. Deprecated by the server.</summary>
    public int? MaxResidentMemoryPercent { get; init; }
}

/// <summary>Limits of a multivector.</summary>
/// <param name="MaxVectors">Most vectors a point.</param>
public sealed record StrictModeMultivector(int? MaxVectors);

/// <summary>Limits of a sparse vector.</summary>
/// <param name="MaxLength">Most weights a point.</param>
public sealed record StrictModeSparse(int? MaxLength);
