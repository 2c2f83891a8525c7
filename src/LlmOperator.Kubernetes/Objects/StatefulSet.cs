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
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public StatefulSetSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public StatefulSetStatus? Status { get; set; }
}

/// <summary>What is wanted of a stateful set.</summary>
public sealed record StatefulSetSpec
{
    /// <summary>Pods wanted.</summary>
    public int? Replicas { get; set; }

    /// <summary>Pods it owns; immutable.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary>The pods.</summary>
    public PodTemplateSpec? Template { get; set; }

    /// <summary>Claims, one of each a pod.</summary>
    public IReadOnlyList<PersistentVolumeClaim>? VolumeClaimTemplates { get; set; }

    /// <summary>Headless service that names the pods.</summary>
    public string? ServiceName { get; set; }

    /// <summary><c>OrderedReady</c> or <c>Parallel</c>.</summary>
    public string? PodManagementPolicy { get; set; }

    /// <summary>How pods are replaced.</summary>
    public StatefulSetUpdateStrategy? UpdateStrategy { get; set; }

    /// <summary>Old revisions kept.</summary>
    public int? RevisionHistoryLimit { get; set; }

    /// <summary>How long a pod must be ready to count as available.</summary>
    public int? MinReadySeconds { get; set; }

    /// <summary>What becomes of the claims.</summary>
    public StatefulSetPersistentVolumeClaimRetentionPolicy? PersistentVolumeClaimRetentionPolicy { get; set; }

    /// <summary>Numbers of the pods.</summary>
    public StatefulSetOrdinals? Ordinals { get; set; }
}

/// <summary>How pods are replaced.</summary>
public sealed record StatefulSetUpdateStrategy
{
    /// <summary><c>RollingUpdate</c> or <c>OnDelete</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; set; }

    /// <summary>Bounds of a rolling update.</summary>
    public RollingUpdateStatefulSet? RollingUpdate { get; set; }
}

/// <summary>Bounds of a rolling update.</summary>
public sealed record RollingUpdateStatefulSet
{
    /// <summary>Pods below this number keep the old template.</summary>
    public int? Partition { get; set; }

    /// <summary>Pods that may be missing.</summary>
    public IntOrString? MaxUnavailable { get; set; }
}

/// <summary>What becomes of the claims.</summary>
public sealed record StatefulSetPersistentVolumeClaimRetentionPolicy
{
    /// <summary><c>Retain</c> or <c>Delete</c>.</summary>
    public string? WhenDeleted { get; set; }

    /// <summary><c>Retain</c> or <c>Delete</c>.</summary>
    public string? WhenScaled { get; set; }
}

/// <summary>Numbers of the pods.</summary>
public sealed record StatefulSetOrdinals
{
    /// <summary>First number.</summary>
    public int? Start { get; set; }
}

/// <summary>What there is of a stateful set.</summary>
public sealed record StatefulSetStatus
{
    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; set; }

    /// <summary>Pods.</summary>
    public int? Replicas { get; set; }

    /// <summary>Ready pods.</summary>
    public int? ReadyReplicas { get; set; }

    /// <summary>Pods of the current revision.</summary>
    public int? CurrentReplicas { get; set; }

    /// <summary>Pods of the update revision.</summary>
    public int? UpdatedReplicas { get; set; }

    /// <summary>Pods ready long enough.</summary>
    public int? AvailableReplicas { get; set; }

    /// <summary>Revision being replaced.</summary>
    public string? CurrentRevision { get; set; }

    /// <summary>Revision wanted.</summary>
    public string? UpdateRevision { get; set; }

    /// <summary>Name collisions of revisions.</summary>
    public int? CollisionCount { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<ReplicaSetCondition>? Conditions { get; set; }
}
