using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>An authority of our own and the certificate it signed for the webhook, all PEM.</summary>
/// <param name="Authorities">Authorities that are trusted, the newest first: that of the certificate may be an older one.</param>
/// <param name="AuthorityKey">Key of the newest authority.</param>
/// <param name="Certificate">The webhook's certificate.</param>
/// <param name="Key">Its key.</param>
internal sealed record WebhookCertificates(string Authorities, string AuthorityKey, string Certificate, string Key)
{
    /// <summary>The authorities as a webhook configuration has them.</summary>
    public byte[] Bundle => Encoding.ASCII.GetBytes(Authorities);

    /// <summary>What a Secret holds; null when something is missing.</summary>
    public static WebhookCertificates? From(Secret? secret) =>
        Text(secret, "ca.crt") is { } authorities && Text(secret, "ca.key") is { } authorityKey && Text(secret, "tls.crt") is { } certificate && Text(secret, "tls.key") is { } key
            ? new(authorities, authorityKey, certificate, key)
            : null;

    /// <summary>The data of a Secret of type kubernetes.io/tls.</summary>
    public IReadOnlyDictionary<string, byte[]> ToData() => new Dictionary<string, byte[]>
    {
        ["ca.crt"] = Bundle,
        ["ca.key"] = Encoding.ASCII.GetBytes(AuthorityKey),
        ["tls.crt"] = Encoding.ASCII.GetBytes(Certificate),
        ["tls.key"] = Encoding.ASCII.GetBytes(Key),
    };

    /// <summary>Says nothing of keys.</summary>
    public override string ToString() => nameof(WebhookCertificates);

    private static string? Text(Secret? secret, string key) => secret?.Data?.TryGetValue(key, out var value) == true && value.Length > 0 ? Encoding.ASCII.GetString(value) : null;
}

/// <summary>How long certificates are good for.</summary>
/// <param name="Authority">Life of an authority.</param>
/// <param name="Certificate">Life of the webhook's certificate.</param>
internal sealed record CertificateLifetimes(TimeSpan Authority, TimeSpan Certificate)
{
    /// <summary>Ten years and ninety days.</summary>
    public static CertificateLifetimes Default { get; } = new(TimeSpan.FromDays(3650), TimeSpan.FromDays(90));

    /// <summary>For a process that keeps its certificate to itself.</summary>
    public static CertificateLifetimes OfProcess { get; } = new(TimeSpan.FromDays(3650), TimeSpan.FromDays(3650));
}
