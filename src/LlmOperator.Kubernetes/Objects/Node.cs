using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A machine pods run on.</summary>
public sealed record Node : IKubeObject<Node>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Node", "nodes", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<Node> JsonTypeInfo => KubeJson.Default.Node;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>What the administrator says.</summary>
    public NodeSpec? Spec { get; init; }

    /// <summary>What the node says.</summary>
    public NodeStatus? Status { get; init; }
}

/// <summary>What the administrator says of a node.</summary>
public sealed record NodeSpec
{
    /// <summary>Addresses of its pods.</summary>
    public string? PodCIDR { get; init; }

    /// <summary>Its identity at the cloud provider.</summary>
    public string? ProviderID { get; init; }

    /// <summary>No new pods.</summary>
    public bool? Unschedulable { get; init; }

    /// <summary>Marks that keep pods away.</summary>
    public IReadOnlyList<Taint>? Taints { get; init; }
}

/// <summary>What a node says of itself.</summary>
public sealed record NodeStatus
{
    /// <summary>Resources there are.</summary>
    public IReadOnlyDictionary<string, Quantity>? Capacity { get; init; }

    /// <summary>Resources pods may have.</summary>
    public IReadOnlyDictionary<string, Quantity>? Allocatable { get; init; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<NodeCondition>? Conditions { get; init; }

    /// <summary>Addresses.</summary>
    public IReadOnlyList<NodeAddress>? Addresses { get; init; }

    /// <summary>Versions of the system.</summary>
    public NodeSystemInfo? NodeInfo { get; init; }
}

/// <summary>One aspect of a node's state.</summary>
public sealed record NodeCondition
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

    /// <summary>When it was last reported.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastHeartbeatTime { get; init; }

    /// <summary>When the status last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }
}

/// <summary>An address of a node.</summary>
public sealed record NodeAddress
{
    /// <summary><c>InternalIP</c>, <c>Hostname</c> ….</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Type { get; init; }

    /// <summary>Address.</summary>
    public required string Address { get; init; }
}

/// <summary>Versions of a node's system.</summary>
public sealed record NodeSystemInfo
{
    /// <summary>Identity of the machine.</summary>
    public string? MachineID { get; init; }

    /// <summary>Identity of the hardware.</summary>
    public string? SystemUUID { get; init; }

    /// <summary>Identity of this boot.</summary>
    public string? BootID { get; init; }

    /// <summary>Kernel.</summary>
    public string? KernelVersion { get; init; }

    /// <summary>Distribution.</summary>
    public string? OsImage { get; init; }

    /// <summary>Container runtime.</summary>
    public string? ContainerRuntimeVersion { get; init; }

    /// <summary>Kubelet.</summary>
    public string? KubeletVersion { get; init; }

    /// <summary>Deprecated; the API still demands it.</summary>
    public string? KubeProxyVersion { get; init; }

    /// <summary><c>linux</c>.</summary>
    public string? OperatingSystem { get; init; }

    /// <summary><c>amd64</c> or <c>arm64</c>.</summary>
    public string? Architecture { get; init; }
}
