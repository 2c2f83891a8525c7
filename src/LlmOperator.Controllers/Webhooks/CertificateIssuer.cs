using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>
/// Makes and renews the webhook's certificates, each after two thirds of its life. A new authority is trusted beside the old one long before a certificate of it is served, so that no API server
/// ever meets a certificate it does not trust.
/// </summary>
/// <param name="names">DNS names and addresses the webhook is reached under.</param>
/// <param name="lifetimes">How long certificates are good for.</param>
internal sealed class CertificateIssuer(IReadOnlyList<string> names, CertificateLifetimes lifetimes)
{
    // Clocks differ; nothing is signed with a time that lies in somebody's future.
    private static readonly TimeSpan Backdated = TimeSpan.FromHours(1);

    /// <summary>The certificates to have now: those there are while they are good, and what is due made anew.</summary>
    /// <param name="present">Those there are; null when there are none.</param>
    /// <param name="now">Present time.</param>
    public WebhookCertificates Renew(WebhookCertificates? present, DateTimeOffset now)
    {
        if (present is null || Open(present) is not { } opened || opened.Newest.NotAfter.ToUniversalTime() <= now)
        {
            return Everything(now);
        }

        using (opened)
        {
            if (!opened.IsServable(names, now))
            {
                return Issued(opened.Newest, present, now);
            }

            if (DueAt(opened.Newest) <= now)
            {
                using var authority = NewAuthority(now);
                var trusted = opened.Authorities.Where(old => old.NotAfter.ToUniversalTime() > now).Select(old => old.ExportCertificatePem());
                return present with { Authorities = string.Join('\n', [authority.ExportCertificatePem(), .. trusted]) + "\n", AuthorityKey = KeyPem(authority) };
            }

            return DueAt(opened.Served) <= now ? Issued(opened.Newest, present, now) : present;
        }
    }

    /// <summary>When <see cref="Renew"/> has something to do next.</summary>
    public static DateTimeOffset NextDue(WebhookCertificates present)
    {
        using var opened = Open(present) ?? throw new ArgumentException("the certificates cannot be read", nameof(present));
        var (authority, served) = (DueAt(opened.Newest), DueAt(opened.Served));
        return authority < served ? authority : served;
    }

    private static DateTimeOffset DueAt(X509Certificate2 certificate)
    {
        DateTimeOffset from = certificate.NotBefore.ToUniversalTime();
        return from + ((certificate.NotAfter.ToUniversalTime() - from) * 2 / 3);
    }

    private WebhookCertificates Everything(DateTimeOffset now)
    {
        using var authority = NewAuthority(now);
        return Issued(authority, new(authority.ExportCertificatePem() + "\n", KeyPem(authority), "", ""), now);
    }

    private X509Certificate2 NewAuthority(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=llm-operator webhook authority of {now:yyyy-MM-dd}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(now - Backdated, now + lifetimes.Authority);
    }

    private WebhookCertificates Issued(X509Certificate2 authority, WebhookCertificates present, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=llm-operator webhook", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        request.CertificateExtensions.Add(alternatives.Build());
        DateTimeOffset earliest = authority.NotBefore.ToUniversalTime(), latest = authority.NotAfter.ToUniversalTime();
        var from = now - Backdated > earliest ? now - Backdated : earliest;
        var until = now + lifetimes.Certificate < latest ? now + lifetimes.Certificate : latest;
        using var issued = request.Create(authority, from, until, RandomNumberGenerator.GetBytes(16));
        return present with { Certificate = issued.ExportCertificatePem() + "\n", Key = key.ExportPkcs8PrivateKeyPem() + "\n" };
    }

    private static string KeyPem(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static OpenedCertificates? Open(WebhookCertificates certificates)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(certificates.Authorities);
            return authorities.Count == 0
                ? null
                : new(
                    X509Certificate2.CreateFromPem(authorities[0].ExportCertificatePem(), certificates.AuthorityKey),
                    authorities,
                    X509Certificate2.CreateFromPem(certificates.Certificate, certificates.Key));
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            return null; // Somebody edited them. They are made anew.
        }
    }

    /// <summary>Certificates that were read.</summary>
    private sealed record OpenedCertificates(X509Certificate2 Newest, X509Certificate2Collection Authorities, X509Certificate2 Served) : IDisposable
    {
        /// <summary>Whether the certificate is good now, for these names, and signed by an authority that is trusted.</summary>
        public bool IsServable(IReadOnlyList<string> names, DateTimeOffset now)
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(Authorities);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.DisableCertificateDownloads = true;
            chain.ChainPolicy.VerificationTimeIgnored = false;
            chain.ChainPolicy.VerificationTime = now.LocalDateTime;
            return chain.Build(Served) && names.All(name => Served.MatchesHostname(name, allowWildcards: false, allowCommonName: false));
        }

        public void Dispose()
        {
            Newest.Dispose();
            Served.Dispose();
            foreach (var authority in Authorities)
            {
                authority.Dispose();
            }
        }
    }
}
