using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>What runs of a pod.</summary>
public sealed record PodStatus
{
    /// <summary><c>Pending</c>, <c>Running</c>, <c>Succeeded</c>, <c>Failed</c> or <c>Unknown</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Phase { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<PodCondition>? Conditions { get; set; }

    /// <summary>Machine word, for example <c>Evicted</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; set; }

    /// <summary>Sentence for a person.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Message { get; set; }

    /// <summary>Node where room is being made.</summary>
    public string? NominatedNodeName { get; set; }

    /// <summary>Address of the node.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? HostIP { get; set; }

    /// <summary>Address of the pod.</summary>
    public string? PodIP { get; set; }

    /// <summary>Addresses of the pod, one a family.</summary>
    [JsonPropertyName("podIPs")]
    public IReadOnlyList<PodIP>? PodIPs { get; set; }

    /// <summary>When the kubelet took the pod.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartTime { get; set; }

    /// <summary>State of the init containers.</summary>
    public IReadOnlyList<ContainerStatus>? InitContainerStatuses { get; set; }

    /// <summary>State of the containers.</summary>
    public IReadOnlyList<ContainerStatus>? ContainerStatuses { get; set; }

    /// <summary><c>Guaranteed</c>, <c>Burstable</c> or <c>BestEffort</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? QosClass { get; set; }

    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; set; }
}

/// <summary>An address of a pod.</summary>
public sealed record PodIP
{
    /// <summary>Address.</summary>
    public string? Ip { get; set; }
}

/// <summary>One aspect of a pod's state.</summary>
public sealed record PodCondition : StatusCondition
{
    /// <summary>When it was last checked.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastProbeTime { get; set; }

    /// <summary>Generation the condition speaks of.</summary>
    public long? ObservedGeneration { get; set; }
}

/// <summary>State of a container.</summary>
public sealed record ContainerStatus
{
    /// <summary>Container.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";

    /// <summary>Whether its readiness probe holds.</summary>
    public bool? Ready { get; set; }

    /// <summary>Whether its startup probe has held.</summary>
    public bool? Started { get; set; }

    /// <summary>Restarts so far.</summary>
    public int? RestartCount { get; set; }

    /// <summary>Image that runs.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Image { get; set; }

    /// <summary>Its digest.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ImageID { get; set; }

    /// <summary>Its identity in the runtime.</summary>
    public string? ContainerID { get; set; }

    /// <summary>Now.</summary>
    public ContainerState? State { get; set; }

    /// <summary>Before the last restart.</summary>
    public ContainerState? LastState { get; set; }
}

/// <summary>State of a container; one of them.</summary>
public sealed record ContainerState
{
    /// <summary>Not started.</summary>
    public ContainerStateWaiting? Waiting { get; set; }

    /// <summary>Running.</summary>
    public ContainerStateRunning? Running { get; set; }

    /// <summary>Ended.</summary>
    public ContainerStateTerminated? Terminated { get; set; }
}

/// <summary>A container that has not started.</summary>
public sealed record ContainerStateWaiting
{
    /// <summary>Machine word, for example <c>ImagePullBackOff</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; set; }

    /// <summary>Sentence for a person.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Message { get; set; }
}

/// <summary>A running container.</summary>
public sealed record ContainerStateRunning
{
    /// <summary>Since when.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; set; }
}

/// <summary>A container that has ended.</summary>
public sealed record ContainerStateTerminated
{
    /// <summary>Exit code.</summary>
    public int? ExitCode { get; set; }

    /// <summary>Signal that ended it.</summary>
    public int? Signal { get; set; }

    /// <summary>Machine word, for example <c>OOMKilled</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; set; }

    /// <summary>Last words.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Message { get; set; }

    /// <summary>Start.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>End.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Its identity in the runtime.</summary>
    public string? ContainerID { get; set; }
}
