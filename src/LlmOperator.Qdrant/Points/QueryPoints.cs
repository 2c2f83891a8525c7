using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Points;

/// <summary>A search.</summary>
public sealed record QueryPoints
{
    /// <summary>Searches whose results this one ranks anew; the filter of this one does not reach them.</summary>
    public IReadOnlyList<Prefetch>? Prefetch { get; init; }

    /// <summary>What to find; null gives points in the order of their ids.</summary>
    public Query? Query { get; init; }

    /// <summary>Vector that is searched; the unnamed one when null.</summary>
    public string? Using { get; init; }

    /// <summary>Which points count.</summary>
    public Filter? Filter { get; init; }

    /// <summary>How to search.</summary>
    public SearchParams? Params { get; init; }

    /// <summary>Points that match worse are left out.</summary>
    public float? ScoreThreshold { get; init; }

    /// <summary>Most points; the server takes 10 when null.</summary>
    public int? Limit { get; init; }

    /// <summary>Points left out at the beginning.</summary>
    public int? Offset { get; init; }

    /// <summary>Which payload; the server gives none when null.</summary>
    public PayloadSelector? WithPayload { get; init; }

    /// <summary>Which vectors; the server gives none when null.</summary>
    public VectorSelector? WithVector { get; init; }

    /// <summary>Where ids in the query are looked up, when not here.</summary>
    public LookupLocation? LookupFrom { get; init; }

    /// <summary>With custom sharding, where to search.</summary>
    public ShardKey? ShardKey { get; init; }

    /// <summary>How replicas are asked. In a batch, the first one's counts.</summary>
    [JsonIgnore]
    public ReadConsistency? Consistency { get; init; }
}

/// <summary>A search whose results another one ranks anew.</summary>
public sealed record Prefetch
{
    /// <summary>Searches whose results this one ranks anew.</summary>
    [JsonPropertyName("prefetch")]
    public IReadOnlyList<Prefetch>? Inner { get; init; }

    /// <summary>What to find.</summary>
    public Query? Query { get; init; }

    /// <summary>Vector that is searched; the unnamed one when null.</summary>
    public string? Using { get; init; }

    /// <summary>Which points count.</summary>
    public Filter? Filter { get; init; }

    /// <summary>How to search.</summary>
    public SearchParams? Params { get; init; }

    /// <summary>Points that match worse are left out.</summary>
    public float? ScoreThreshold { get; init; }

    /// <summary>Most points; the server takes 10 when null.</summary>
    public int? Limit { get; init; }

    /// <summary>Where ids in the query are looked up, when not here.</summary>
    public LookupLocation? LookupFrom { get; init; }
}

/// <summary>A collection where vectors of ids are looked up.</summary>
/// <param name="Collection">The collection.</param>
/// <param name="Vector">Its vector; the unnamed one when null.</param>
public sealed record LookupLocation(string Collection, string? Vector = null);

/// <summary>How two or more rankings become one.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<Fusion>))]
public enum Fusion
{
    /// <summary>Reciprocal rank fusion: only ranks count.</summary>
    Rrf,

    /// <summary>Scores, each ranking's own brought to one scale by mean and deviation.</summary>
    Dbsf,
}

/// <summary>What a search finds: made by the methods of this type.</summary>
[JsonConverter(typeof(QueryConverter))]
public sealed record Query
{
    private Query()
    {
    }

    internal VectorValue? Vector { get; private init; }

    internal PointId? Point { get; private init; }

    internal JsonObject? Body { get; private init; }

    /// <summary>Points near a vector.</summary>
    /// <param name="vector">The vector.</param>
    public static implicit operator Query(float[] vector) => Nearest(new VectorValue.Dense(vector));

    /// <summary>Points near a vector.</summary>
    /// <param name="vector">The vector.</param>
    public static Query Nearest(VectorValue vector) => new() { Vector = vector };

    /// <summary>Points near another point, which is left out itself.</summary>
    /// <param name="point">The other point.</param>
    public static Query Nearest(PointId point) => new() { Point = point };

    /// <summary>The results of the prefetches, fused.</summary>
    /// <param name="fusion">How.</param>
    public static Query Fuse(Fusion fusion) => new() { Body = new() { ["fusion"] = fusion == Fusion.Rrf ? "rrf" : "dbsf" } };

    /// <summary>The results of the prefetches, fused by rank.</summary>
    /// <param name="k">Constant: the smaller, the more the first ranks count.</param>
    /// <param name="weights">Weight of each prefetch.</param>
    public static Query Rrf(int? k, IReadOnlyList<float>? weights = null)
    {
        var rrf = new JsonObject();
        if (k is not null)
        {
            rrf["k"] = k;
        }

        if (weights is not null)
        {
            rrf["weights"] = new JsonArray([.. weights.Select(weight => JsonValue.Create(weight))]);
        }

        return new() { Body = new() { ["rrf"] = rrf } };
    }

    /// <summary>Points in the order of a payload field.</summary>
    /// <param name="key">Path of the field, which needs an index for ranges.</param>
    /// <param name="direction">Direction.</param>
    public static Query OrderBy(string key, Direction direction = Direction.Asc) =>
        new() { Body = new() { ["order_by"] = new JsonObject { ["key"] = key, ["direction"] = direction == Direction.Asc ? "asc" : "desc" } } };

    /// <summary>Points at random.</summary>
    public static Query Sample() => new() { Body = new() { ["sample"] = "random" } };

    /// <summary>A query as Qdrant's API writes it, for what has no method here (recommend, discover, context, formula).</summary>
    /// <param name="query">The query.</param>
    public static Query Raw(JsonObject query) => new() { Body = query };
}

/// <summary>How to search.</summary>
public sealed record SearchParams
{
    /// <summary>Candidates looked at in the graph: more is slower and finds more.</summary>
    public int? HnswEf { get; init; }

    /// <summary>Whether to look at every point.</summary>
    public bool? Exact { get; init; }

    /// <summary>Whether to leave out segments without an index.</summary>
    public bool? IndexedOnly { get; init; }

    /// <summary>Use of quantised vectors.</summary>
    public QuantizationSearchParams? Quantization { get; init; }

    /// <summary>Search that keeps its recall under strict filters.</summary>
    public AcornSearchParams? Acorn { get; init; }
}

/// <summary>Use of quantised vectors in a search.</summary>
public sealed record QuantizationSearchParams
{
    /// <summary>Whether to search the original vectors.</summary>
    public bool? Ignore { get; init; }

    /// <summary>Whether to rank what was found by the original vectors.</summary>
    public bool? Rescore { get; init; }

    /// <summary>How many times the limit is found before that, at least 1.</summary>
    public double? Oversampling { get; init; }
}

/// <summary>Search that keeps its recall under strict filters.</summary>
public sealed record AcornSearchParams
{
    /// <summary>Whether it is used.</summary>
    public bool? Enable { get; init; }

    /// <summary>Share of points that match above which it is not.</summary>
    public double? MaxSelectivity { get; init; }
}
