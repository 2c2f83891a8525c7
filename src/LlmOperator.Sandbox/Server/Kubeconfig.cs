using System.Text;

namespace LlmOperator.Sandbox.Server;

/// <summary>Writes the kubeconfig of a sandbox.</summary>
internal static class Kubeconfig
{
    private const string Name = "llm-sandbox";

    /// <summary>Text of a kubeconfig with one cluster, one user and one context.</summary>
    public static string Write(Uri address, Certificates certificates) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: {Name}
          cluster:
            server: {address.ToString().TrimEnd('/')}
            certificate-authority-data: {Base64(certificates.Authority.ExportCertificatePem())}
        users:
        - name: {Name}
          user:
            client-certificate-data: {Base64(certificates.Client.ExportCertificatePem())}
            client-key-data: {Base64(certificates.ClientKeyPem)}
        contexts:
        - name: {Name}
          context:
            cluster: {Name}
            user: {Name}
            namespace: default
        current-context: {Name}

        """;

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem + "\n"));
}
