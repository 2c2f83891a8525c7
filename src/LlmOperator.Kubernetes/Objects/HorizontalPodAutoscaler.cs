using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Sets the replicas of a workload by its metrics.</summary>
public sealed record HorizontalPodAutoscaler : IKubeObject<HorizontalPodAutoscaler>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<HorizontalPodAutoscaler> JsonTypeInfo => KubeJson.Default.HorizontalPodAutoscaler;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public HorizontalPodAutoscalerSpec? Spec { get; init; }

    /// <summary>What there is.</summary>
    public HorizontalPodAutoscalerStatus? Status { get; init; }
}

/// <summary>What is wanted of a scaler.</summary>
public sealed record HorizontalPodAutoscalerSpec
{
    /// <summary>Workload.</summary>
    public CrossVersionObjectReference? ScaleTargetRef { get; init; }

    /// <summary>Fewest.</summary>
    public int? MinReplicas { get; init; }

    /// <summary>Most.</summary>
    public int? MaxReplicas { get; init; }

    /// <summary>What the number follows.</summary>
    public IReadOnlyList<MetricSpec>? Metrics { get; init; }

    /// <summary>How fast it follows.</summary>
    public HorizontalPodAutoscalerBehavior? Behavior { get; init; }
}

/// <summary>An object by kind and name.</summary>
public sealed record CrossVersionObjectReference
{
    /// <summary>API version.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }
}

/// <summary>A metric; one of them.</summary>
public sealed record MetricSpec
{
    /// <summary><c>Resource</c>, <c>ContainerResource</c>, <c>Pods</c>, <c>Object</c> or <c>External</c>.</summary>
    public required string Type { get; init; }

    /// <summary>A resource of the pods.</summary>
    public ResourceMetricSource? Resource { get; init; }

    /// <summary>A resource of one container.</summary>
    public ContainerResourceMetricSource? ContainerResource { get; init; }

    /// <summary>A metric of the pods.</summary>
    public PodsMetricSource? Pods { get; init; }

    /// <summary>A metric of another object.</summary>
    public ObjectMetricSource? Object { get; init; }

    /// <summary>A metric of elsewhere.</summary>
    public ExternalMetricSource? External { get; init; }
}

/// <summary>A resource of the pods.</summary>
public sealed record ResourceMetricSource
{
    /// <summary>Resource.</summary>
    public required string Name { get; init; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; init; }
}

/// <summary>A resource of one container.</summary>
public sealed record ContainerResourceMetricSource
{
    /// <summary>Resource.</summary>
    public required string Name { get; init; }

    /// <summary>Container.</summary>
    public required string Container { get; init; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; init; }
}

/// <summary>A metric of the pods, averaged.</summary>
public sealed record PodsMetricSource
{
    /// <summary>Metric.</summary>
    public required MetricIdentifier Metric { get; init; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; init; }
}

/// <summary>A metric of another object.</summary>
public sealed record ObjectMetricSource
{
    /// <summary>The object.</summary>
    public required CrossVersionObjectReference DescribedObject { get; init; }

    /// <summary>Metric.</summary>
    public required MetricIdentifier Metric { get; init; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; init; }
}

/// <summary>A metric of elsewhere.</summary>
public sealed record ExternalMetricSource
{
    /// <summary>Metric.</summary>
    public required MetricIdentifier Metric { get; init; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; init; }
}

/// <summary>A metric.</summary>
public sealed record MetricIdentifier
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Its series.</summary>
    public LabelSelector? Selector { get; init; }
}

/// <summary>What a metric should be.</summary>
public sealed record MetricTarget
{
    /// <summary><c>Utilization</c>, <c>Value</c> or <c>AverageValue</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Value.</summary>
    public Quantity? Value { get; init; }

    /// <summary>Value a pod.</summary>
    public Quantity? AverageValue { get; init; }

    /// <summary>Percent of the requests.</summary>
    public int? AverageUtilization { get; init; }
}

/// <summary>How fast replicas follow.</summary>
public sealed record HorizontalPodAutoscalerBehavior
{
    /// <summary>Upwards.</summary>
    public HpaScalingRules? ScaleUp { get; init; }

    /// <summary>Downwards.</summary>
    public HpaScalingRules? ScaleDown { get; init; }
}

/// <summary>How fast replicas move in one direction.</summary>
public sealed record HpaScalingRules
{
    /// <summary>Time looked back on.</summary>
    public int? StabilizationWindowSeconds { get; init; }

    /// <summary>Which policy counts.</summary>
    public string? SelectPolicy { get; init; }

    /// <summary>Bounds.</summary>
    public IReadOnlyList<HpaScalingPolicy>? Policies { get; init; }

    /// <summary>Deviation that is borne.</summary>
    public Quantity? Tolerance { get; init; }
}

/// <summary>A bound on a change.</summary>
public sealed record HpaScalingPolicy
{
    /// <summary><c>Pods</c> or <c>Percent</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Bound.</summary>
    public required int Value { get; init; }

    /// <summary>Time it holds for.</summary>
    public required int PeriodSeconds { get; init; }
}

/// <summary>What there is of a scaler.</summary>
public sealed record HorizontalPodAutoscalerStatus
{
    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>When the number last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastScaleTime { get; init; }

    /// <summary>Pods there are.</summary>
    public int? CurrentReplicas { get; init; }

    /// <summary>Pods wanted.</summary>
    public int? DesiredReplicas { get; init; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<HorizontalPodAutoscalerCondition>? Conditions { get; init; }
}

/// <summary>One aspect of a scaler's state.</summary>
public sealed record HorizontalPodAutoscalerCondition
{
    /// <summary>Aspect.</summary>
    public required string Type { get; init; }

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Machine word.</summary>
    public string? Reason { get; init; }

    /// <summary>Sentence for a person.</summary>
    public string? Message { get; init; }

    /// <summary>When the status last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }
}
