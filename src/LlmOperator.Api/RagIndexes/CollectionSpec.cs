using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>A collection of points: vectors with a payload, or payload alone.</summary>
public sealed record CollectionSpec
{
    /// <summary>Name by which clients find the collection; an alias of the collection that holds the data.</summary>
    [Length(255, 1)]
    [Pattern("^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    public required string Name { get; init; }

    /// <summary>Vectors of the points. Points without vectors when absent.</summary>
    public VectorSpec? Vectors { get; init; }

    /// <summary>The graph vectors are searched by.</summary>
    public HnswSpec? Hnsw { get; init; }

    /// <summary>A smaller copy of the vectors that is searched first.</summary>
    public VectorQuantization? Quantization { get; init; }

    /// <summary>Shards the points are spread over. Qdrant's default, one a node, when absent. It cannot be changed later.</summary>
    [Bounds(1, 1000)]
    [Rule("self == oldSelf", "collections[].shards cannot be changed: add a collection of another name with the wanted shards and move the data")]
    public int? Shards { get; init; }

    /// <summary>Nodes that hold a copy of each shard.</summary>
    [Bounds(1, 100)]
    [Default(1)]
    public int ReplicationFactor { get; set; } = 1;

    /// <summary>Whether payloads are kept on disk rather than in memory.</summary>
    [Default(true)]
    public bool OnDiskPayload { get; set; } = true;

    /// <summary>Payload fields that are indexed, so that a filter on them is fast.</summary>
    [ListMap("field")]
    [Count(64)]
    public IReadOnlyList<PayloadIndex>? PayloadIndexes { get; init; }
}

/// <summary>Vectors of a collection.</summary>
public sealed record VectorSpec
{
    /// <summary>Length of a vector. A change is not applied to a collection that exists: it is reported as a conflict and nothing is dropped.</summary>
    [Bounds(1, 65_536)]
    public required int Size { get; init; }

    /// <summary>Measure of likeness. A change is not applied to a collection that exists: it is reported as a conflict and nothing is dropped.</summary>
    [AllowedValues("Cosine", "Dot", "Euclid", "Manhattan")]
    [Default("Cosine")]
    public string Distance { get; set; } = "Cosine";

    /// <summary>Whether vectors are kept on disk rather than in memory.</summary>
    public bool? OnDisk { get; init; }
}

/// <summary>The graph vectors are searched by.</summary>
public sealed record HnswSpec
{
    /// <summary>Edges a point has: more is more exact and takes more memory.</summary>
    [Bounds(0, 1000)]
    public int? M { get; init; }

    /// <summary>Neighbours looked at while building.</summary>
    [Bounds(4, 10_000)]
    public int? EfConstruct { get; init; }

    /// <summary>Segments with fewer kilobytes of vectors are searched whole.</summary>
    [Bounds(0, 1_000_000_000)]
    public int? FullScanThreshold { get; init; }

    /// <summary>Whether the graph is kept on disk rather than in memory.</summary>
    public bool? OnDisk { get; init; }
}

/// <summary>A smaller copy of the vectors that is searched first.</summary>
public sealed record VectorQuantization
{
    /// <summary>Scalar keeps 8 bits a number, Product a code a group of numbers, Binary one bit a number.</summary>
    [AllowedValues("Scalar", "Product", "Binary")]
    public required string Type { get; init; }

    /// <summary>Whether the copy stays in memory even when vectors are on disk.</summary>
    public bool? AlwaysRam { get; init; }
}

/// <summary>A payload field that is indexed.</summary>
public sealed record PayloadIndex
{
    /// <summary>Name of the field; a dot reaches into objects.</summary>
    [Length(255, 1)]
    public required string Field { get; init; }

    /// <summary>Type of the field's values.</summary>
    [AllowedValues("keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid")]
    [Default("keyword")]
    public string Type { get; set; } = "keyword";
}
