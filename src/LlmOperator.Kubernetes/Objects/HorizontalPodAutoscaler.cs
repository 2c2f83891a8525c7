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
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public HorizontalPodAutoscalerSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public HorizontalPodAutoscalerStatus? Status { get; set; }
}

/// <summary>What is wanted of a scaler.</summary>
public sealed record HorizontalPodAutoscalerSpec
{
    /// <summary>Workload.</summary>
    public CrossVersionObjectReference? ScaleTargetRef { get; set; }

    /// <summary>Fewest.</summary>
    public int? MinReplicas { get; set; }

    /// <summary>Most.</summary>
    public int? MaxReplicas { get; set; }

    /// <summary>What the number follows.</summary>
    public IReadOnlyList<MetricSpec>? Metrics { get; set; }

    /// <summary>How fast it follows.</summary>
    public HorizontalPodAutoscalerBehavior? Behavior { get; set; }
}

/// <summary>An object by kind and name.</summary>
public sealed record CrossVersionObjectReference
{
    /// <summary>API version.</summary>
    public string? ApiVersion { get; set; }

    /// <summary>Kind.</summary>
    public required string Kind { get; set; }

    /// <summary>Name.</summary>
    public required string Name { get; set; }
}

/// <summary>A metric; one of them.</summary>
public sealed record MetricSpec
{
    /// <summary><c>Resource</c>, <c>ContainerResource</c>, <c>Pods</c>, <c>Object</c> or <c>External</c>.</summary>
    public required string Type { get; set; }

    /// <summary>A resource of the pods.</summary>
    public ResourceMetricSource? Resource { get; set; }

    /// <summary>A resource of one container.</summary>
    public ContainerResourceMetricSource? ContainerResource { get; set; }

    /// <summary>A metric of the pods.</summary>
    public PodsMetricSource? Pods { get; set; }

    /// <summary>A metric of another object.</summary>
    public ObjectMetricSource? Object { get; set; }

    /// <summary>A metric of elsewhere.</summary>
    public ExternalMetricSource? External { get; set; }
}

/// <summary>A resource of the pods.</summary>
public sealed record ResourceMetricSource
{
    /// <summary>Resource.</summary>
    public required string Name { get; set; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; set; }
}

/// <summary>A resource of one container.</summary>
public sealed record ContainerResourceMetricSource
{
    /// <summary>Resource.</summary>
    public required string Name { get; set; }

    /// <summary>Container.</summary>
    public required string Container { get; set; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; set; }
}

/// <summary>A metric of the pods, averaged.</summary>
public sealed record PodsMetricSource
{
    /// <summary>Metric.</summary>
    public required MetricIdentifier Metric { get; set; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; set; }
}

/// <summary>A metric of another object.</summary>
public sealed record ObjectMetricSource
{
    /// <summary>The object.</summary>
    public required CrossVersionObjectReference DescribedObject { get; set; }

    /// <summary>Metric.</summary>
    public required MetricIdentifier Metric { get; set; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; set; }
}

/// <summary>A metric of elsewhere.</summary>
public sealed record ExternalMetricSource
{
    /// <summary>Metric.</summary>
    public required MetricIdentifier Metric { get; set; }

    /// <summary>Aim.</summary>
    public required MetricTarget Target { get; set; }
}

/// <summary>A metric.</summary>
public sealed record MetricIdentifier
{
    /// <summary>Name.</summary>
    public required string Name { get; set; }

    /// <summary>Its series.</summary>
    public LabelSelector? Selector { get; set; }
}

/// <summary>What a metric should be.</summary>
public sealed record MetricTarget
{
    /// <summary><c>Utilization</c>, <c>Value</c> or <c>AverageValue</c>.</summary>
    public required string Type { get; set; }

    /// <summary>Value.</summary>
    public Quantity? Value { get; set; }

    /// <summary>Value a pod.</summary>
    public Quantity? AverageValue { get; set; }

    /// <summary>Percent of the requests.</summary>
    public int? AverageUtilization { get; set; }
}

/// <summary>How fast replicas follow.</summary>
public sealed record HorizontalPodAutoscalerBehavior
{
    /// <summary>Upwards.</summary>
    public HpaScalingRules? ScaleUp { get; set; }

    /// <summary>Downwards.</summary>
    public HpaScalingRules? ScaleDown { get; set; }
}

/// <summary>How fast replicas move in one direction.</summary>
public sealed record HpaScalingRules
{
    /// <summary>Time looked back on.</summary>
    public int? StabilizationWindowSeconds { get; set; }

    /// <summary>Which policy counts.</summary>
    public string? SelectPolicy { get; set; }

    /// <summary>Bounds.</summary>
    public IReadOnlyList<HpaScalingPolicy>? Policies { get; set; }

    /// <summary>Deviation that is borne.</summary>
    public Quantity? Tolerance { get; set; }
}

/// <summary>A bound on a change.</summary>
public sealed record HpaScalingPolicy
{
    /// <summary><c>Pods</c> or <c>Percent</c>.</summary>
    public required string Type { get; set; }

    /// <summary>Bound.</summary>
    public required int Value { get; set; }

    /// <summary>Time it holds for.</summary>
    public required int PeriodSeconds { get; set; }
}

/// <summary>What there is of a scaler.</summary>
public sealed record HorizontalPodAutoscalerStatus
{
    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; set; }

    /// <summary>When the number last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastScaleTime { get; set; }

    /// <summary>Pods there are.</summary>
    public int? CurrentReplicas { get; set; }

    /// <summary>Pods wanted.</summary>
    public int? DesiredReplicas { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<HorizontalPodAutoscalerCondition>? Conditions { get; set; }
}

/// <summary>One aspect of a scaler's state.</summary>
public sealed record HorizontalPodAutoscalerCondition : StatusCondition;
