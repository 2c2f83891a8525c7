using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A stable address for pods.</summary>
public sealed record Service : IKubeObject<Service>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Service", "services", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Service> JsonTypeInfo => KubeJson.Default.Service;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public ServiceSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public ServiceStatus? Status { get; set; }
}

/// <summary>What is wanted of a service.</summary>
public sealed record ServiceSpec
{
    /// <summary><c>ClusterIP</c>, <c>NodePort</c>, <c>LoadBalancer</c> or <c>ExternalName</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; set; }

    /// <summary>Labels of its pods.</summary>
    [JsonConverter(typeof(PooledMapConverter))]
    public IReadOnlyDictionary<string, string>? Selector { get; set; }

    /// <summary>Ports.</summary>
    public IReadOnlyList<ServicePort>? Ports { get; set; }

    /// <summary>Address; <c>None</c> for a headless service.</summary>
    public string? ClusterIP { get; set; }

    /// <summary>Addresses, one a family.</summary>
    [JsonPropertyName("clusterIPs")]
    public IReadOnlyList<string>? ClusterIPs { get; set; }

    /// <summary>Name it is an alias of.</summary>
    public string? ExternalName { get; set; }

    /// <summary>Further addresses.</summary>
    [JsonPropertyName("externalIPs")]
    public IReadOnlyList<string>? ExternalIPs { get; set; }

    /// <summary>Whether a client stays with a pod.</summary>
    public string? SessionAffinity { get; set; }

    /// <summary>Also pods that are not ready.</summary>
    public bool? PublishNotReadyAddresses { get; set; }

    /// <summary>Whether only pods on the same node answer inside traffic.</summary>
    public string? InternalTrafficPolicy { get; set; }

    /// <summary>Whether only pods on the same node answer outside traffic.</summary>
    public string? ExternalTrafficPolicy { get; set; }

    /// <summary>One family or two.</summary>
    public string? IpFamilyPolicy { get; set; }

    /// <summary>Families.</summary>
    public IReadOnlyList<string>? IpFamilies { get; set; }

    /// <summary>Preference for near pods.</summary>
    public string? TrafficDistribution { get; set; }

    /// <summary>Implementation of the load balancer.</summary>
    public string? LoadBalancerClass { get; set; }

    /// <summary>Clients a load balancer lets in.</summary>
    public IReadOnlyList<string>? LoadBalancerSourceRanges { get; set; }

    /// <summary>Whether a load balancer needs node ports.</summary>
    public bool? AllocateLoadBalancerNodePorts { get; set; }
}

/// <summary>A port of a service.</summary>
public sealed record ServicePort
{
    /// <summary>Name.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Protocol { get; set; }

    /// <summary>What is spoken on it.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? AppProtocol { get; set; }

    /// <summary>Number.</summary>
    public int Port { get; set; }

    /// <summary>Port of the pods, by number or name.</summary>
    public IntOrString? TargetPort { get; set; }

    /// <summary>Port of the nodes.</summary>
    public int? NodePort { get; set; }
}

/// <summary>What there is of a service.</summary>
public sealed record ServiceStatus
{
    /// <summary>State of the load balancer.</summary>
    public LoadBalancerStatus? LoadBalancer { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<Condition>? Conditions { get; set; }
}

/// <summary>State of a load balancer.</summary>
public sealed record LoadBalancerStatus
{
    /// <summary>Points of entry.</summary>
    public IReadOnlyList<LoadBalancerIngress>? Ingress { get; set; }
}

/// <summary>A point of entry.</summary>
public sealed record LoadBalancerIngress
{
    /// <summary>Address.</summary>
    public string? Ip { get; set; }

    /// <summary>Name.</summary>
    public string? Hostname { get; set; }

    /// <summary>How the address is handled.</summary>
    public string? IpMode { get; set; }
}
