using System.Collections.Concurrent;
using LlmOperator.Qdrant;

namespace LlmOperator.Gateway.Rag.Indexes;

/// <summary>Clients of the Qdrant servers of indexes: one for each address and key.</summary>
/// <param name="secrets">API keys.</param>
/// <param name="connect">Makes a client.</param>
internal sealed class QdrantClients(SecretShelf secrets, Func<QdrantConnection, IQdrantClient> connect)
{
    // Keys are changed now and then; what is kept of old ones must not grow with it.
    private const int MostKept = 64;

    private readonly ConcurrentDictionary<(Uri Url, string? Key), IQdrantClient> _clients = new();

    /// <summary>The client of an index.</summary>
    /// <exception cref="StepException">Its server or its key is not known.</exception>
    public IQdrantClient Of(IndexFacts index)
    {
        var url = index.Url ?? throw new StepException(StepException.Unavailable, $"RagIndex {index.Name} has no Qdrant yet");
        var key = index.ApiKey is not { } reference ? null
            : secrets.Find(reference) ?? throw new StepException(StepException.NotConfigured, $"Secret {reference.Name}, which RagIndex {index.Name} names, has no key {reference.Key}");
        if (_clients.Count >= MostKept)
        {
            _clients.Clear();
        }

        // Searches have a time of their own, in which trying again has no place but once.
        return _clients.GetOrAdd((url, key), _ => connect(new(url) { ApiKey = key, Retries = 1, LongestRetryDelay = TimeSpan.FromSeconds(1) }));
    }
}
