using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Pods that run to completion.</summary>
public sealed record Job : IKubeObject<Job>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("batch", "v1", "Job", "jobs", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Job> JsonTypeInfo => KubeJson.Default.Job;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public JobSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public JobStatus? Status { get; set; }
}

/// <summary>What is wanted of a job.</summary>
public sealed record JobSpec
{
    /// <summary>Pods at a time.</summary>
    public int? Parallelism { get; set; }

    /// <summary>Successes wanted.</summary>
    public int? Completions { get; set; }

    /// <summary><c>NonIndexed</c> or <c>Indexed</c>.</summary>
    public string? CompletionMode { get; set; }

    /// <summary>Time the job may run.</summary>
    public long? ActiveDeadlineSeconds { get; set; }

    /// <summary>Failures allowed.</summary>
    public int? BackoffLimit { get; set; }

    /// <summary>Failures allowed an index.</summary>
    public int? BackoffLimitPerIndex { get; set; }

    /// <summary>Failed indexes allowed.</summary>
    public int? MaxFailedIndexes { get; set; }

    /// <summary>Pods it owns, set by the server.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary>The selector is ours.</summary>
    public bool? ManualSelector { get; set; }

    /// <summary>The pods.</summary>
    public PodTemplateSpec? Template { get; set; }

    /// <summary>How long the finished job is kept.</summary>
    public int? TtlSecondsAfterFinished { get; set; }

    /// <summary>No pods for now.</summary>
    public bool? Suspend { get; set; }

    /// <summary>When a pod that stops is replaced.</summary>
    public string? PodReplacementPolicy { get; set; }

    /// <summary>What a pod's failure means.</summary>
    public PodFailurePolicy? PodFailurePolicy { get; set; }
}

/// <summary>What a pod's failure means.</summary>
public sealed record PodFailurePolicy
{
    /// <summary>Rules, the first that fits counts.</summary>
    public IReadOnlyList<PodFailurePolicyRule>? Rules { get; set; }
}

/// <summary>What one kind of failure means.</summary>
public sealed record PodFailurePolicyRule
{
    /// <summary><c>FailJob</c>, <c>Ignore</c>, <c>Count</c> or <c>FailIndex</c>.</summary>
    public required string Action { get; set; }

    /// <summary>Exit codes it fits.</summary>
    public PodFailurePolicyOnExitCodesRequirement? OnExitCodes { get; set; }

    /// <summary>Pod conditions it fits.</summary>
    public IReadOnlyList<PodFailurePolicyOnPodConditionsPattern>? OnPodConditions { get; set; }
}

/// <summary>Exit codes a rule fits.</summary>
public sealed record PodFailurePolicyOnExitCodesRequirement
{
    /// <summary>Container; all when absent.</summary>
    public string? ContainerName { get; set; }

    /// <summary><c>In</c> or <c>NotIn</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Operator { get; set; }

    /// <summary>Exit codes.</summary>
    public IReadOnlyList<int>? Values { get; set; }
}

/// <summary>A pod condition a rule fits.</summary>
public sealed record PodFailurePolicyOnPodConditionsPattern
{
    /// <summary>Aspect.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Type { get; set; }

    /// <summary>Status.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Status { get; set; }
}

/// <summary>What there is of a job.</summary>
public sealed record JobStatus
{
    /// <summary>Start.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartTime { get; set; }

    /// <summary>End of a success.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? CompletionTime { get; set; }

    /// <summary>Pods that run.</summary>
    public int? Active { get; set; }

    /// <summary>Ready pods.</summary>
    public int? Ready { get; set; }

    /// <summary>Pods that are stopping.</summary>
    public int? Terminating { get; set; }

    /// <summary>Pods that succeeded.</summary>
    public int? Succeeded { get; set; }

    /// <summary>Pods that failed.</summary>
    public int? Failed { get; set; }

    /// <summary>Indexes that succeeded.</summary>
    public string? CompletedIndexes { get; set; }

    /// <summary>Indexes that failed.</summary>
    public string? FailedIndexes { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<JobCondition>? Conditions { get; set; }
}

/// <summary>One aspect of a job's state.</summary>
public sealed record JobCondition : StatusCondition
{
    /// <summary>When it was last checked.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastProbeTime { get; set; }
}
