using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LlmOperator.Api.Common;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Qdrant;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>What is needed to ask a Qdrant cannot be had.</summary>
/// <param name="reason">One CamelCase word.</param>
/// <param name="message">What is the case and what to change.</param>
internal sealed class QdrantAccessException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}

/// <summary>Clients of the Qdrants of indexes. The key and the authorities of an external one are read from the Secrets and ConfigMaps its spec names, by name, and again after a while or when the key was refused.</summary>
internal sealed class QdrantAccess(IKubeClient client, QdrantOptions options, TimeProvider time) : IDisposable
{
    /// <summary>How soon a key that was changed is noticed where the old one still works.</summary>
    private static readonly TimeSpan KeyAge = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(60);

    /// <summary>A snapshot of a large collection takes its time.</summary>
    private static readonly TimeSpan PatientTime = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<ObjectKey, Connection> _connections = new();

    /// <summary>A client of an index's Qdrant.</summary>
    /// <param name="index">The index.</param>
    /// <param name="managedKey">Key of a managed one; null for an external one.</param>
    /// <param name="cancellationToken">Cancels reads.</param>
    /// <exception cref="QdrantAccessException">A Secret or ConfigMap is missing or may not be read.</exception>
    public async Task<Connection> ConnectAsync(RagIndex index, string? managedKey, CancellationToken cancellationToken)
    {
        var key = ObjectKey.Of(index);
        var external = index.Spec!.Qdrant.External;
        if (_connections.TryGetValue(key, out var known) && known.Fits(external, managedKey) && (external is null || time.GetElapsedTime(known.Read) < KeyAge))
        {
            return known;
        }

        var settings = external is null
            ? new Settings(QdrantNames.Url(index), managedKey, null, false)
            : new(external.Url, await ApiKeyAsync(key.Namespace, external.ApiKeySecretRef, cancellationToken).ConfigureAwait(false), await AuthoritiesAsync(key.Namespace, external.Tls, cancellationToken).ConfigureAwait(false), external.Tls?.InsecureSkipVerify == true);
        if (known is not null && known.Settings == settings)
        {
            known.Read = time.GetTimestamp();
            known.External = external;
            return known;
        }

        Forget(key);
        return _connections[key] = new(settings, external, Handler(key, settings), time) { Read = time.GetTimestamp() };
    }

    /// <summary>Forgets what is known of an index's Qdrant: it is gone, or its key was refused.</summary>
    public void Forget(ObjectKey key)
    {
        if (_connections.TryRemove(key, out var old))
        {
            old.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var key in _connections.Keys)
        {
            Forget(key);
        }
    }

    private HttpMessageHandler Handler(ObjectKey key, Settings settings)
    {
        if (options.Handler is { } given)
        {
            return given(key);
        }

        var handler = new SocketsHttpHandler { ConnectTimeout = ConnectTime, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectCallback = options.Connect };
        if (settings.Insecure)
        {
#pragma warning disable CA5359 // The user asked for it, in a field that says what it means.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (settings.Authorities is { } pem)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPem(pem);
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        return handler;
    }

    private async Task<string?> ApiKeyAsync(string? ns, SecretKeyReference? reference, CancellationToken cancellationToken)
    {
        if (reference is null)
        {
            return null;
        }

        const string Field = "spec.qdrant.external.apiKeySecretRef";
        var text = Encoding.UTF8.GetString(await SecretAsync(ns, reference.Name, reference.Key, Field, cancellationToken).ConfigureAwait(false)).Trim();
        return text.Length > 0 && text.All(letter => letter is > ' ' and < '\x7f')
            ? text
            : throw new QdrantAccessException("InvalidKey", $"key {reference.Key} of Secret {reference.Name}, which {Field} names, holds something that is no API key: it may have no spaces, line ends or letters beyond ASCII");
    }

    private async Task<string?> AuthoritiesAsync(string? ns, QdrantTls? tls, CancellationToken cancellationToken)
    {
        string? pem = null;
        var field = "spec.qdrant.external.tls.caSecretRef";
        if (tls?.CaSecretRef is { } secret)
        {
            pem = Encoding.UTF8.GetString(await SecretAsync(ns, secret.Name, secret.Key, field, cancellationToken).ConfigureAwait(false));
        }
        else if (tls?.CaConfigMapRef is { } map)
        {
            field = "spec.qdrant.external.tls.caConfigMapRef";
            var found = await client.GetAsync<ConfigMap>(new(ns, map.Name), cancellationToken).ConfigureAwait(false)
                ?? throw new QdrantAccessException("AuthorityNotFound", $"there is no ConfigMap {map.Name} in this namespace: create it, or correct {field}.name");
            pem = found.Data?.GetValueOrDefault(map.Key)
                ?? throw new QdrantAccessException("AuthorityNotFound", $"ConfigMap {map.Name} has no key {map.Key}: add it, or correct {field}.key");
        }

        if (pem is not null)
        {
            try
            {
                var roots = new X509Certificate2Collection();
                roots.ImportFromPem(pem);
                if (roots.Count > 0)
                {
                    return pem;
                }
            }
            catch (CryptographicException)
            {
                // Told below.
            }

            throw new QdrantAccessException("InvalidAuthority", $"what {field} names holds no certificate in PEM: put the authority's certificate there, between BEGIN CERTIFICATE and END CERTIFICATE");
        }

        return null;
    }

    private async Task<byte[]> SecretAsync(string? ns, string name, string key, string field, CancellationToken cancellationToken)
    {
        try
        {
            var secret = await client.GetAsync<Secret>(new(ns, name), cancellationToken).ConfigureAwait(false)
                ?? throw new QdrantAccessException("KeyNotFound", $"there is no Secret {name} in this namespace: create it, or correct {field}.name");
            return secret.Data?.TryGetValue(key, out var value) == true && value.Length > 0
                ? value
                : throw new QdrantAccessException("KeyNotFound", $"Secret {name} has no key {key}, or it is empty: add it, or correct {field}.key");
        }
        catch (KubeApiException refusal) when (refusal.IsForbidden)
        {
            throw new QdrantAccessException(
                "KeyForbidden", $"the operator may not read Secret {name}, which {field} names: bind its service account to the ClusterRole llm-operator-secret-reader in namespace {ns} by a RoleBinding");
        }
    }

    /// <summary>How a server is reached.</summary>
    internal sealed record Settings(string Url, string? Key, string? Authorities, bool Insecure)
    {
        // A record prints its fields, and the key must not get into a log.
        public override string ToString() => Url;
    }

    /// <summary>Clients of one index's Qdrant, on shared connections.</summary>
    internal sealed class Connection : IDisposable
    {
        private readonly HttpClient _usual;
        private readonly HttpClient _patient;
        private readonly HttpMessageHandler _handler;
        private readonly TimeProvider _time;
        private readonly ConcurrentDictionary<string, IQdrantClient> _nodes = new(StringComparer.Ordinal);

        public Connection(Settings settings, ExternalQdrant? external, HttpMessageHandler handler, TimeProvider time)
        {
            (Settings, External, _handler, _time) = (settings, external, handler, time);
            _usual = new(handler, disposeHandler: false) { Timeout = AnswerTime };
            _patient = new(handler, disposeHandler: false) { Timeout = PatientTime };
            Client = Make(_usual, settings.Url, AnswerTime / 2);
            Patient = Make(_patient, settings.Url, null);
        }

        public Settings Settings { get; }

        public ExternalQdrant? External { get; set; }

        public long Read { get; set; }

        /// <summary>For what is answered soon.</summary>
        public IQdrantClient Client { get; }

        /// <summary>For snapshots.</summary>
        public IQdrantClient Patient { get; }

        public bool Fits(ExternalQdrant? external, string? managedKey) => external == External && (external is not null || Settings.Key == managedKey);

        /// <summary>For what one node answers soon.</summary>
        public IQdrantClient Prompt(string url) => Make(_usual, url, AnswerTime / 2);

        /// <summary>For snapshots of one node.</summary>
        public IQdrantClient Node(string url) => _nodes.GetOrAdd(url, static (address, self) => self.Make(self._patient, address, null), this);

        public void Dispose()
        {
            _usual.Dispose();
            _patient.Dispose();
            _handler.Dispose();
        }

        // A look that fails is repeated as a whole, so the client need not.
        private QdrantClient Make(HttpClient http, string url, TimeSpan? operation) =>
            new(http, new(new Uri(url)) { ApiKey = Settings.Key, OperationTimeout = operation, Retries = 0 }, _time);
    }
}
