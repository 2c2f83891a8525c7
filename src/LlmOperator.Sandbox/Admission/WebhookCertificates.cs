using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LlmOperator.Sandbox.Admission;

/// <summary>A webhook's certificate does not convince.</summary>
internal sealed class WebhookCertificateException(string reason) : AuthenticationException($"tls: failed to verify certificate: x509: {reason}");

/// <summary>Checks a webhook's certificate by its configuration's caBundle and by the name it was called under.</summary>
internal sealed class WebhookCertificates(string? authorities)
{
    /// <summary>The check of the TLS handshake.</summary>
    /// <exception cref="WebhookCertificateException">With the API server's words for what is wrong.</exception>
    public bool Check(object sender, X509Certificate? presented, X509Chain? presentedChain, SslPolicyErrors errors)
    {
        if (presented is null)
        {
            return false;
        }

        using var certificate = new X509Certificate2(presented);
        CheckName(certificate, sender is SslStream stream ? stream.TargetHostName : "");
        CheckChain(certificate, presentedChain);
        return true;
    }

    private void CheckChain(X509Certificate2 certificate, X509Chain? presentedChain)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (presentedChain is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presentedChain.ChainPolicy.ExtraStore);
        }

        if (authorities is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(Read(authorities));
        }

        if (chain.Build(certificate))
        {
            return;
        }

        var now = DateTime.Now;
        if (now > certificate.NotAfter || now < certificate.NotBefore)
        {
            var (relation, bound) = now > certificate.NotAfter ? ("after", certificate.NotAfter) : ("before", certificate.NotBefore);
            throw new WebhookCertificateException($"certificate has expired or is not yet valid: current time {Time(now)} is {relation} {Time(bound)}");
        }

        throw new WebhookCertificateException("certificate signed by unknown authority");
    }

    private static X509Certificate2Collection Read(string pem)
    {
        var collection = new X509Certificate2Collection();
        try
        {
            collection.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            collection.Clear();
        }

        return collection.Count > 0 ? collection : throw new WebhookUnreachable("unable to load root certificates: unable to parse bytes as PEM block");
    }

    private static void CheckName(X509Certificate2 certificate, string host)
    {
        if (certificate.MatchesHostname(host, allowWildcards: true, allowCommonName: false))
        {
            return;
        }

        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        var dns = names?.EnumerateDnsNames().ToList() ?? [];
        var addresses = names?.EnumerateIPAddresses().Select(address => address.ToString()).ToList() ?? [];
        if (IPAddress.TryParse(host, out _))
        {
            throw new WebhookCertificateException(addresses.Count == 0
                ? $"cannot validate certificate for {host} because it doesn't contain any IP SANs"
                : $"certificate is valid for {string.Join(", ", addresses)}, not {host}");
        }

        throw new WebhookCertificateException(
            names is null ? "certificate relies on legacy Common Name field, use SANs instead"
            : dns.Count == 0 ? $"certificate is not valid for any names, but wanted to match {host}"
            : $"certificate is valid for {string.Join(", ", dns)}, not {host}");
    }

    private static string Time(DateTime moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
