using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A set of equal pods, replaced in steps when the template changes.</summary>
public sealed record Deployment : IKubeObject<Deployment>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("apps", "v1", "Deployment", "deployments", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Deployment> JsonTypeInfo => KubeJson.Default.Deployment;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public DeploymentSpec? Spec { get; init; }

    /// <summary>What there is.</summary>
    public DeploymentStatus? Status { get; init; }
}

/// <summary>What is wanted of a deployment.</summary>
public sealed record DeploymentSpec
{
    /// <summary>Pods wanted; left out when a scaler owns the number.</summary>
    public int? Replicas { get; init; }

    /// <summary>Pods it owns; immutable.</summary>
    public LabelSelector? Selector { get; init; }

    /// <summary>The pods.</summary>
    public PodTemplateSpec? Template { get; init; }

    /// <summary>How pods are replaced.</summary>
    public DeploymentStrategy? Strategy { get; init; }

    /// <summary>How long a pod must be ready to count as available.</summary>
    public int? MinReadySeconds { get; init; }

    /// <summary>Old replica sets kept.</summary>
    public int? RevisionHistoryLimit { get; init; }

    /// <summary>Template changes wait.</summary>
    public bool? Paused { get; init; }

    /// <summary>Time without progress that counts as failure.</summary>
    public int? ProgressDeadlineSeconds { get; init; }
}

/// <summary>How pods are replaced.</summary>
public sealed record DeploymentStrategy
{
    /// <summary><c>RollingUpdate</c> or <c>Recreate</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; init; }

    /// <summary>Bounds of a rolling update.</summary>
    public RollingUpdateDeployment? RollingUpdate { get; init; }
}

/// <summary>Bounds of a rolling update.</summary>
public sealed record RollingUpdateDeployment
{
    /// <summary>Pods that may be missing.</summary>
    public IntOrString? MaxUnavailable { get; init; }

    /// <summary>Pods that may be too many.</summary>
    public IntOrString? MaxSurge { get; init; }
}

/// <summary>What there is of a deployment.</summary>
public sealed record DeploymentStatus
{
    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Pods.</summary>
    public int? Replicas { get; init; }

    /// <summary>Pods of the present template.</summary>
    public int? UpdatedReplicas { get; init; }

    /// <summary>Ready pods.</summary>
    public int? ReadyReplicas { get; init; }

    /// <summary>Pods ready long enough.</summary>
    public int? AvailableReplicas { get; init; }

    /// <summary>Pods missing.</summary>
    public int? UnavailableReplicas { get; init; }

    /// <summary>Pods that are stopping.</summary>
    public int? TerminatingReplicas { get; init; }

    /// <summary>Name collisions of replica sets.</summary>
    public int? CollisionCount { get; init; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<WorkloadCondition>? Conditions { get; init; }
}

/// <summary>One aspect of a workload's state.</summary>
public sealed record WorkloadCondition
{
    /// <summary>Aspect, for example <c>Progressing</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Type { get; init; }

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Status { get; init; }

    /// <summary>Machine word.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }

    /// <summary>Sentence for a person.</summary>
    public string? Message { get; init; }

    /// <summary>When it was last written.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>When the status last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }
}
