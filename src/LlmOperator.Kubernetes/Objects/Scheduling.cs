using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A taint a pod bears.</summary>
public sealed record Toleration
{
    /// <summary>Taint; absent with Exists means all.</summary>
    public string? Key { get; init; }

    /// <summary><c>Equal</c> (default) or <c>Exists</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Operator { get; init; }

    /// <summary>Value of the taint.</summary>
    public string? Value { get; init; }

    /// <summary>Effect borne; absent means all.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Effect { get; init; }

    /// <summary>How long NoExecute is borne.</summary>
    public long? TolerationSeconds { get; init; }
}

/// <summary>A mark of a node that keeps pods away.</summary>
public sealed record Taint
{
    /// <summary>Name.</summary>
    public required string Key { get; init; }

    /// <summary>Value.</summary>
    public string? Value { get; init; }

    /// <summary><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Effect { get; init; }

    /// <summary>When it was set.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? TimeAdded { get; init; }
}

/// <summary>How pods spread over an area.</summary>
public sealed record TopologySpreadConstraint
{
    /// <summary>Largest difference between areas.</summary>
    public required int MaxSkew { get; init; }

    /// <summary>Node label whose value names the area.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string TopologyKey { get; init; }

    /// <summary><c>DoNotSchedule</c> or <c>ScheduleAnyway</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string WhenUnsatisfiable { get; init; }

    /// <summary>Pods counted.</summary>
    public LabelSelector? LabelSelector { get; init; }

    /// <summary>Fewest areas.</summary>
    public int? MinDomains { get; init; }

    /// <summary>Whether nodes not wanted count.</summary>
    public string? NodeAffinityPolicy { get; init; }

    /// <summary>Whether tainted nodes count.</summary>
    public string? NodeTaintsPolicy { get; init; }

    /// <summary>Labels of the pod itself that must match.</summary>
    public IReadOnlyList<string>? MatchLabelKeys { get; init; }
}
