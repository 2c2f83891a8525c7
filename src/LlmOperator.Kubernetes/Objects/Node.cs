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
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What the administrator says.</summary>
    public NodeSpec? Spec { get; set; }

    /// <summary>What the node says.</summary>
    public NodeStatus? Status { get; set; }
}

/// <summary>What the administrator says of a node.</summary>
public sealed record NodeSpec
{
    /// <summary>Addresses of its pods.</summary>
    public string? PodCIDR { get; set; }

    /// <summary>Its identity at the cloud provider.</summary>
    public string? ProviderID { get; set; }

    /// <summary>No new pods.</summary>
    public bool? Unschedulable { get; set; }

    /// <summary>Marks that keep pods away.</summary>
    public IReadOnlyList<Taint>? Taints { get; set; }
}

/// <summary>What a node says of itself.</summary>
public sealed record NodeStatus
{
    /// <summary>Resources there are.</summary>
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, Quantity>? Capacity { get; set; }

    /// <summary>Resources pods may have.</summary>
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, Quantity>? Allocatable { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<NodeCondition>? Conditions { get; set; }

    /// <summary>Addresses.</summary>
    public IReadOnlyList<NodeAddress>? Addresses { get; set; }

    /// <summary>Versions of the system.</summary>
    public NodeSystemInfo? NodeInfo { get; set; }
}

/// <summary>One aspect of a node's state.</summary>
public sealed record NodeCondition : StatusCondition
{
    /// <summary>When it was last reported.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastHeartbeatTime { get; set; }
}

/// <summary>An address of a node.</summary>
public sealed record NodeAddress
{
    /// <summary><c>InternalIP</c>, <c>Hostname</c> ….</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; set; } = "";

    /// <summary>Address.</summary>
    public string Address { get; set; } = "";
}

/// <summary>Versions of a node's system.</summary>
public sealed record NodeSystemInfo
{
    /// <summary>Identity of the machine.</summary>
    public string? MachineID { get; set; }

    /// <summary>Identity of the hardware.</summary>
    public string? SystemUUID { get; set; }

    /// <summary>Identity of this boot.</summary>
    public string? BootID { get; set; }

    /// <summary>Kernel.</summary>
    public string? KernelVersion { get; set; }

    /// <summary>Distribution.</summary>
    public string? OsImage { get; set; }

    /// <summary>Container runtime.</summary>
    public string? ContainerRuntimeVersion { get; set; }

    /// <summary>Kubelet.</summary>
    public string? KubeletVersion { get; set; }

    /// <summary>Deprecated; the API still demands it.</summary>
    public string? KubeProxyVersion { get; set; }

    /// <summary><c>linux</c>.</summary>
    public string? OperatingSystem { get; set; }

    /// <summary><c>amd64</c> or <c>arm64</c>.</summary>
    public string? Architecture { get; set; }
}
