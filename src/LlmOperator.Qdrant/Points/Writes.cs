using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Points;

/// <summary>What an upsert does to points that exist, and to those that do not.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<UpdateMode>))]
public enum UpdateMode
{
    /// <summary>Writes all.</summary>
    Upsert,

    /// <summary>Leaves those that exist as they are.</summary>
    InsertOnly,

    /// <summary>Leaves out those that do not exist.</summary>
    UpdateOnly,
}

/// <summary>In what order replicas take writes.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<WriteOrdering>))]
public enum WriteOrdering
{
    /// <summary>In any.</summary>
    Weak,

    /// <summary>By a leader, which may change.</summary>
    Medium,

    /// <summary>By one leader.</summary>
    Strong,
}

/// <summary>Points to be written.</summary>
public sealed record UpsertPoints
{
    /// <summary>The points.</summary>
    public required IReadOnlyList<Point> Points { get; init; }

    /// <summary>With custom sharding, where they go.</summary>
    public ShardKey? ShardKey { get; init; }

    /// <summary>Points that exist are written only when they match. Servers before 1.16 do not know it.</summary>
    public Filter? UpdateFilter { get; init; }

    /// <summary>What is done to points that exist, and to those that do not.</summary>
    public UpdateMode? UpdateMode { get; init; }

    /// <summary>Whether to wait until searches see the points.</summary>
    [JsonIgnore]
    public bool Wait { get; init; } = true;

    /// <summary>In what order replicas take it.</summary>
    [JsonIgnore]
    public WriteOrdering? Ordering { get; init; }
}

/// <summary>Points to be deleted: exactly one of <see cref="Points"/> and <see cref="Filter"/>.</summary>
public sealed record DeletePoints
{
    /// <summary>Their ids.</summary>
    public IReadOnlyList<PointId>? Points { get; init; }

    /// <summary>What they match.</summary>
    public Filter? Filter { get; init; }

    /// <summary>With custom sharding, where they are.</summary>
    public ShardKey? ShardKey { get; init; }

    /// <summary>Whether to wait until searches do not see them any more.</summary>
    [JsonIgnore]
    public bool Wait { get; init; } = true;

    /// <summary>In what order replicas take it.</summary>
    [JsonIgnore]
    public WriteOrdering? Ordering { get; init; }
}

/// <summary>How far a write has come.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<UpdateStatus>))]
public enum UpdateStatus
{
    /// <summary>In the log; searches do not see it yet.</summary>
    Acknowledged,

    /// <summary>Done.</summary>
    Completed,

    /// <summary>In the log; the server waited in vain for the rest.</summary>
    WaitTimeout,
}

/// <summary>What became of a write.</summary>
/// <param name="OperationId">Its number.</param>
/// <param name="Status">How far it has come.</param>
public sealed record UpdateResult(ulong? OperationId, UpdateStatus Status);
