using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace LlmOperator.Kubernetes.Http;

/// <summary>Trust in exactly the authorities of a bundle, the system's not among them.</summary>
internal static class ServerTrust
{
    public static void Apply(SslClientAuthenticationOptions tls, X509Certificate2Collection authorities)
    {
        tls.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);

        // A bundle may hold only an intermediate authority, which every Kubernetes client takes for an anchor and .NET does not.
        if (authorities.Any(authority => !authority.SubjectName.RawData.AsSpan().SequenceEqual(authority.IssuerName.RawData)))
        {
            tls.RemoteCertificateValidationCallback = (_, _, chain, errors) =>
                errors == SslPolicyErrors.None || (errors == SslPolicyErrors.RemoteCertificateChainErrors && chain is not null && EndsAt(chain, authorities));
        }
    }

    // PartialChain alone: every signature and date up to the last element is good, and only the last element's own issuer is unknown.
    private static bool EndsAt(X509Chain chain, X509Certificate2Collection authorities) =>
        chain.ChainElements.Count > 1
        && chain.ChainStatus.All(status => status.Status == X509ChainStatusFlags.PartialChain)
        && authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(chain.ChainElements[^1].Certificate.RawDataMemory.Span));
}
