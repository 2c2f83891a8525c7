using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Services that Prometheus reads metrics from (monitoring.coreos.com). The kind is an addition to Kubernetes and may be missing from a cluster.</summary>
public sealed record ServiceMonitor : IKubeObject<ServiceMonitor>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<ServiceMonitor> JsonTypeInfo => KubeJson.Default.ServiceMonitor;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public ServiceMonitorSpec? Spec { get; set; }
}

/// <summary>What is read, and how.</summary>
public sealed record ServiceMonitorSpec
{
    /// <summary>Label of the Service whose value is the series' label <c>job</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? JobLabel { get; set; }

    /// <summary>Labels of the Service that its series carry too.</summary>
    public IReadOnlyList<string>? TargetLabels { get; set; }

    /// <summary>Which Services of the namespace.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary>What is asked of each pod behind them.</summary>
    public IReadOnlyList<MonitoredEndpoint>? Endpoints { get; set; }
}

/// <summary>A page of metrics.</summary>
public sealed record MonitoredEndpoint
{
    /// <summary>Name of the Service's port.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Port { get; set; }

    /// <summary>Path of the page.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Path { get; set; }

    /// <summary><c>http</c> or <c>https</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Scheme { get; set; }

    /// <summary>How often, as Prometheus writes durations: <c>30s</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Interval { get; set; }

    /// <summary>The Authorization header; absent where none is needed.</summary>
    public MonitorAuthorization? Authorization { get; set; }
}

/// <summary>An Authorization header whose credentials are in a Secret.</summary>
public sealed record MonitorAuthorization
{
    /// <summary>Its scheme: <c>Bearer</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; set; }

    /// <summary>Key of a Secret of the namespace.</summary>
    public SecretKeySelector? Credentials { get; set; }
}
