using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LlmOperator.Kubernetes.Configuration;

namespace LlmOperator.Kubernetes.Authentication;

/// <summary>Certificates out of PEM text.</summary>
internal static class ClientCertificates
{
    /// <summary>A certificate with its RSA or EC key.</summary>
    public static X509Certificate2 Load(ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> key, string origin)
    {
        try
        {
            var loaded = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(certificate), Encoding.UTF8.GetString(key));
            if (!OperatingSystem.IsWindows())
            {
                return loaded;
            }

            // Windows' TLS does not take keys that live in memory only.
            using (loaded)
            {
                return X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
            }
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new ClusterConfigurationException($"{origin}: the client certificate and key are not a pair of PEM texts: {fault.Message}", fault);
        }
    }

    /// <summary>All authorities of a bundle.</summary>
    public static X509Certificate2Collection LoadAuthorities(PemSource source)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(Encoding.UTF8.GetString(source.Read()));
        }
        catch (CryptographicException fault)
        {
            throw new ClusterConfigurationException($"{source.Origin}: the certificate authority is not PEM: {fault.Message}", fault);
        }

        return authorities.Count > 0
            ? authorities
            : throw new ClusterConfigurationException($"{source.Origin}: the certificate authority holds no PEM certificate");
    }
}
