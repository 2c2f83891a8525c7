using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>The graph vectors are searched by.</summary>
[Rule("!(has(self.onDisk) && has(self.memory))", "hnsw takes onDisk or memory, not both: memory Cold is onDisk true, Cached is onDisk false")]
public sealed record HnswSpec
{
    /// <summary>Edges a point has: more is more exact and takes more memory. 16 when absent; 0 builds no graph.</summary>
    [Bounds(0, 1000)]
    public int? M { get; init; }

    /// <summary>Neighbours looked at while building. 100 when absent.</summary>
    [Bounds(4, 10_000)]
    public int? EfConstruct { get; init; }

    /// <summary>Segments with fewer kilobytes of vectors are searched whole.</summary>
    [Bounds(10, 1_000_000_000)]
    public int? FullScanThreshold { get; init; }

    /// <summary>Threads that build the graph; 0 lets Qdrant choose.</summary>
    [Bounds(0, 1024)]
    public int? MaxIndexingThreads { get; init; }

    /// <summary>Edges a point has in the graph of each value of an indexed payload field.</summary>
    [Bounds(0, 1000)]
    public int? PayloadM { get; init; }

    /// <summary>Whether quantised vectors are stored in the graph, which makes reading from disk faster.</summary>
    public bool? InlineStorage { get; init; }

    /// <summary>Whether the graph is kept on disk rather than in memory.</summary>
    public bool? OnDisk { get; init; }

    /// <summary>How the graph, which is always on disk, is held in memory as well: read as it is needed (Cold), loaded and evictable (Cached), or kept (Pinned).</summary>
    [AllowedValues(MemoryUse.Cold, MemoryUse.Cached, MemoryUse.Pinned)]
    public string? Memory { get; init; }
}

/// <summary>A smaller copy of the vectors that is searched first.</summary>
[Rule("!(has(self.alwaysRam) && has(self.memory))", "quantization takes alwaysRam or memory, not both: memory Pinned is alwaysRam true")]
[Rule("!has(self.quantile) || self.type == 'Scalar'", "quantization.quantile belongs to type Scalar: remove it or change the type", FieldPath = ".quantile")]
[Rule("has(self.compression) == (self.type == 'Product')", "quantization.compression belongs to type Product, which needs it: set it with Product and remove it with other types", FieldPath = ".type")]
[Rule("!(has(self.encoding) || has(self.queryEncoding)) || self.type == 'Binary'", "quantization.encoding and quantization.queryEncoding belong to type Binary: remove them or change the type", FieldPath = ".type")]
[Rule("!has(self.bits) || self.type == 'Turbo'", "quantization.bits belongs to type Turbo: remove it or change the type", FieldPath = ".bits")]
public sealed record VectorQuantization
{
    /// <summary>Scalar keeps 8 bits a number, Product a code a group of numbers, Binary one or two bits a number, Turbo one to four bits a number with Qdrant's own coding.</summary>
    [AllowedValues("Scalar", "Product", "Binary", "Turbo")]
    public required string Type { get; init; }

    /// <summary>Scalar: share of the numbers that must fit; the extremes beyond it are cut off.</summary>
    [Bounds(0.5, 1)]
    public double? Quantile { get; init; }

    /// <summary>Product: how many times smaller.</summary>
    [AllowedValues("X4", "X8", "X16", "X32", "X64")]
    public string? Compression { get; init; }

    /// <summary>Binary: bits a number.</summary>
    [AllowedValues("OneBit", "OneAndHalfBits", "TwoBits")]
    public string? Encoding { get; init; }

    /// <summary>Binary: how the query is coded.</summary>
    [AllowedValues("Default", "Binary", "Scalar4Bits", "Scalar8Bits")]
    public string? QueryEncoding { get; init; }

    /// <summary>Turbo: bits a number.</summary>
    [AllowedValues("1", "1.5", "2", "4")]
    public string? Bits { get; init; }

    /// <summary>Whether the copy stays in memory even when vectors are on disk.</summary>
    public bool? AlwaysRam { get; init; }

    /// <summary>How the copy, which is always on disk, is held in memory as well: read as it is needed (Cold), loaded and evictable (Cached), or kept (Pinned). As the vectors when absent.</summary>
    [AllowedValues(MemoryUse.Cold, MemoryUse.Cached, MemoryUse.Pinned)]
    public string? Memory { get; init; }
}
