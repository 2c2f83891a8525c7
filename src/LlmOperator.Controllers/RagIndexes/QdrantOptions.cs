using LlmOperator.Kubernetes;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>How the operator runs Qdrant and asks it.</summary>
public sealed record QdrantOptions
{
    /// <summary>Image of managed ones, without its tag.</summary>
    public string ImageRepository { get; init; } = "docker.io/qdrant/qdrant";

    /// <summary>Labels of the ServiceMonitors of managed ones, by which a Prometheus chooses what it reads; null for none but the operator's own.</summary>
    public IReadOnlyDictionary<string, string>? ServiceMonitorLabels { get; init; }

    /// <summary>Namespace of the operator's pods, which managed ones let in; null when it runs in none.</summary>
    public string? OperatorNamespace { get; init; }

    /// <summary>How often one that is as it should be is looked at.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Opens connections where the names of Services are not the system's; the system's own way when null.</summary>
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    /// <summary>Sends requests in place of the network; null for the network.</summary>
    internal Func<ObjectKey, HttpMessageHandler>? Handler { get; init; }
}
