using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A number of equal pods.</summary>
public sealed record ReplicaSet : IKubeObject<ReplicaSet>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("apps", "v1", "ReplicaSet", "replicasets", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<ReplicaSet> JsonTypeInfo => KubeJson.Default.ReplicaSet;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public ReplicaSetSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public ReplicaSetStatus? Status { get; set; }
}

/// <summary>What is wanted of a replica set.</summary>
public sealed record ReplicaSetSpec
{
    /// <summary>Pods wanted.</summary>
    public int? Replicas { get; set; }

    /// <summary>Pods it owns; immutable.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary>The pods.</summary>
    public PodTemplateSpec? Template { get; set; }

    /// <summary>How long a pod must be ready to count as available.</summary>
    public int? MinReadySeconds { get; set; }
}

/// <summary>What there is of a replica set.</summary>
public sealed record ReplicaSetStatus
{
    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; set; }

    /// <summary>Pods.</summary>
    public int? Replicas { get; set; }

    /// <summary>Pods with all labels of the template.</summary>
    public int? FullyLabeledReplicas { get; set; }

    /// <summary>Ready pods.</summary>
    public int? ReadyReplicas { get; set; }

    /// <summary>Pods ready long enough.</summary>
    public int? AvailableReplicas { get; set; }

    /// <summary>Pods that are stopping.</summary>
    public int? TerminatingReplicas { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<ReplicaSetCondition>? Conditions { get; set; }
}

/// <summary>One aspect of a replica set's state.</summary>
public sealed record ReplicaSetCondition : StatusCondition;
