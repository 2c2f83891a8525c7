using LlmOperator.Controllers.RagIndexes;
using LlmOperator.Controllers.Registries;
using LlmOperator.Planning;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Configuration;

/// <summary>Everything the operator can be told. Each value may come from the command line, the environment, a file, or be left at its default.</summary>
public sealed record OperatorOptions
{
    /// <summary>Kubeconfig file; the usual places when null (KUBECONFIG, the pod's service account, ~/.kube/config).</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>Context of the kubeconfig; its current one when null.</summary>
    public string? Context { get; init; }

    /// <summary>Namespace to look after; all when null.</summary>
    public string? Namespace { get; init; }

    /// <summary>Whether of several operators only the holder of a lease works.</summary>
    public bool LeaderElect { get; init; }

    /// <summary>Namespace of the lease; the operator's own when null.</summary>
    public string? LeaderElectionNamespace { get; init; }

    /// <summary>Address metrics are served on; null serves none.</summary>
    public ListenAddress? MetricsBindAddress { get; init; } = new(null, 8080);

    /// <summary>Address health checks are served on; null serves none.</summary>
    public ListenAddress? HealthProbeBindAddress { get; init; } = new(null, 8081);

    /// <summary>Address the validating webhook is served on; null serves none.</summary>
    public ListenAddress? WebhookBindAddress { get; init; } = new(null, 9443);

    /// <summary>Address the API server reaches the webhook under where no Service leads to it; port 0 stands for the port listened on. Null where a Service does.</summary>
    public Uri? WebhookUrl { get; init; }

    /// <summary>Folder with the webhook's certificate; the operator makes its own when null.</summary>
    public string? WebhookCertDir { get; init; }

    /// <summary>Namespace of the operator's pod; null outside a cluster.</summary>
    public string? OperatorNamespace { get; init; }

    /// <summary>What is done about a model nobody gave a licence.</summary>
    public LicensePolicy LicensePolicy { get; init; }

    /// <summary>Objects of a kind that are worked on at the same time.</summary>
    public int Workers { get; init; } = 4;

    /// <summary>Accelerator classes.</summary>
    public AcceleratorCatalogue Accelerators { get; init; } = AcceleratorCatalogue.Default;

    /// <summary>How model registries are asked.</summary>
    public RegistryOptions Registries { get; init; } = new();

    /// <summary>What stands between clients and engines.</summary>
    public DataPathOptions DataPath { get; init; } = new();

    /// <summary>How Qdrant is run and asked.</summary>
    public QdrantOptions Qdrant { get; init; } = new();

    /// <summary>Least severe log entries that are written.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Time a stop waits for what is in hand.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>An address to listen on.</summary>
/// <param name="Host">Address of an interface; all interfaces when null.</param>
/// <param name="Port">Port; 0 lets the system choose one.</param>
public sealed record ListenAddress(System.Net.IPAddress? Host, int Port)
{
    /// <inheritdoc/>
    public override string ToString() => Host?.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>Settings that cannot be used; all that is wrong with them is listed.</summary>
/// <param name="problems">What is wrong, each with the setting's name and source.</param>
public sealed class OptionsException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    /// <summary>What is wrong, each with the setting's name and source.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
