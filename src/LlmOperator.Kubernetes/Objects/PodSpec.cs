using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>What a pod should run, where and as whom.</summary>
public sealed record PodSpec
{
    /// <summary>Containers.</summary>
    public IReadOnlyList<Container>? Containers { get; set; }

    /// <summary>Containers run to completion first, in order; with restartPolicy Always they are sidecars.</summary>
    public IReadOnlyList<Container>? InitContainers { get; set; }

    /// <summary>Volumes the containers may mount.</summary>
    public IReadOnlyList<Volume>? Volumes { get; set; }

    /// <summary><c>Always</c>, <c>OnFailure</c> or <c>Never</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? RestartPolicy { get; set; }

    /// <summary>Time to stop before being killed.</summary>
    public long? TerminationGracePeriodSeconds { get; set; }

    /// <summary>Time the pod may run.</summary>
    public long? ActiveDeadlineSeconds { get; set; }

    /// <summary>How names are resolved.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? DnsPolicy { get; set; }

    /// <summary>Labels the node must have.</summary>
    [JsonConverter(typeof(PooledMapConverter))]
    public IReadOnlyDictionary<string, string>? NodeSelector { get; set; }

    /// <summary>Identity of the pod.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ServiceAccountName { get; set; }

    /// <summary>Whether the identity's token is mounted.</summary>
    public bool? AutomountServiceAccountToken { get; set; }

    /// <summary>Node the pod is bound to.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? NodeName { get; set; }

    /// <summary>Use the node's network.</summary>
    public bool? HostNetwork { get; set; }

    /// <summary>Use the node's process table.</summary>
    public bool? HostPID { get; set; }

    /// <summary>Use the node's IPC namespace.</summary>
    public bool? HostIPC { get; set; }

    /// <summary>One process table for all containers.</summary>
    public bool? ShareProcessNamespace { get; set; }

    /// <summary>Security settings of all containers.</summary>
    public PodSecurityContext? SecurityContext { get; set; }

    /// <summary>Credentials of image registries.</summary>
    public IReadOnlyList<LocalObjectReference>? ImagePullSecrets { get; set; }

    /// <summary>Host name inside the pod.</summary>
    public string? Hostname { get; set; }

    /// <summary>Subdomain of the host name.</summary>
    public string? Subdomain { get; set; }

    /// <summary>Attraction to and repulsion from nodes and pods.</summary>
    public Affinity? Affinity { get; set; }

    /// <summary>Scheduler to bind the pod.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? SchedulerName { get; set; }

    /// <summary>Taints the pod bears.</summary>
    public IReadOnlyList<Toleration>? Tolerations { get; set; }

    /// <summary>Lines added to the hosts file.</summary>
    public IReadOnlyList<HostAlias>? HostAliases { get; set; }

    /// <summary>Name of the priority.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? PriorityClassName { get; set; }

    /// <summary>Priority as a number, set by the server.</summary>
    public int? Priority { get; set; }

    /// <summary>Runtime handler, for example <c>nvidia</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? RuntimeClassName { get; set; }

    /// <summary>Whether services become environment variables.</summary>
    public bool? EnableServiceLinks { get; set; }

    /// <summary>Whether pods of lower priority may be evicted for this one.</summary>
    public string? PreemptionPolicy { get; set; }

    /// <summary>Resources the runtime itself takes.</summary>
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, Quantity>? Overhead { get; set; }

    /// <summary>How pods spread over zones and nodes.</summary>
    public IReadOnlyList<TopologySpreadConstraint>? TopologySpreadConstraints { get; set; }

    /// <summary>Conditions beyond the containers' that readiness waits for.</summary>
    public IReadOnlyList<PodReadinessGate>? ReadinessGates { get; set; }

    /// <summary>Use the full domain name as host name.</summary>
    public bool? SetHostnameAsFQDN { get; set; }

    /// <summary>Names that hold scheduling back.</summary>
    public IReadOnlyList<PodSchedulingGate>? SchedulingGates { get; set; }

    /// <summary>Name servers and search domains.</summary>
    public PodDnsConfig? DnsConfig { get; set; }

    /// <summary>Whether the pod shares the node's user namespace.</summary>
    public bool? HostUsers { get; set; }

    /// <summary>Operating system.</summary>
    public PodOS? Os { get; set; }

    /// <summary>CPU and memory of all containers together.</summary>
    public ResourceRequirements? Resources { get; set; }

    /// <summary>Devices claimed by dynamic resource allocation.</summary>
    public IReadOnlyList<PodResourceClaim>? ResourceClaims { get; set; }
}

/// <summary>Names for an address in the hosts file.</summary>
public sealed record HostAlias
{
    /// <summary>Address.</summary>
    public string? Ip { get; set; }

    /// <summary>Names.</summary>
    public IReadOnlyList<string>? Hostnames { get; set; }
}

/// <summary>A condition the pod's readiness waits for.</summary>
public sealed record PodReadinessGate
{
    /// <summary>Type of the condition.</summary>
    public string ConditionType { get; set; } = "";
}

/// <summary>A name that holds the pod's scheduling back.</summary>
public sealed record PodSchedulingGate
{
    /// <summary>Name.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";
}

/// <summary>Name servers and search domains of a pod.</summary>
public sealed record PodDnsConfig
{
    /// <summary>Addresses of name servers.</summary>
    public IReadOnlyList<string>? Nameservers { get; set; }

    /// <summary>Search domains.</summary>
    public IReadOnlyList<string>? Searches { get; set; }

    /// <summary>Options of the resolver.</summary>
    public IReadOnlyList<PodDnsConfigOption>? Options { get; set; }
}

/// <summary>An option of the resolver.</summary>
public sealed record PodDnsConfigOption
{
    /// <summary>Name.</summary>
    public string? Name { get; set; }

    /// <summary>Value.</summary>
    public string? Value { get; set; }
}

/// <summary>Operating system of a pod.</summary>
public sealed record PodOS
{
    /// <summary><c>linux</c> or <c>windows</c>.</summary>
    public string Name { get; set; } = "";
}

/// <summary>Devices a pod claims.</summary>
public sealed record PodResourceClaim
{
    /// <summary>Name in the pod.</summary>
    public string Name { get; set; } = "";

    /// <summary>ResourceClaim there is.</summary>
    public string? ResourceClaimName { get; set; }

    /// <summary>Template a ResourceClaim is made of.</summary>
    public string? ResourceClaimTemplateName { get; set; }
}
