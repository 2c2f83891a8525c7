using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Points;

/// <summary>A vector: <see cref="Dense"/>, <see cref="Sparse"/> or <see cref="Multi"/>.</summary>
[JsonConverter(typeof(VectorValueConverter))]
public abstract record VectorValue
{
    private VectorValue()
    {
    }

    /// <summary>A dense vector.</summary>
    /// <param name="values">Its numbers.</param>
    public static implicit operator VectorValue(float[] values) => new Dense(values);

    /// <summary>A dense vector.</summary>
    /// <param name="Values">Its numbers.</param>
    public sealed record Dense(ReadOnlyMemory<float> Values) : VectorValue;

    /// <summary>A sparse vector.</summary>
    /// <param name="Indices">Where its weights are, each once.</param>
    /// <param name="Values">The weights.</param>
    public sealed record Sparse(ReadOnlyMemory<uint> Indices, ReadOnlyMemory<float> Values) : VectorValue;

    /// <summary>A list of dense vectors of one size.</summary>
    /// <param name="Vectors">The vectors.</param>
    public sealed record Multi(IReadOnlyList<ReadOnlyMemory<float>> Vectors) : VectorValue;
}

/// <summary>Vectors of a point by name; the name of the one unnamed vector is empty.</summary>
[JsonConverter(typeof(VectorsConverter))]
public sealed class Vectors : Dictionary<string, VectorValue>
{
    /// <summary>No vectors yet.</summary>
    public Vectors()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>The one unnamed vector.</summary>
    /// <param name="unnamed">It.</param>
    public Vectors(VectorValue unnamed)
        : this() => this[""] = unnamed;

    /// <summary>The one unnamed, dense vector.</summary>
    /// <param name="values">Its numbers.</param>
    public static implicit operator Vectors(float[] values) => new(new VectorValue.Dense(values));
}
