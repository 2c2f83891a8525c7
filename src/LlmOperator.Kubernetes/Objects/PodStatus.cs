using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>What runs of a pod.</summary>
public sealed record PodStatus
{
    /// <summary><c>Pending</c>, <c>Running</c>, <c>Succeeded</c>, <c>Failed</c> or <c>Unknown</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Phase { get; init; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<PodCondition>? Conditions { get; init; }

    /// <summary>Machine word, for example <c>Evicted</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }

    /// <summary>Sentence for a person.</summary>
    public string? Message { get; init; }

    /// <summary>Node where room is being made.</summary>
    public string? NominatedNodeName { get; init; }

    /// <summary>Address of the node.</summary>
    public string? HostIP { get; init; }

    /// <summary>Address of the pod.</summary>
    public string? PodIP { get; init; }

    /// <summary>Addresses of the pod, one a family.</summary>
    [JsonPropertyName("podIPs")]
    public IReadOnlyList<PodIP>? PodIPs { get; init; }

    /// <summary>When the kubelet took the pod.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>State of the init containers.</summary>
    public IReadOnlyList<ContainerStatus>? InitContainerStatuses { get; init; }

    /// <summary>State of the containers.</summary>
    public IReadOnlyList<ContainerStatus>? ContainerStatuses { get; init; }

    /// <summary><c>Guaranteed</c>, <c>Burstable</c> or <c>BestEffort</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? QosClass { get; init; }

    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; init; }
}

/// <summary>An address of a pod.</summary>
public sealed record PodIP
{
    /// <summary>Address.</summary>
    public string? Ip { get; init; }
}

/// <summary>One aspect of a pod's state.</summary>
public sealed record PodCondition
{
    /// <summary>Aspect, for example <c>Ready</c>.</summary>
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

    /// <summary>When it was last checked.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastProbeTime { get; init; }

    /// <summary>When the status last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }

    /// <summary>Generation the condition speaks of.</summary>
    public long? ObservedGeneration { get; init; }
}

/// <summary>State of a container.</summary>
public sealed record ContainerStatus
{
    /// <summary>Container.</summary>
    public required string Name { get; init; }

    /// <summary>Whether its readiness probe holds.</summary>
    public bool? Ready { get; init; }

    /// <summary>Whether its startup probe has held.</summary>
    public bool? Started { get; init; }

    /// <summary>Restarts so far.</summary>
    public int? RestartCount { get; init; }

    /// <summary>Image that runs.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Image { get; init; }

    /// <summary>Its digest.</summary>
    public string? ImageID { get; init; }

    /// <summary>Its identity in the runtime.</summary>
    public string? ContainerID { get; init; }

    /// <summary>Now.</summary>
    public ContainerState? State { get; init; }

    /// <summary>Before the last restart.</summary>
    public ContainerState? LastState { get; init; }
}

/// <summary>State of a container; one of them.</summary>
public sealed record ContainerState
{
    /// <summary>Not started.</summary>
    public ContainerStateWaiting? Waiting { get; init; }

    /// <summary>Running.</summary>
    public ContainerStateRunning? Running { get; init; }

    /// <summary>Ended.</summary>
    public ContainerStateTerminated? Terminated { get; init; }
}

/// <summary>A container that has not started.</summary>
public sealed record ContainerStateWaiting
{
    /// <summary>Machine word, for example <c>ImagePullBackOff</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }

    /// <summary>Sentence for a person.</summary>
    public string? Message { get; init; }
}

/// <summary>A running container.</summary>
public sealed record ContainerStateRunning
{
    /// <summary>Since when.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }
}

/// <summary>A container that has ended.</summary>
public sealed record ContainerStateTerminated
{
    /// <summary>Exit code.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Signal that ended it.</summary>
    public int? Signal { get; init; }

    /// <summary>Machine word, for example <c>OOMKilled</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }

    /// <summary>Last words.</summary>
    public string? Message { get; init; }

    /// <summary>Start.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>End.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Its identity in the runtime.</summary>
    public string? ContainerID { get; init; }
}
