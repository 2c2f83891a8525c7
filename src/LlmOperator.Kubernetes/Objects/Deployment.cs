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
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public DeploymentSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public DeploymentStatus? Status { get; set; }
}

/// <summary>What is wanted of a deployment.</summary>
public sealed record DeploymentSpec
{
    /// <summary>Pods wanted; left out when a scaler owns the number.</summary>
    public int? Replicas { get; set; }

    /// <summary>Pods it owns; immutable.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary>The pods.</summary>
    public PodTemplateSpec? Template { get; set; }

    /// <summary>How pods are replaced.</summary>
    public DeploymentStrategy? Strategy { get; set; }

    /// <summary>How long a pod must be ready to count as available.</summary>
    public int? MinReadySeconds { get; set; }

    /// <summary>Old replica sets kept.</summary>
    public int? RevisionHistoryLimit { get; set; }

    /// <summary>Template changes wait.</summary>
    public bool? Paused { get; set; }

    /// <summary>Time without progress that counts as failure.</summary>
    public int? ProgressDeadlineSeconds { get; set; }
}

/// <summary>How pods are replaced.</summary>
public sealed record DeploymentStrategy
{
    /// <summary><c>RollingUpdate</c> or <c>Recreate</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; set; }

    /// <summary>Bounds of a rolling update.</summary>
    public RollingUpdateDeployment? RollingUpdate { get; set; }
}

/// <summary>Bounds of a rolling update.</summary>
public sealed record RollingUpdateDeployment
{
    /// <summary>Pods that may be missing.</summary>
    public IntOrString? MaxUnavailable { get; set; }

    /// <summary>Pods that may be too many.</summary>
    public IntOrString? MaxSurge { get; set; }
}

/// <summary>What there is of a deployment.</summary>
public sealed record DeploymentStatus
{
    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; set; }

    /// <summary>Pods.</summary>
    public int? Replicas { get; set; }

    /// <summary>Pods of the present template.</summary>
    public int? UpdatedReplicas { get; set; }

    /// <summary>Ready pods.</summary>
    public int? ReadyReplicas { get; set; }

    /// <summary>Pods ready long enough.</summary>
    public int? AvailableReplicas { get; set; }

    /// <summary>Pods missing.</summary>
    public int? UnavailableReplicas { get; set; }

    /// <summary>Pods that are stopping.</summary>
    public int? TerminatingReplicas { get; set; }

    /// <summary>Name collisions of replica sets.</summary>
    public int? CollisionCount { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<WorkloadCondition>? Conditions { get; set; }
}

/// <summary>One aspect of a workload's state.</summary>
public sealed record WorkloadCondition : StatusCondition
{
    /// <summary>When it was last written.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastUpdateTime { get; set; }
}
