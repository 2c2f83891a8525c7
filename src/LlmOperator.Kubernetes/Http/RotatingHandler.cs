using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using LlmOperator.Kubernetes.Authentication;
using LlmOperator.Kubernetes.Configuration;

namespace LlmOperator.Kubernetes.Http;

/// <summary>
/// Sends over connections that trust the present authorities and present the present certificate. When either changes, new requests
/// go over new connections; those that are open (watches) end in their own time, and idle ones are closed.
/// </summary>
internal sealed class RotatingHandler(ClusterConfiguration cluster, TimeProvider time) : HttpMessageHandler
{
    /// <summary>Certificate an exec plugin made, for this request.</summary>
    public static readonly HttpRequestOptionsKey<X509Certificate2?> Certificate = new("client-certificate");

    // Files are looked at once a minute: authorities and certificates rotate days before the old ones expire.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly bool _watchesFiles = cluster.CertificateAuthority?.File is not null || cluster.ClientCertificate?.File is not null || cluster.ClientKey?.File is not null;
    private Connections? _current;
    private DateTimeOffset _lookedAt;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Options.TryGetValue(Certificate, out var certificate);
        return Current(certificate).Invoker.SendAsync(request, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            _current?.Invoker.Dispose();
        }

        base.Dispose(disposing);
    }

    private Connections Current(X509Certificate2? fromPlugin)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_current is not null && ReferenceEquals(_current.FromPlugin, fromPlugin) && (!_watchesFiles || now - _lookedAt < LookEvery))
            {
                return _current;
            }

            var stamps = (cluster.CertificateAuthority?.Stamp, cluster.ClientCertificate?.Stamp, cluster.ClientKey?.Stamp);
            if (_current is null || !ReferenceEquals(_current.FromPlugin, fromPlugin) || _current.Stamps != stamps)
            {
                // The old one is left to its open streams: disposing it would cut them.
                _current = Create(fromPlugin, stamps, _current);
            }

            _lookedAt = now;
            return _current;
        }
    }

    private Connections Create(X509Certificate2? fromPlugin, (DateTime?, DateTime?, DateTime?) stamps, Connections? previous)
    {
        try
        {
            var own = fromPlugin is null && cluster is { ClientCertificate: { } certificate, ClientKey: { } key }
                ? ClientCertificates.Load(certificate.Read(), key.Read(), certificate.Origin)
                : null;
            return new Connections(new HttpMessageInvoker(CreateSocketsHandler(fromPlugin ?? own)), fromPlugin, stamps);
        }
        catch (ClusterConfigurationException) when (previous is not null && ReferenceEquals(previous.FromPlugin, fromPlugin))
        {
            // Seen in the middle of a rotation, with one file of the pair still old: keep what works and look again in a minute.
            return previous;
        }
    }

    private SocketsHttpHandler CreateSocketsHandler(X509Certificate2? certificate)
    {
        var tls = new SslClientAuthenticationOptions { CertificateRevocationCheckMode = X509RevocationMode.NoCheck };
        if (cluster.InsecureSkipTlsVerify)
        {
#pragma warning disable CA5359 // The user asked for it, by name.
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (cluster.CertificateAuthority is { } authority)
        {
            ServerTrust.Apply(tls, ClientCertificates.LoadAuthorities(authority));
        }

        if (certificate is not null)
        {
            tls.ClientCertificates = [certificate];
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }

        return new SocketsHttpHandler
        {
            SslOptions = tls,
            EnableMultipleHttp2Connections = true,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            UseCookies = false,
            Proxy = cluster.ProxyUrl is { } proxy ? ProxyOf(proxy) : null,
            UseProxy = true,
        };
    }

    private static WebProxy ProxyOf(Uri url)
    {
        var user = Uri.UnescapeDataString(url.UserInfo).Split(':', 2);
        return new WebProxy(url) { Credentials = url.UserInfo.Length == 0 ? null : new NetworkCredential(user[0], user.Length > 1 ? user[1] : "") };
    }

    private sealed record Connections(HttpMessageInvoker Invoker, X509Certificate2? FromPlugin, (DateTime?, DateTime?, DateTime?) Stamps);
}
