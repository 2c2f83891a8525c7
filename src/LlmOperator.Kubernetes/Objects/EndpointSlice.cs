using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Addresses of a service's pods.</summary>
public sealed record EndpointSlice : IKubeObject<EndpointSlice>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<EndpointSlice> JsonTypeInfo => KubeJson.Default.EndpointSlice;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary><c>IPv4</c>, <c>IPv6</c> or <c>FQDN</c>.</summary>
    public string? AddressType { get; set; }

    /// <summary>Addresses.</summary>
    public IReadOnlyList<Endpoint>? Endpoints { get; set; }

    /// <summary>Ports, the same for all addresses.</summary>
    public IReadOnlyList<EndpointPort>? Ports { get; set; }
}

/// <summary>A pod behind a service.</summary>
public sealed record Endpoint
{
    /// <summary>Its addresses; all are of one pod.</summary>
    public IReadOnlyList<string>? Addresses { get; set; }

    /// <summary>Its state.</summary>
    public EndpointConditions? Conditions { get; set; }

    /// <summary>Its host name.</summary>
    public string? Hostname { get; set; }

    /// <summary>Its node.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? NodeName { get; set; }

    /// <summary>Its zone.</summary>
    public string? Zone { get; set; }

    /// <summary>The pod.</summary>
    public ObjectReference? TargetRef { get; set; }
}

/// <summary>State of a pod behind a service.</summary>
public sealed record EndpointConditions
{
    /// <summary>Takes traffic.</summary>
    public bool? Ready { get; set; }

    /// <summary>Ready but for stopping.</summary>
    public bool? Serving { get; set; }

    /// <summary>Is stopping.</summary>
    public bool? Terminating { get; set; }
}

/// <summary>A port of a slice.</summary>
public sealed record EndpointPort
{
    /// <summary>Name.</summary>
    public string? Name { get; set; }

    /// <summary>Number.</summary>
    public int? Port { get; set; }

    /// <summary><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Protocol { get; set; }

    /// <summary>What is spoken on it.</summary>
    public string? AppProtocol { get; set; }
}
