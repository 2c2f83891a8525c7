using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A check of a container.</summary>
public sealed record Probe
{
    /// <summary>Run a command.</summary>
    public ExecAction? Exec { get; init; }

    /// <summary>Send a request.</summary>
    public HttpGetAction? HttpGet { get; init; }

    /// <summary>Open a connection.</summary>
    public TcpSocketAction? TcpSocket { get; init; }

    /// <summary>Call the gRPC health service.</summary>
    public GrpcAction? Grpc { get; init; }

    /// <summary>Wait before the first check.</summary>
    public int? InitialDelaySeconds { get; init; }

    /// <summary>Time between checks.</summary>
    public int? PeriodSeconds { get; init; }

    /// <summary>Time a check may take.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>Successes in a row that count.</summary>
    public int? SuccessThreshold { get; init; }

    /// <summary>Failures in a row that count.</summary>
    public int? FailureThreshold { get; init; }

    /// <summary>Time to stop when this probe fails.</summary>
    public long? TerminationGracePeriodSeconds { get; init; }
}

/// <summary>A command in the container.</summary>
public sealed record ExecAction
{
    /// <summary>Program and arguments.</summary>
    public IReadOnlyList<string>? Command { get; init; }
}

/// <summary>An HTTP request.</summary>
public sealed record HttpGetAction
{
    /// <summary>Path.</summary>
    public string? Path { get; init; }

    /// <summary>Port, by number or name.</summary>
    public required IntOrString Port { get; init; }

    /// <summary>Host instead of the pod's address.</summary>
    public string? Host { get; init; }

    /// <summary><c>HTTP</c> or <c>HTTPS</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Scheme { get; init; }

    /// <summary>Headers.</summary>
    public IReadOnlyList<HttpHeader>? HttpHeaders { get; init; }
}

/// <summary>A header of a request.</summary>
public sealed record HttpHeader
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Value.</summary>
    public required string Value { get; init; }
}

/// <summary>A TCP connection.</summary>
public sealed record TcpSocketAction
{
    /// <summary>Port, by number or name.</summary>
    public required IntOrString Port { get; init; }

    /// <summary>Host instead of the pod's address.</summary>
    public string? Host { get; init; }
}

/// <summary>A gRPC health check.</summary>
public sealed record GrpcAction
{
    /// <summary>Port.</summary>
    public required int Port { get; init; }

    /// <summary>Service asked about.</summary>
    public string? Service { get; init; }
}
