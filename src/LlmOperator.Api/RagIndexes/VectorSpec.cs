using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>Dense vectors of a collection.</summary>
[Rule("!(has(self.onDisk) && has(self.memory))", "a vector takes onDisk or memory, not both: memory Cold is onDisk true, Cached is onDisk false")]
public record VectorSpec
{
    /// <summary>Length of a vector. A change is a migration.</summary>
    [Bounds(1, 65_536)]
    public required int Size { get; init; }

    /// <summary>Measure of likeness. A change is a migration.</summary>
    [AllowedValues("Cosine", "Dot", "Euclid", "Manhattan")]
    [Default("Cosine")]
    public string Distance { get; set; } = "Cosine";

    /// <summary>Whether vectors are kept on disk rather than in memory.</summary>
    public bool? OnDisk { get; init; }

    /// <summary>How vectors, which are always on disk, are held in memory as well: Cold reads them as they are needed, Cached loads them at start and may evict them.</summary>
    [AllowedValues(MemoryUse.Cold, MemoryUse.Cached)]
    public string? Memory { get; init; }

    /// <summary>How numbers are stored. Float32 when absent. A change is a migration.</summary>
    [AllowedValues("Float32", "Float16", "Uint8", "Turbo4")]
    public string? Datatype { get; init; }

    /// <summary>Set when a point holds a list of such vectors, as ColBERT and other late interaction models make. A change is a migration.</summary>
    public MultivectorSpec? Multivector { get; init; }

    /// <summary>The graph of this vector; what it leaves out is as the collection says.</summary>
    public HnswSpec? Hnsw { get; init; }

    /// <summary>A smaller copy of this vector, in place of the collection's.</summary>
    public VectorQuantization? Quantization { get; init; }
}

/// <summary>A dense vector with a name.</summary>
public sealed record NamedVectorSpec : VectorSpec
{
    /// <summary>Its name.</summary>
    [Length(63, 1)]
    [Pattern("^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    public required string Name { get; init; }
}

/// <summary>A list of vectors under one name.</summary>
public sealed record MultivectorSpec
{
    /// <summary>How two lists are compared: MaxSim sums, over the vectors of the query, the best match among those of the point.</summary>
    [AllowedValues("MaxSim")]
    [Default("MaxSim")]
    public string Comparator { get; set; } = "MaxSim";
}

/// <summary>A sparse vector.</summary>
public sealed record SparseVectorSpec
{
    /// <summary>Its name.</summary>
    [Length(63, 1)]
    [Pattern("^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    public required string Name { get; init; }

    /// <summary>Weighting by Qdrant: Idf keeps the inverse document frequency up to date, which BM25 needs.</summary>
    [AllowedValues("None", "Idf")]
    [Default("None")]
    public string Modifier { get; set; } = "None";

    /// <summary>Its index.</summary>
    public SparseIndexSpec? Index { get; init; }
}

/// <summary>Index of a sparse vector.</summary>
public sealed record SparseIndexSpec
{
    /// <summary>With fewer points than this all are looked at.</summary>
    [Bounds(0, 1_000_000_000)]
    public int? FullScanThreshold { get; init; }

    /// <summary>How the index is held in memory: read as it is needed (Cold), loaded and evictable (Cached), or kept (Pinned).</summary>
    [AllowedValues(MemoryUse.Cold, MemoryUse.Cached, MemoryUse.Pinned)]
    public string? Memory { get; init; }

    /// <summary>How weights are stored. Float32 when absent.</summary>
    [AllowedValues("Float32", "Float16", "Uint8")]
    public string? Datatype { get; init; }
}

/// <summary>How what is always on disk is held in memory as well.</summary>
public static class MemoryUse
{
    /// <summary>Read from disk as it is needed.</summary>
    public const string Cold = "Cold";

    /// <summary>Loaded at start; may be evicted.</summary>
    public const string Cached = "Cached";

    /// <summary>In memory for good.</summary>
    public const string Pinned = "Pinned";
}
