using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>A collection of points: vectors with a payload, or payload alone.</summary>
[Rule(
    "!(has(self.vectors) && has(self.namedVectors))",
    "collections[] takes vectors (one vector without a name) or namedVectors, not both: move vectors into namedVectors under a name")]
[Rule(
    "!has(self.namedVectors) || !has(self.sparseVectors) || self.sparseVectors.all(s, !self.namedVectors.exists(d, d.name == s.name))",
    "collections[].sparseVectors must not have a name that namedVectors has: rename one of them",
    FieldPath = ".sparseVectors")]
[Rule(
    "self.writeConsistencyFactor <= self.replicationFactor",
    "collections[].writeConsistencyFactor must not exceed replicationFactor: no write could succeed; lower it or raise replicationFactor",
    FieldPath = ".writeConsistencyFactor")]
public sealed record CollectionSpec
{
    /// <summary>Name by which clients find the collection; an alias of the collection that holds the data, which is named after it with its generation.</summary>
    [Length(240, 1)]
    [Pattern("^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    public required string Name { get; init; }

    /// <summary>The one vector of a point, which has no name. Points without vectors when this, namedVectors and sparseVectors are absent.</summary>
    public VectorSpec? Vectors { get; init; }

    /// <summary>Vectors of a point by name. The embedding model makes the first whose size is embedding.size and that is no multivector. One that is added is added in place and is empty until points are written again; taking one away is a migration.</summary>
    [ListMap("name")]
    [Count(16, 1)]
    public IReadOnlyList<NamedVectorSpec>? NamedVectors { get; init; }

    /// <summary>Sparse vectors of a point, for search by words (BM25, SPLADE).</summary>
    [ListMap("name")]
    [Count(16, 1)]
    public IReadOnlyList<SparseVectorSpec>? SparseVectors { get; init; }

    /// <summary>The graph vectors are searched by.</summary>
    public HnswSpec? Hnsw { get; init; }

    /// <summary>A smaller copy of the vectors that is searched first.</summary>
    public VectorQuantization? Quantization { get; init; }

    /// <summary>Shards the points are spread over. Qdrant's default, one a node, when absent. A change is a migration.</summary>
    [Bounds(1, 1000)]
    public int? Shards { get; init; }

    /// <summary>Nodes that hold a copy of each shard.</summary>
    [Bounds(1, 100)]
    [Default(1)]
    public int ReplicationFactor { get; set; } = 1;

    /// <summary>Nodes that must have taken a write before it succeeds.</summary>
    [Bounds(1, 100)]
    [Default(1)]
    public int WriteConsistencyFactor { get; set; } = 1;

    /// <summary>Whether payloads are kept on disk rather than in memory.</summary>
    [Default(true)]
    public bool OnDiskPayload { get; set; } = true;

    /// <summary>How segments are merged and indexed in the background.</summary>
    public OptimizerSpec? Optimizers { get; init; }

    /// <summary>The write-ahead log. Qdrant cannot change it later: a change is a migration.</summary>
    public WalSpec? Wal { get; init; }

    /// <summary>Limits on what clients may ask of the collection.</summary>
    public StrictModeSpec? StrictMode { get; init; }

    /// <summary>Payload fields that are indexed, so that a filter on them is fast. An index that is taken away here is removed; one made by others is left.</summary>
    [ListMap("field")]
    [Count(64)]
    public IReadOnlyList<PayloadIndex>? PayloadIndexes { get; init; }
}
