using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A check of a container.</summary>
public sealed record Probe
{
    /// <summary>Run a command.</summary>
    public ExecAction? Exec { get; set; }

    /// <summary>Send a request.</summary>
    public HttpGetAction? HttpGet { get; set; }

    /// <summary>Open a connection.</summary>
    public TcpSocketAction? TcpSocket { get; set; }

    /// <summary>Call the gRPC health service.</summary>
    public GrpcAction? Grpc { get; set; }

    /// <summary>Wait before the first check.</summary>
    public int? InitialDelaySeconds { get; set; }

    /// <summary>Time between checks.</summary>
    public int? PeriodSeconds { get; set; }

    /// <summary>Time a check may take.</summary>
    public int? TimeoutSeconds { get; set; }

    /// <summary>Successes in a row that count.</summary>
    public int? SuccessThreshold { get; set; }

    /// <summary>Failures in a row that count.</summary>
    public int? FailureThreshold { get; set; }

    /// <summary>Time to stop when this probe fails.</summary>
    public long? TerminationGracePeriodSeconds { get; set; }
}

/// <summary>A command in the container.</summary>
public sealed record ExecAction
{
    /// <summary>Program and arguments.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? Command { get; set; }
}

/// <summary>An HTTP request.</summary>
public sealed record HttpGetAction
{
    /// <summary>Path.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Path { get; set; }

    /// <summary>Port, by number or name.</summary>
    public IntOrString Port { get; set; }

    /// <summary>Host instead of the pod's address.</summary>
    public string? Host { get; set; }

    /// <summary><c>HTTP</c> or <c>HTTPS</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Scheme { get; set; }

    /// <summary>Headers.</summary>
    public IReadOnlyList<HttpHeader>? HttpHeaders { get; set; }
}

/// <summary>A header of a request.</summary>
public sealed record HttpHeader
{
    /// <summary>Name.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";

    /// <summary>Value.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Value { get; set; } = "";
}

/// <summary>A TCP connection.</summary>
public sealed record TcpSocketAction
{
    /// <summary>Port, by number or name.</summary>
    public IntOrString Port { get; set; }

    /// <summary>Host instead of the pod's address.</summary>
    public string? Host { get; set; }
}

/// <summary>A gRPC health check.</summary>
public sealed record GrpcAction
{
    /// <summary>Port.</summary>
    public int Port { get; set; }

    /// <summary>Service asked about.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Service { get; set; }
}
