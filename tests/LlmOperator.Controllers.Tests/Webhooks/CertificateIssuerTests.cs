using System.Security.Cryptography.X509Certificates;
using LlmOperator.Controllers.Webhooks;
using Xunit;

namespace LlmOperator.Controllers.Tests.Webhooks;

public sealed class CertificateIssuerTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly CertificateIssuer _issuer = new(["hook.ns.svc", "127.0.0.1"], CertificateLifetimes.Default);

    [Fact]
    public void Certificates_are_good_for_the_names_at_once_and_for_clocks_that_are_behind()
    {
        var made = _issuer.Renew(null, Start);

        using var served = X509Certificate2.CreateFromPem(made.Certificate, made.Key);
        Assert.True(served.MatchesHostname("hook.ns.svc") && served.MatchesHostname("127.0.0.1") && !served.MatchesHostname("other.ns.svc"));
        Assert.Equal("1.2.840.10045.3.1.7", served.GetECDsaPublicKey()!.ExportParameters(false).Curve.Oid.Value);
        Assert.True(IsTrusted(made.Certificate, made.Authorities, Start.AddMinutes(-59)));
        Assert.False(IsTrusted(made.Certificate, made.Authorities, Start.AddDays(91)));
    }

    [Fact]
    public void A_certificate_is_renewed_after_two_thirds_of_its_life_by_the_same_authority()
    {
        var made = _issuer.Renew(null, Start);

        Assert.Same(made, _issuer.Renew(made, Start.AddDays(59)));
        Assert.InRange(CertificateIssuer.NextDue(made), Start.AddDays(59), Start.AddDays(61));
        var renewed = _issuer.Renew(made, Start.AddDays(61));
        Assert.NotEqual(made.Certificate, renewed.Certificate);
        Assert.Equal((made.Authorities, made.AuthorityKey), (renewed.Authorities, renewed.AuthorityKey));
    }

    [Fact]
    public void In_a_lifetime_of_renewals_no_certificate_comes_that_the_bundle_before_it_does_not_trust()
    {
        var present = _issuer.Renew(null, Start);
        var authorities = new HashSet<string> { present.AuthorityKey };
        var most = 1;
        for (var now = Start; now < Start.AddDays(365 * 25); now = now.AddDays(3))
        {
            var next = _issuer.Renew(present, now);
            if (next != present)
            {
                Assert.True(IsTrusted(next.Certificate, present.Authorities, now), $"on {now:d} the certificate is not trusted by who has not heard of the renewal yet");
                Assert.True(IsTrusted(present.Certificate, next.Authorities, now), $"on {now:d} the certificate still served is no longer trusted");
                Assert.True(CertificateIssuer.NextDue(next) > now.AddDays(-61));
            }

            present = next;
            authorities.Add(present.AuthorityKey);
            most = Math.Max(most, present.Authorities.Split("BEGIN").Length - 1);
        }

        Assert.Equal((4, 2), (authorities.Count, most));
    }

    [Fact]
    public void Names_that_changed_an_expired_certificate_and_edited_ones_are_put_right_at_once()
    {
        var made = _issuer.Renew(null, Start);

        var renamed = new CertificateIssuer(["other.ns.svc"], CertificateLifetimes.Default).Renew(made, Start);
        Assert.Equal(made.Authorities, renamed.Authorities);
        Assert.NotEqual(made.Certificate, renamed.Certificate);
        var late = _issuer.Renew(made, Start.AddDays(100));
        Assert.Equal(made.Authorities, late.Authorities);
        Assert.True(IsTrusted(late.Certificate, late.Authorities, Start.AddDays(100)));
        foreach (var broken in (WebhookCertificates[])[made with { Key = "x" }, made with { Authorities = "" }, made with { AuthorityKey = made.Key }, made with { Certificate = "-----BEGIN" }])
        {
            var anew = _issuer.Renew(broken, Start);
            Assert.NotEqual(made.Authorities, anew.Authorities);
            Assert.True(IsTrusted(anew.Certificate, anew.Authorities, Start));
        }

        var foreign = _issuer.Renew(null, Start);
        var mixed = _issuer.Renew(made with { Certificate = foreign.Certificate, Key = foreign.Key }, Start);
        Assert.True(IsTrusted(mixed.Certificate, made.Authorities, Start));
    }

    [Fact]
    public void Keys_are_never_in_a_text_made_of_certificates() => Assert.DoesNotContain("PRIVATE", _issuer.Renew(null, Start).ToString());

    internal static bool IsTrusted(string certificatePem, string authoritiesPem, DateTimeOffset at)
    {
        using var certificate = X509Certificate2.CreateFromPem(certificatePem);
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(authoritiesPem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = at.LocalDateTime;
        return chain.Build(certificate);
    }
}
