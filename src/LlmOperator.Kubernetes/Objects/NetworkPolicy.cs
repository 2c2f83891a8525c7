using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Which connections pods may have.</summary>
public sealed record NetworkPolicy : IKubeObject<NetworkPolicy>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<NetworkPolicy> JsonTypeInfo => KubeJson.Default.NetworkPolicy;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is allowed.</summary>
    public NetworkPolicySpec? Spec { get; set; }
}

/// <summary>Connections that are allowed; everything else of the types named is refused.</summary>
public sealed record NetworkPolicySpec
{
    /// <summary>Pods it guards.</summary>
    public LabelSelector? PodSelector { get; set; }

    /// <summary><c>Ingress</c>, <c>Egress</c>.</summary>
    public IReadOnlyList<string>? PolicyTypes { get; set; }

    /// <summary>Allowed in.</summary>
    public IReadOnlyList<NetworkPolicyIngressRule>? Ingress { get; set; }

    /// <summary>Allowed out.</summary>
    public IReadOnlyList<NetworkPolicyEgressRule>? Egress { get; set; }
}

/// <summary>Connections allowed in.</summary>
public sealed record NetworkPolicyIngressRule
{
    /// <summary>From whom; anyone when absent.</summary>
    public IReadOnlyList<NetworkPolicyPeer>? From { get; set; }

    /// <summary>To which ports; all when absent.</summary>
    public IReadOnlyList<NetworkPolicyPort>? Ports { get; set; }
}

/// <summary>Connections allowed out.</summary>
public sealed record NetworkPolicyEgressRule
{
    /// <summary>To whom; anyone when absent.</summary>
    public IReadOnlyList<NetworkPolicyPeer>? To { get; set; }

    /// <summary>To which ports; all when absent.</summary>
    public IReadOnlyList<NetworkPolicyPort>? Ports { get; set; }
}

/// <summary>Who is at the other end.</summary>
public sealed record NetworkPolicyPeer
{
    /// <summary>Pods.</summary>
    public LabelSelector? PodSelector { get; set; }

    /// <summary>Namespaces.</summary>
    public LabelSelector? NamespaceSelector { get; set; }

    /// <summary>Addresses.</summary>
    public IPBlock? IpBlock { get; set; }
}

/// <summary>A range of addresses.</summary>
public sealed record IPBlock
{
    /// <summary>Range.</summary>
    public required string Cidr { get; set; }

    /// <summary>Parts of it left out.</summary>
    public IReadOnlyList<string>? Except { get; set; }
}

/// <summary>A port.</summary>
public sealed record NetworkPolicyPort
{
    /// <summary>Number or name; all when absent.</summary>
    public IntOrString? Port { get; set; }

    /// <summary>Last of a range.</summary>
    public int? EndPort { get; set; }

    /// <summary><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</summary>
    public string? Protocol { get; set; }
}
