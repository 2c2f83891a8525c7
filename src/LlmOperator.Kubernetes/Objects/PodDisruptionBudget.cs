using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>How many pods may be evicted at a time.</summary>
public sealed record PodDisruptionBudget : IKubeObject<PodDisruptionBudget>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<PodDisruptionBudget> JsonTypeInfo => KubeJson.Default.PodDisruptionBudget;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public PodDisruptionBudgetSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public PodDisruptionBudgetStatus? Status { get; set; }
}

/// <summary>What is wanted of a budget.</summary>
public sealed record PodDisruptionBudgetSpec
{
    /// <summary>Pods it guards.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary>Pods that must stay.</summary>
    public IntOrString? MinAvailable { get; set; }

    /// <summary>Pods that may go.</summary>
    public IntOrString? MaxUnavailable { get; set; }

    /// <summary>Whether pods that are not ready may always go.</summary>
    public string? UnhealthyPodEvictionPolicy { get; set; }
}

/// <summary>What there is of a budget.</summary>
public sealed record PodDisruptionBudgetStatus
{
    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; set; }

    /// <summary>Healthy pods.</summary>
    public int? CurrentHealthy { get; set; }

    /// <summary>Healthy pods that must stay.</summary>
    public int? DesiredHealthy { get; set; }

    /// <summary>Pods that may go now.</summary>
    public int? DisruptionsAllowed { get; set; }

    /// <summary>Pods counted.</summary>
    public int? ExpectedPods { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<Condition>? Conditions { get; set; }
}
