using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Points;

/// <summary>Which part of a payload is read.</summary>
[JsonConverter(typeof(PayloadSelectorConverter))]
public sealed record PayloadSelector
{
    /// <summary>All of it.</summary>
    public static PayloadSelector All { get; } = new() { Everything = true };

    /// <summary>Nothing.</summary>
    public static PayloadSelector None { get; } = new();

    internal bool Everything { get; private init; }

    internal IReadOnlyList<string>? IncludedFields { get; private init; }

    internal IReadOnlyList<string>? ExcludedFields { get; private init; }

    /// <summary>These fields.</summary>
    /// <param name="fields">Their paths.</param>
    public static PayloadSelector Include(params IReadOnlyList<string> fields) => new() { IncludedFields = fields };

    /// <summary>All but these fields.</summary>
    /// <param name="fields">Their paths.</param>
    public static PayloadSelector Exclude(params IReadOnlyList<string> fields) => new() { ExcludedFields = fields };
}

/// <summary>Which vectors are read.</summary>
[JsonConverter(typeof(VectorSelectorConverter))]
public sealed record VectorSelector
{
    /// <summary>All of them.</summary>
    public static VectorSelector All { get; } = new() { Everything = true };

    /// <summary>None.</summary>
    public static VectorSelector None { get; } = new();

    internal bool Everything { get; private init; }

    internal IReadOnlyList<string>? Names { get; private init; }

    /// <summary>These.</summary>
    /// <param name="names">Their names.</param>
    public static VectorSelector Named(params IReadOnlyList<string> names) => new() { Names = names };
}

/// <summary>How replicas are asked.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<ReadConsistency>))]
public enum ReadConsistency
{
    /// <summary>All are asked, and what most of them say counts.</summary>
    Majority,

    /// <summary>More than half are asked, and what they agree on counts.</summary>
    Quorum,

    /// <summary>All are asked, and what they agree on counts.</summary>
    All,
}

/// <summary>One page of points to be read.</summary>
public sealed record ScrollPoints
{
    /// <summary>First id of the page; from the start when null.</summary>
    public PointId? Offset { get; init; }

    /// <summary>Points a page; the server takes 10 when null.</summary>
    public int? Limit { get; init; }

    /// <summary>Which points.</summary>
    public Filter? Filter { get; init; }

    /// <summary>Which payload; the server gives all when null.</summary>
    public PayloadSelector? WithPayload { get; init; }

    /// <summary>Which vectors; the server gives none when null.</summary>
    public VectorSelector? WithVector { get; init; }

    /// <summary>Order by a payload field with an index for ranges, in place of the id.</summary>
    public OrderBy? OrderBy { get; init; }

    /// <summary>With custom sharding, where they are.</summary>
    public ShardKey? ShardKey { get; init; }

    /// <summary>How replicas are asked.</summary>
    [JsonIgnore]
    public ReadConsistency? Consistency { get; init; }
}

/// <summary>Points to be read by id.</summary>
public sealed record RetrievePoints
{
    /// <summary>Their ids.</summary>
    public required IReadOnlyList<PointId> Ids { get; init; }

    /// <summary>Which payload; the server gives all when null.</summary>
    public PayloadSelector? WithPayload { get; init; }

    /// <summary>Which vectors; the server gives none when null.</summary>
    public VectorSelector? WithVector { get; init; }

    /// <summary>With custom sharding, where they are.</summary>
    public ShardKey? ShardKey { get; init; }

    /// <summary>How replicas are asked.</summary>
    [JsonIgnore]
    public ReadConsistency? Consistency { get; init; }
}

/// <summary>Direction of an order.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<Direction>))]
public enum Direction
{
    /// <summary>Smallest first.</summary>
    Asc,

    /// <summary>Largest first.</summary>
    Desc,
}

/// <summary>An order by a payload field.</summary>
/// <param name="Key">Path of the field.</param>
public sealed record OrderBy(string Key)
{
    /// <summary>Direction; ascending when null.</summary>
    public Direction? Direction { get; init; }

    /// <summary>Value to begin with.</summary>
    public double? StartFrom { get; init; }
}
