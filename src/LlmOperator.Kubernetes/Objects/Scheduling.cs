using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A taint a pod bears.</summary>
public sealed record Toleration
{
    /// <summary>Taint; absent with Exists means all.</summary>
    public string? Key { get; set; }

    /// <summary><c>Equal</c> (default) or <c>Exists</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Operator { get; set; }

    /// <summary>Value of the taint.</summary>
    public string? Value { get; set; }

    /// <summary>Effect borne; absent means all.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Effect { get; set; }

    /// <summary>How long NoExecute is borne.</summary>
    public long? TolerationSeconds { get; set; }
}

/// <summary>A mark of a node that keeps pods away.</summary>
public sealed record Taint
{
    /// <summary>Name.</summary>
    public string Key { get; set; } = "";

    /// <summary>Value.</summary>
    public string? Value { get; set; }

    /// <summary><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Effect { get; set; } = "";

    /// <summary>When it was set.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? TimeAdded { get; set; }
}

/// <summary>How pods spread over an area.</summary>
public sealed record TopologySpreadConstraint
{
    /// <summary>Largest difference between areas.</summary>
    public int MaxSkew { get; set; }

    /// <summary>Node label whose value names the area.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string TopologyKey { get; set; } = "";

    /// <summary><c>DoNotSchedule</c> or <c>ScheduleAnyway</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string WhenUnsatisfiable { get; set; } = "";

    /// <summary>Pods counted.</summary>
    public LabelSelector? LabelSelector { get; set; }

    /// <summary>Fewest areas.</summary>
    public int? MinDomains { get; set; }

    /// <summary>Whether nodes not wanted count.</summary>
    public string? NodeAffinityPolicy { get; set; }

    /// <summary>Whether tainted nodes count.</summary>
    public string? NodeTaintsPolicy { get; set; }

    /// <summary>Labels of the pod itself that must match.</summary>
    public IReadOnlyList<string>? MatchLabelKeys { get; set; }
}
