using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Qdrant;

namespace LlmOperator.Gateway.Rag.Indexes;

/// <summary>Clients of the Qdrant servers of indexes: one for each address, key and authority.</summary>
/// <param name="secrets">API keys, and certificates of authorities.</param>
/// <param name="maps">Certificates of authorities.</param>
/// <param name="connect">Makes clients; by network when null.</param>
/// <param name="connectTimeout">How long a connection may take.</param>
/// <param name="time">Clock.</param>
internal sealed class QdrantClients(NamedShelf<Secret> secrets, NamedShelf<ConfigMap> maps, Func<QdrantConnection, IQdrantClient>? connect, TimeSpan connectTimeout, TimeProvider time) : IDisposable
{
    // Keys are changed now and then; what is kept of old ones must not grow with it.
    private const int MostKept = 64;

    private readonly ConcurrentDictionary<(Uri Url, string? Key, string? Authority, bool IsUnchecked), Lazy<Connected>> _clients = new();

    /// <summary>The client of an index.</summary>
    /// <exception cref="StepException">Its server or what is needed to ask it is not known.</exception>
    public IQdrantClient Of(IndexFacts index)
    {
        var url = index.Url ?? throw new StepException(StepException.Unavailable, $"RagIndex {index.Name} has no Qdrant yet");
        var key = index.ApiKey is { } reference ? secrets.Value(reference) ?? throw Missing(index, "Secret", reference.Name, reference.Key) : null;
        var authority = index.Tls is { CaSecretRef: { } secret } ? secrets.Value(secret.Name, secret.Key) ?? throw Missing(index, "Secret", secret.Name, secret.Key)
            : index.Tls is { CaConfigMapRef: { } map } ? maps.Find(map.Name)?.Data?.GetValueOrDefault(map.Key) ?? throw Missing(index, "ConfigMap", map.Name, map.Key)
            : null;
        var id = (url, key, authority, index.Tls?.InsecureSkipVerify == true);
        if (_clients.Count >= MostKept && !_clients.ContainsKey(id))
        {
            _clients.Clear(); // Requests under way keep theirs; what nobody holds is collected.
        }

        try
        {
            return _clients.GetOrAdd(id, one => new(() => Connect(one))).Value.Client;
        }
        catch (CryptographicException error)
        {
            throw new StepException(StepException.NotConfigured, $"RagIndex {index.Name}: the authority's certificate cannot be read: {error.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _clients.Values.Where(client => client.IsValueCreated))
        {
            client.Value.Http?.Dispose();
        }
    }

    private Connected Connect((Uri Url, string? Key, string? Authority, bool IsUnchecked) to)
    {
        // Searches have a time of their own, in which trying again has a place but once.
        var connection = new QdrantConnection(to.Url) { ApiKey = to.Key, Retries = 1, LongestRetryDelay = TimeSpan.FromSeconds(1) };
        if (connect is not null)
        {
            return new(connect(connection), null);
        }

        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = connectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // Names may come to mean other addresses.
        };
        if (to.IsUnchecked)
        {
#pragma warning disable CA5359 // The index says so, and its page says what that means.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (to.Authority is { } pem)
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(pem);
            handler.SslOptions.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        return new(new QdrantClient(http, connection, time), http);
    }

    private static StepException Missing(IndexFacts index, string kind, string name, string key) => new(StepException.NotConfigured, $"{kind} {name}, which RagIndex {index.Name} names, has no key {key}");

    private sealed record Connected(IQdrantClient Client, HttpClient? Http);
}
