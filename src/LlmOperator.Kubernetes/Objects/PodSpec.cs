using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>What a pod should run, where and as whom.</summary>
public sealed record PodSpec
{
    /// <summary>Containers.</summary>
    public IReadOnlyList<Container>? Containers { get; init; }

    /// <summary>Containers run to completion first, in order; with restartPolicy Always they are sidecars.</summary>
    public IReadOnlyList<Container>? InitContainers { get; init; }

    /// <summary>Volumes the containers may mount.</summary>
    public IReadOnlyList<Volume>? Volumes { get; init; }

    /// <summary><c>Always</c>, <c>OnFailure</c> or <c>Never</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? RestartPolicy { get; init; }

    /// <summary>Time to stop before being killed.</summary>
    public long? TerminationGracePeriodSeconds { get; init; }

    /// <summary>Time the pod may run.</summary>
    public long? ActiveDeadlineSeconds { get; init; }

    /// <summary>How names are resolved.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? DnsPolicy { get; init; }

    /// <summary>Labels the node must have.</summary>
    [JsonConverter(typeof(PooledMapConverter))]
    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    /// <summary>Identity of the pod.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ServiceAccountName { get; init; }

    /// <summary>Whether the identity's token is mounted.</summary>
    public bool? AutomountServiceAccountToken { get; init; }

    /// <summary>Node the pod is bound to.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? NodeName { get; init; }

    /// <summary>Use the node's network.</summary>
    public bool? HostNetwork { get; init; }

    /// <summary>Use the node's process table.</summary>
    public bool? HostPID { get; init; }

    /// <summary>Use the node's IPC namespace.</summary>
    public bool? HostIPC { get; init; }

    /// <summary>One process table for all containers.</summary>
    public bool? ShareProcessNamespace { get; init; }

    /// <summary>Security settings of all containers.</summary>
    public PodSecurityContext? SecurityContext { get; init; }

    /// <summary>Credentials of image registries.</summary>
    public IReadOnlyList<LocalObjectReference>? ImagePullSecrets { get; init; }

    /// <summary>Host name inside the pod.</summary>
    public string? Hostname { get; init; }

    /// <summary>Subdomain of the host name.</summary>
    public string? Subdomain { get; init; }

    /// <summary>Attraction to and repulsion from nodes and pods.</summary>
    public Affinity? Affinity { get; init; }

    /// <summary>Scheduler to bind the pod.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? SchedulerName { get; init; }

    /// <summary>Taints the pod bears.</summary>
    public IReadOnlyList<Toleration>? Tolerations { get; init; }

    /// <summary>Lines added to the hosts file.</summary>
    public IReadOnlyList<HostAlias>? HostAliases { get; init; }

    /// <summary>Name of the priority.</summary>
    public string? PriorityClassName { get; init; }

    /// <summary>Priority as a number, set by the server.</summary>
    public int? Priority { get; init; }

    /// <summary>Runtime handler, for example <c>nvidia</c>.</summary>
    public string? RuntimeClassName { get; init; }

    /// <summary>Whether services become environment variables.</summary>
    public bool? EnableServiceLinks { get; init; }

    /// <summary>Whether pods of lower priority may be evicted for this one.</summary>
    public string? PreemptionPolicy { get; init; }

    /// <summary>Resources the runtime itself takes.</summary>
    public IReadOnlyDictionary<string, Quantity>? Overhead { get; init; }

    /// <summary>How pods spread over zones and nodes.</summary>
    public IReadOnlyList<TopologySpreadConstraint>? TopologySpreadConstraints { get; init; }

    /// <summary>Conditions beyond the containers' that readiness waits for.</summary>
    public IReadOnlyList<PodReadinessGate>? ReadinessGates { get; init; }

    /// <summary>Use the full domain name as host name.</summary>
    public bool? SetHostnameAsFQDN { get; init; }

    /// <summary>Names that hold scheduling back.</summary>
    public IReadOnlyList<PodSchedulingGate>? SchedulingGates { get; init; }

    /// <summary>Name servers and search domains.</summary>
    public PodDnsConfig? DnsConfig { get; init; }

    /// <summary>Whether the pod shares the node's user namespace.</summary>
    public bool? HostUsers { get; init; }

    /// <summary>Operating system.</summary>
    public PodOS? Os { get; init; }

    /// <summary>CPU and memory of all containers together.</summary>
    public ResourceRequirements? Resources { get; init; }

    /// <summary>Devices claimed by dynamic resource allocation.</summary>
    public IReadOnlyList<PodResourceClaim>? ResourceClaims { get; init; }
}

/// <summary>Names for an address in the hosts file.</summary>
public sealed record HostAlias
{
    /// <summary>Address.</summary>
    public string? Ip { get; init; }

    /// <summary>Names.</summary>
    public IReadOnlyList<string>? Hostnames { get; init; }
}

/// <summary>A condition the pod's readiness waits for.</summary>
public sealed record PodReadinessGate
{
    /// <summary>Type of the condition.</summary>
    public required string ConditionType { get; init; }
}

/// <summary>A name that holds the pod's scheduling back.</summary>
public sealed record PodSchedulingGate
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }
}

/// <summary>Name servers and search domains of a pod.</summary>
public sealed record PodDnsConfig
{
    /// <summary>Addresses of name servers.</summary>
    public IReadOnlyList<string>? Nameservers { get; init; }

    /// <summary>Search domains.</summary>
    public IReadOnlyList<string>? Searches { get; init; }

    /// <summary>Options of the resolver.</summary>
    public IReadOnlyList<PodDnsConfigOption>? Options { get; init; }
}

/// <summary>An option of the resolver.</summary>
public sealed record PodDnsConfigOption
{
    /// <summary>Name.</summary>
    public string? Name { get; init; }

    /// <summary>Value.</summary>
    public string? Value { get; init; }
}

/// <summary>Operating system of a pod.</summary>
public sealed record PodOS
{
    /// <summary><c>linux</c> or <c>windows</c>.</summary>
    public required string Name { get; init; }
}

/// <summary>Devices a pod claims.</summary>
public sealed record PodResourceClaim
{
    /// <summary>Name in the pod.</summary>
    public required string Name { get; init; }

    /// <summary>ResourceClaim there is.</summary>
    public string? ResourceClaimName { get; init; }

    /// <summary>Template a ResourceClaim is made of.</summary>
    public string? ResourceClaimTemplateName { get; init; }
}
