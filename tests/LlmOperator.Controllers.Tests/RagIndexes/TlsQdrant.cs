using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes;

/// <summary>A stand-in Qdrant behind a port that speaks TLS, with a certificate of an authority of its own.</summary>
internal sealed class TlsQdrant : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly QdrantStandIn _standIn;
    private readonly X509Certificate2 _certificate;
    private readonly Task _accepting;

    private TlsQdrant(QdrantCluster qdrant, QdrantStandIn standIn)
    {
        (Qdrant, _standIn) = (qdrant, standIn);
        using var authority = NewAuthority();
        Authority = authority.ExportCertificatePem();
        _certificate = Issue(authority);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public QdrantCluster Qdrant { get; }

    /// <summary>Certificate of the authority, in PEM.</summary>
    public string Authority { get; }

    public Uri Address => new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public static async Task<TlsQdrant> StartAsync()
    {
        var qdrant = new QdrantCluster();
        return new(qdrant, await QdrantStandIn.StartAsync(qdrant, cancellationToken: TestContext.Current.CancellationToken));
    }

    public static X509Certificate2 NewAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority of a test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        await _standIn.DisposeAsync();
        _certificate.Dispose();
        _stop.Dispose();
    }

    private static X509Certificate2 Issue(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=qdrant", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(7), RandomNumberGenerator.GetBytes(8));
        using var own = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    /// <summary>Passes what comes over TLS on to the stand-in, and back.</summary>
    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            await using var secure = new SslStream(connection.GetStream());
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            using var behind = new TcpClient();
            await behind.ConnectAsync(IPAddress.Loopback, _standIn.Address.Port, _stop.Token);
            await using var plain = behind.GetStream();
            await Task.WhenAny(secure.CopyToAsync(plain, _stop.Token), plain.CopyToAsync(secure, _stop.Token));
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or SocketException or System.Security.Authentication.AuthenticationException)
        {
            // The client does not trust us, or somebody has hung up.
        }
    }
}
