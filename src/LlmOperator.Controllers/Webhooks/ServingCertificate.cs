using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>The certificate the webhook is served with at present. It may change at any time; a connection has the one there was when it came.</summary>
public sealed class ServingCertificate
{
    private volatile SslStreamCertificateContext? _current;

    /// <summary>The certificate with its key and what is between it and its authority; null while there is none.</summary>
    public SslStreamCertificateContext? Current => _current;

    /// <summary>Serves with another certificate from now on.</summary>
    /// <param name="certificatePem">Certificate, and those between it and the authority.</param>
    /// <param name="keyPem">Its key.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">They cannot be read or do not belong together.</exception>
    internal void Use(string certificatePem, string keyPem)
    {
        using var paired = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificatePem);

        // Windows cannot serve with a key that lives only in memory; a round trip through PKCS 12 makes it one that can.
        var usable = X509CertificateLoader.LoadPkcs12(paired.Export(X509ContentType.Pkcs12), null);
        _current = SslStreamCertificateContext.Create(usable, [.. chain.Skip(1)], offline: true);
    }
}
