using System.Security.Cryptography.X509Certificates;

namespace LlmOperator.Kubernetes.Authentication;

/// <summary>What proves who we are: a token, a certificate, both, or nothing. A class, so that "the credential that was rejected" is a matter of reference.</summary>
internal sealed class Credential(string? token, X509Certificate2? certificate = null)
{
    public string? Token => token;

    public X509Certificate2? Certificate => certificate;
}
