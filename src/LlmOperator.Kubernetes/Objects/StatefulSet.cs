using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Pods with stable names and volumes.</summary>
public sealed record StatefulSet : IKubeObject<StatefulSet>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("apps", "v1", "StatefulSet", "statefulsets", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<StatefulSet> JsonTypeInfo => KubeJson.Default.StatefulSet;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public StatefulSetSpec? Spec { get; init; }

    /// <summary>What there is.</summary>
    public StatefulSetStatus? Status { get; init; }
}

/// <summary>What is wanted of a stateful set.</summary>
public sealed record StatefulSetSpec
{
    /// <summary>Pods wanted.</summary>
    public int? Replicas { get; init; }

    /// <summary>Pods it owns; immutable.</summary>
    public LabelSelector? Selector { get; init; }

    /// <summary>The pods.</summary>
    public PodTemplateSpec? Template { get; init; }

    /// <summary>Claims, one of each a pod.</summary>
    public IReadOnlyList<PersistentVolumeClaim>? VolumeClaimTemplates { get; init; }

    /// <summary>Headless service that names the pods.</summary>
    public string? ServiceName { get; init; }

    /// <summary><c>OrderedReady</c> or <c>Parallel</c>.</summary>
    public string? PodManagementPolicy { get; init; }

    /// <summary>How pods are replaced.</summary>
    public StatefulSetUpdateStrategy? UpdateStrategy { get; init; }

    /// <summary>Old revisions kept.</summary>
    public int? RevisionHistoryLimit { get; init; }

    /// <summary>How long a pod must be ready to count as available.</summary>
    public int? MinReadySeconds { get; init; }

    /// <summary>What becomes of the claims.</summary>
    public StatefulSetPersistentVolumeClaimRetentionPolicy? PersistentVolumeClaimRetentionPolicy { get; init; }

    /// <summary>Numbers of the pods.</summary>
    public StatefulSetOrdinals? Ordinals { get; init; }
}

/// <summary>How pods are replaced.</summary>
public sealed record StatefulSetUpdateStrategy
{
    /// <summary><c>RollingUpdate</c> or <c>OnDelete</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; init; }

    /// <summary>Bounds of a rolling update.</summary>
    public RollingUpdateStatefulSet? RollingUpdate { get; init; }
}

/// <summary>Bounds of a rolling update.</summary>
public sealed record RollingUpdateStatefulSet
{
    /// <summary>Pods below this number keep the old template.</summary>
    public int? Partition { get; init; }

    /// <summary>Pods that may be missing.</summary>
    public IntOrString? MaxUnavailable { get; init; }
}

/// <summary>What becomes of the claims.</summary>
public sealed record StatefulSetPersistentVolumeClaimRetentionPolicy
{
    /// <summary><c>Retain</c> or <c>Delete</c>.</summary>
    public string? WhenDeleted { get; init; }

    /// <summary><c>Retain</c> or <c>Delete</c>.</summary>
    public string? WhenScaled { get; init; }
}

/// <summary>Numbers of the pods.</summary>
public sealed record StatefulSetOrdinals
{
    /// <summary>First number.</summary>
    public int? Start { get; init; }
}

/// <summary>What there is of a stateful set.</summary>
public sealed record StatefulSetStatus
{
    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Pods.</summary>
    public int? Replicas { get; init; }

    /// <summary>Ready pods.</summary>
    public int? ReadyReplicas { get; init; }

    /// <summary>Pods of the current revision.</summary>
    public int? CurrentReplicas { get; init; }

    /// <summary>Pods of the update revision.</summary>
    public int? UpdatedReplicas { get; init; }

    /// <summary>Pods ready long enough.</summary>
    public int? AvailableReplicas { get; init; }

    /// <summary>Revision being replaced.</summary>
    public string? CurrentRevision { get; init; }

    /// <summary>Revision wanted.</summary>
    public string? UpdateRevision { get; init; }

    /// <summary>Name collisions of revisions.</summary>
    public int? CollisionCount { get; init; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<ReplicaSetCondition>? Conditions { get; init; }
}
