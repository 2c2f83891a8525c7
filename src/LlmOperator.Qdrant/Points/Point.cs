using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Points;

/// <summary>A point to be written.</summary>
public sealed record Point
{
    /// <summary>Its id.</summary>
    public required PointId Id { get; init; }

    /// <summary>Its vectors.</summary>
    public required Vectors Vector { get; init; }

    /// <summary>Its payload.</summary>
    public JsonObject? Payload { get; init; }
}

/// <summary>A point that was read.</summary>
public sealed record PointRecord
{
    /// <summary>Its id.</summary>
    public required PointId Id { get; init; }

    /// <summary>Its payload, when asked for.</summary>
    public JsonObject? Payload { get; init; }

    /// <summary>Its vectors, when asked for.</summary>
    public Vectors? Vector { get; init; }

    /// <summary>Its shard key.</summary>
    public ShardKey? ShardKey { get; init; }

    /// <summary>What it was ordered by.</summary>
    public double? OrderValue { get; init; }
}

/// <summary>A point that was found.</summary>
public sealed record ScoredPoint
{
    /// <summary>Its id.</summary>
    public required PointId Id { get; init; }

    /// <summary>Version: number of the operation that wrote it last.</summary>
    public ulong Version { get; init; }

    /// <summary>How well it matches: larger is better but for Euclidean and Manhattan distance.</summary>
    public required float Score { get; init; }

    /// <summary>Its payload, when asked for.</summary>
    public JsonObject? Payload { get; init; }

    /// <summary>Its vectors, when asked for.</summary>
    public Vectors? Vector { get; init; }

    /// <summary>Its shard key.</summary>
    public ShardKey? ShardKey { get; init; }

    /// <summary>What it was ordered by.</summary>
    public double? OrderValue { get; init; }
}

/// <summary>One page of points.</summary>
public sealed record ScrollPage
{
    /// <summary>The points.</summary>
    public required IReadOnlyList<PointRecord> Points { get; init; }

    /// <summary>Where the next page begins; null on the last, and always when the points are ordered by a field.</summary>
    public PointId? NextPageOffset { get; init; }
}

/// <summary>Key of a shard with custom sharding: a text or a number.</summary>
/// <param name="Text">The text, or the number's digits.</param>
/// <param name="IsNumber">Whether it is a number.</param>
[JsonConverter(typeof(ShardKeyConverter))]
public readonly record struct ShardKey(string Text, bool IsNumber)
{
    /// <summary>A text.</summary>
    /// <param name="text">The text.</param>
    public static implicit operator ShardKey(string text) => new(text, false);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
