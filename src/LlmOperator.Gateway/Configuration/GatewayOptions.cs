using System.Net;
using LlmOperator.Inference.Spooling;

namespace LlmOperator.Gateway.Configuration;

/// <summary>What the gateway is told.</summary>
public sealed record GatewayOptions
{
    /// <summary>Namespace whose endpoints are served.</summary>
    public required string Namespace { get; init; }

    /// <summary>Address clients are answered at.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Any, 8080);

    /// <summary>Address of health, readiness and metrics.</summary>
    public IPEndPoint Admin { get; init; } = new(IPAddress.Any, 9464);

    /// <summary>Kubeconfig of the cluster; null to find it as kubectl does, or in the pod.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>OTLP receiver that is told of every request, besides the exporters of each endpoint; null for none.</summary>
    public Uri? TraceEndpoint { get; init; }

    /// <summary>Folder of the spools traces wait in.</summary>
    public string SpoolDirectory { get; init; } = "/var/spool/llm-gateway";

    /// <summary>Most bytes of each spool.</summary>
    public long SpoolBytes { get; init; } = new SpoolOptions().MaxBytes;

    /// <summary>Most bytes of a request's body.</summary>
    public int MaxBodyBytes { get; init; } = 32 << 20;

    /// <summary>Most bytes of all bodies that are held at one time.</summary>
    public long MaxHeldBytes { get; init; } = 512L << 20;

    /// <summary>Most requests that are answered at one time.</summary>
    public int MaxConcurrentRequests { get; init; } = 4096;

    /// <summary>How often a request is sent at most, each time to another pod.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>How long a connection to a pod may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a pod may take until the first byte of its answer. Long, as an answer that is not streamed begins when it is whole.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a request may take, from its arrival to the end of its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Feedback a caller may give in a minute.</summary>
    public int FeedbackPerMinute { get; init; } = 60;

    /// <summary>How long requests are still taken after the signal to stop, until everybody has seen that this pod is not ready.</summary>
    public TimeSpan ShutdownDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long running answers may take after that.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the spools may take to empty in the end.</summary>
    public TimeSpan FlushTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Seed of the choice among pods that are equally busy; each run differs when absent.</summary>
    public int? Seed { get; init; }
}
