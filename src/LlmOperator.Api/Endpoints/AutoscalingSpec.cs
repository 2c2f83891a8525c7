using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>Let the number of replicas follow the load.</summary>
[Rule(
    "!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",
    "autoscaling.minReplicas must not exceed autoscaling.maxReplicas: lower minReplicas or raise maxReplicas",
    FieldPath = ".minReplicas")]
[Rule(
    "!has(self.minReplicas) || self.minReplicas > 0 || (has(self.scaleToZero) && self.scaleToZero.enabled)",
    "autoscaling.minReplicas 0 needs scaleToZero.enabled: enable it, or set minReplicas to at least 1",
    FieldPath = ".minReplicas")]
public sealed record AutoscalingSpec
{
    /// <summary>Who scales: the Operator itself by the engine's queue, a HorizontalPodAutoscaler, KEDA, or SageMaker's own scaling.</summary>
    [AllowedValues("Operator", "HPA", "KEDA", "SageMaker")]
    [Default("Operator")]
    public string Provider { get; set; } = "Operator";

    /// <summary>Fewest replicas while there is load. 0 needs scaleToZero.</summary>
    [Bounds(0, 10_000)]
    [Default(1)]
    public int MinReplicas { get; set; } = 1;

    /// <summary>Most replicas.</summary>
    [Bounds(1, 10_000)]
    public required int MaxReplicas { get; init; }

    /// <summary>The load of one replica that is aimed at. The largest of the counts that follow from the targets given is used.</summary>
    public AutoscalingTarget? Target { get; init; }

    /// <summary>Stop the last replica when nobody asks.</summary>
    public ScaleToZeroSpec? ScaleToZero { get; init; }

    /// <summary>How fast replicas come and go; the fields of a HorizontalPodAutoscaler's behavior.</summary>
    public ScalingBehavior? Behavior { get; init; }

    /// <summary>Seconds between two looks at the load.</summary>
    [Bounds(1, 3600)]
    [Default(30)]
    public int PollingIntervalSeconds { get; set; } = 30;
}

/// <summary>The load of one replica that is aimed at.</summary>
[Rule(
    "has(self.requestsPerMinute) || has(self.concurrentRequests) || has(self.queuedRequests) || has(self.kvCacheUtilization)",
    "autoscaling.target must name at least one target: set requestsPerMinute, concurrentRequests, queuedRequests or kvCacheUtilization")]
public sealed record AutoscalingTarget
{
    /// <summary>Requests a minute.</summary>
    [Bounds(0.01, 1_000_000)]
    public double? RequestsPerMinute { get; init; }

    /// <summary>Requests being answered at the same time.</summary>
    [Bounds(0.01, 100_000)]
    public double? ConcurrentRequests { get; init; }

    /// <summary>Requests waiting in the engine's queue.</summary>
    [Bounds(0.01, 100_000)]
    public double? QueuedRequests { get; init; }

    /// <summary>Share of the key-value cache in use.</summary>
    [Bounds(0.01, 1)]
    public double? KvCacheUtilization { get; init; }
}

/// <summary>Stop the last replica when nobody asks, and start one when somebody does.</summary>
public sealed record ScaleToZeroSpec
{
    /// <summary>Whether the last replica may be stopped.</summary>
    [Default(true)]
    public bool Enabled { get; set; } = true;

    /// <summary>Seconds without a request after which it is stopped.</summary>
    [Bounds(1, 604_800)]
    [Default(1800)]
    public int IdleSeconds { get; set; } = 1800;

    /// <summary>Seconds the gateway holds a request while a replica starts.</summary>
    [Bounds(1, 3600)]
    [Default(900)]
    public int WakeTimeoutSeconds { get; set; } = 900;
}

/// <summary>How fast replicas come and go.</summary>
public sealed record ScalingBehavior
{
    /// <summary>Adding replicas.</summary>
    public ScalingRules? ScaleUp { get; init; }

    /// <summary>Removing replicas.</summary>
    public ScalingRules? ScaleDown { get; init; }
}

/// <summary>How fast replicas change in one direction.</summary>
public sealed record ScalingRules
{
    /// <summary>Seconds of past recommendations of which the most careful is followed. 0 up and 300 down when absent.</summary>
    [Bounds(0, 3600)]
    public int? StabilizationWindowSeconds { get; init; }

    /// <summary>Which policy counts when several allow a change.</summary>
    [AllowedValues("Max", "Min", "Disabled")]
    [Default("Max")]
    public string SelectPolicy { get; set; } = "Max";

    /// <summary>Limits of a change.</summary>
    [Atomic]
    [Count(16)]
    public IReadOnlyList<ScalingPolicy>? Policies { get; init; }
}

/// <summary>A limit of a change in a period.</summary>
public sealed record ScalingPolicy
{
    /// <summary>Whether value counts pods or per cent of the present replicas.</summary>
    [AllowedValues("Pods", "Percent")]
    public required string Type { get; init; }

    /// <summary>Greatest change in the period.</summary>
    [Bounds(1, 10_000)]
    public required int Value { get; init; }

    /// <summary>Length of the period.</summary>
    [Bounds(1, 1800)]
    public required int PeriodSeconds { get; init; }
}
