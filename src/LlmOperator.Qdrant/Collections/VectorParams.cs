using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Collections;

/// <summary>How two vectors are compared.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Distance>))]
public enum Distance
{
    /// <summary>Cosine similarity; vectors are normalised when they are written.</summary>
    Cosine,

    /// <summary>Euclidean distance: smaller is nearer.</summary>
    Euclid,

    /// <summary>Dot product.</summary>
    Dot,

    /// <summary>Manhattan distance: smaller is nearer.</summary>
    Manhattan,
}

/// <summary>How numbers of a vector are stored.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<Datatype>))]
public enum Datatype
{
    /// <summary>32-bit floating point.</summary>
    Float32,

    /// <summary>16-bit floating point.</summary>
    Float16,

    /// <summary>Whole numbers 0 to 255.</summary>
    Uint8,

    /// <summary>Four bits with Qdrant's turbo coding.</summary>
    Turbo4,
}

/// <summary>How two lists of vectors are compared.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<MultiVectorComparator>))]
public enum MultiVectorComparator
{
    /// <summary>Sum, over the vectors of the query, of the best match among those of the point: late interaction, as ColBERT does.</summary>
    MaxSim,
}

/// <summary>A point holds a list of vectors under one name.</summary>
/// <param name="Comparator">How they are compared.</param>
public sealed record MultiVectorConfig(MultiVectorComparator Comparator);

/// <summary>A dense vector of a collection.</summary>
public sealed record VectorParams
{
    /// <summary>Numbers in a vector, 1 to 65536.</summary>
    public required int Size { get; init; }

    /// <summary>How vectors are compared.</summary>
    public required Distance Distance { get; init; }

    /// <summary>HNSW graph of this vector; what it does not say is as the collection says.</summary>
    public HnswConfig? HnswConfig { get; init; }

    /// <summary>Quantisation of this vector, in place of the collection's.</summary>
    public QuantizationConfig? QuantizationConfig { get; init; }

    /// <summary>How the original vectors are held; <see cref="Memory.Pinned"/> is refused.</summary>
    public Memory? Memory { get; init; }

    /// <summary>How numbers are stored; <see cref="Collections.Datatype.Float32"/> when null.</summary>
    public Datatype? Datatype { get; init; }

    /// <summary>Not null when a point holds a list of such vectors.</summary>
    public MultiVectorConfig? MultivectorConfig { get; init; }
}

/// <summary>What may change in a dense vector in place.</summary>
public sealed record VectorParamsUpdate
{
    /// <summary>HNSW graph of this vector.</summary>
    public HnswConfig? HnswConfig { get; init; }

    /// <summary>Quantisation of this vector, or <see cref="QuantizationConfig.Disabled"/>.</summary>
    public QuantizationConfig? QuantizationConfig { get; init; }

    /// <summary>How the original vectors are held.</summary>
    public Memory? Memory { get; init; }
}

/// <summary>Weighting of a sparse vector by the server.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<SparseModifier>))]
public enum SparseModifier
{
    /// <summary>None.</summary>
    None,

    /// <summary>Inverse document frequency, kept up to date by the server: what BM25 needs.</summary>
    Idf,
}

/// <summary>A sparse vector of a collection.</summary>
public sealed record SparseVectorParams
{
    /// <summary>Its index.</summary>
    public SparseIndexParams? Index { get; init; }

    /// <summary>Weighting by the server.</summary>
    public SparseModifier? Modifier { get; init; }
}

/// <summary>Index of a sparse vector.</summary>
public sealed record SparseIndexParams
{
    /// <summary>Below so many points no index is used.</summary>
    public long? FullScanThreshold { get; init; }

    /// <summary>How it is held.</summary>
    public Memory? Memory { get; init; }

    /// <summary>How weights are stored.</summary>
    public Datatype? Datatype { get; init; }
}

/// <summary>A named vector that is added to a collection: exactly one of the two.</summary>
public sealed record NewVector
{
    /// <summary>A dense one.</summary>
    public NewDenseVector? Dense { get; init; }

    /// <summary>A sparse one.</summary>
    public NewSparseVector? Sparse { get; init; }
}

/// <summary>A dense vector that is added to a collection.</summary>
public sealed record NewDenseVector
{
    /// <summary>Numbers in a vector, 1 to 65536.</summary>
    public required int Size { get; init; }

    /// <summary>How vectors are compared.</summary>
    public required Distance Distance { get; init; }

    /// <summary>Not null when a point holds a list of such vectors.</summary>
    public MultiVectorConfig? MultivectorConfig { get; init; }

    /// <summary>How numbers are stored.</summary>
    public Datatype? Datatype { get; init; }
}

/// <summary>A sparse vector that is added to a collection.</summary>
public sealed record NewSparseVector
{
    /// <summary>Weighting by the server.</summary>
    public SparseModifier? Modifier { get; init; }

    /// <summary>How weights are stored.</summary>
    public Datatype? Datatype { get; init; }
}
