namespace LlmOperator.Qdrant;

/// <summary>Where a server is and how to ask it.</summary>
/// <param name="Url">Its REST address; a path in it is kept.</param>
public sealed record QdrantConnection(Uri Url)
{
    /// <summary>API key; null when the server asks for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>How long the server may take for a change of collections, aliases or the cluster, and for a search, before it gives up. Null leaves it to the server.</summary>
    public TimeSpan? OperationTimeout { get; init; }

    /// <summary>Largest request the server takes, in bytes: <c>service.max_request_size_mb</c>.</summary>
    public int MaxRequestBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>How often a read is tried again when the server asks for patience (429, 503) or was not reached.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Longest wait for one such retry. A server that asks for more is reported instead.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The address alone: the key must not get into a log.</summary>
    public override string ToString() => Url.ToString();
}
