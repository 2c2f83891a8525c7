using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>What a source of certificates has to say.</summary>
/// <param name="Bundle">PEM of the authorities to trust; null where others see to that.</param>
/// <param name="LookAgain">When to ask again, changes apart.</param>
internal readonly record struct CertificateState(byte[]? Bundle, TimeSpan LookAgain);

/// <summary>Where the webhook's certificate comes from.</summary>
internal interface ICertificateSource
{
    /// <summary>Brings the certificate that is served up to date.</summary>
    Task<CertificateState> EnsureAsync(ServingCertificate serving, CancellationToken cancellationToken);
}

/// <summary>Certificates of our own, kept in a place that other replicas may share.</summary>
internal sealed class IssuedCertificates(ICertificateStore store, CertificateIssuer issuer, TimeProvider time) : ICertificateSource
{
    // A renewal comes days before it must; a day at most bounds what a clock that was set can do.
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private WebhookCertificates? _served;

    public async Task<CertificateState> EnsureAsync(ServingCertificate serving, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var present = store.Present;
        var wanted = issuer.Renew(present, now);
        if (wanted != present)
        {
            await store.WriteAsync(wanted, cancellationToken).ConfigureAwait(false);
        }

        if (wanted.Certificate != _served?.Certificate || wanted.Key != _served.Key)
        {
            serving.Use(wanted.Certificate, wanted.Key);
            _served = wanted;
        }

        var wait = CertificateIssuer.NextDue(wanted) - now;
        return new(wanted.Bundle, wait < ShortestWait ? ShortestWait : wait > LongestWait ? LongestWait : wait);
    }
}

/// <summary>Certificates somebody else puts into a folder, as cert-manager does with a mounted Secret: tls.crt, tls.key, and ca.crt for the CA bundle of a URL.</summary>
internal sealed class CertificateFiles(string folder) : ICertificateSource
{
    // A mounted Secret is swapped by a symbolic link, which file watchers miss.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private (string Certificate, string Key) _served;

    public async Task<CertificateState> EnsureAsync(ServingCertificate serving, CancellationToken cancellationToken)
    {
        var found = (await ReadAsync("tls.crt", cancellationToken).ConfigureAwait(false), await ReadAsync("tls.key", cancellationToken).ConfigureAwait(false));
        if (found != _served)
        {
            try
            {
                serving.Use(found.Item1, found.Item2);
            }
            catch (Exception error) when (error is CryptographicException or ArgumentException)
            {
                // Between two files of a swap lies a moment in which they do not belong together; the next look finds them whole.
                throw new InvalidOperationException($"tls.crt and tls.key in {folder} cannot be used: {error.Message}", error);
            }

            _served = found;
        }

        var authority = Path.Combine(folder, "ca.crt");
        return new(File.Exists(authority) ? await File.ReadAllBytesAsync(authority, cancellationToken).ConfigureAwait(false) : null, LookEvery);
    }

    private Task<string> ReadAsync(string name, CancellationToken cancellationToken) => File.ReadAllTextAsync(Path.Combine(folder, name), Encoding.ASCII, cancellationToken);
}

/// <summary>Where certificates of our own are kept.</summary>
internal interface ICertificateStore
{
    /// <summary>The certificates kept; null when there are none.</summary>
    WebhookCertificates? Present { get; }

    /// <summary>Keeps others from now on.</summary>
    /// <exception cref="KubeApiException">Somebody else was first.</exception>
    Task WriteAsync(WebhookCertificates certificates, CancellationToken cancellationToken);
}

/// <summary>Keeps certificates for the life of the process.</summary>
internal sealed class MemoryStore : ICertificateStore
{
    public WebhookCertificates? Present { get; private set; }

    public Task WriteAsync(WebhookCertificates certificates, CancellationToken cancellationToken)
    {
        Present = certificates;
        return Task.CompletedTask;
    }
}

/// <summary>Keeps certificates in a Secret all replicas share. Whoever comes first makes them; who comes second finds out by the conflict and takes what is there.</summary>
internal sealed class SecretStore(Informer<Secret> cache, IKubeClient client, string ns) : ICertificateStore
{
    private static readonly WriteOptions Options = new() { FieldManager = FieldManagers.Webhook };

    private readonly OwnWrites<Secret> _secrets = new(cache);
    private readonly ObjectKey _key = new(ns, WebhookManifest.SecretName);

    public WebhookCertificates? Present => WebhookCertificates.From(_secrets.Get(_key));

    public async Task WriteAsync(WebhookCertificates certificates, CancellationToken cancellationToken)
    {
        var written = _secrets.Get(_key) is { } secret
            ? await client.PatchAsync<Secret>(_key, DataPatch(secret, certificates), Options, cancellationToken).ConfigureAwait(false)
            : await client.CreateAsync(
                new Secret
                {
                    Metadata = new() { Name = _key.Name, Namespace = ns, Labels = new Dictionary<string, string> { ["app.kubernetes.io/name"] = "llm-operator" } },
                    Type = "kubernetes.io/tls",
                    Data = certificates.ToData(),
                },
                Options,
                cancellationToken).ConfigureAwait(false);
        _secrets.Wrote(written);
    }

    private static Patch DataPatch(Secret secret, WebhookCertificates certificates)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("resourceVersion"u8, secret.Metadata.ResourceVersion);
            writer.WriteEndObject();
            writer.WriteStartObject("data"u8);
            foreach (var (name, value) in certificates.ToData())
            {
                writer.WriteBase64String(name, value);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Patch.Merge(body.WrittenMemory);
    }
}
