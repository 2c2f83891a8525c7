using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>Where pods may run, besides having the accelerator.</summary>
public sealed record SchedulingSpec
{
    /// <summary>Labels a node must have.</summary>
    [Count(32)]
    [Length(63)]
    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    /// <summary>Taints that are tolerated, besides those of accelerator nodes.</summary>
    [Atomic]
    [Count(32)]
    public IReadOnlyList<PodToleration>? Tolerations { get; init; }

    /// <summary>Priority class of the pods.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    public string? PriorityClassName { get; init; }

    /// <summary>Runtime class of the pods, for example nvidia.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    public string? RuntimeClassName { get; init; }

    /// <summary>Scheduler of the pods. The cluster's default when absent.</summary>
    [Length(253, 1)]
    public string? SchedulerName { get; init; }
}

/// <summary>A taint that is tolerated.</summary>
[Rule("!has(self.operator) || self.operator != 'Exists' || !has(self.value)", "a toleration with operator Exists takes no value: remove value, or use operator Equal", FieldPath = ".value")]
[Rule("has(self.key) || (has(self.operator) && self.operator == 'Exists')", "a toleration without key must have operator Exists: set key, or operator Exists to tolerate every taint")]
public sealed record PodToleration
{
    /// <summary>Taint key; every taint when absent (then operator must be Exists).</summary>
    [Length(317, 1)]
    public string? Key { get; init; }

    /// <summary>Whether the value must be equal or the key just exist. Equal when absent.</summary>
    [AllowedValues("Exists", "Equal")]
    public string? Operator { get; init; }

    /// <summary>Taint value.</summary>
    [Length(63)]
    public string? Value { get; init; }

    /// <summary>Taint effect; all effects when absent.</summary>
    [AllowedValues("NoSchedule", "PreferNoSchedule", "NoExecute")]
    public string? Effect { get; init; }

    /// <summary>Seconds a NoExecute taint is tolerated; for ever when absent.</summary>
    [Bounds(0)]
    public long? TolerationSeconds { get; init; }
}
