namespace LlmOperator.Kubernetes.Configuration;

/// <summary>How to reach one cluster, and as whom.</summary>
public sealed record ClusterConfiguration
{
    /// <summary>URL of the API server, possibly with a path.</summary>
    public required Uri Server { get; init; }

    /// <summary>Where this came from: a kubeconfig context or the service account.</summary>
    public string Origin { get; init; } = "configuration";

    /// <summary>Namespace of whoever names none.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>Authorities the server is trusted by; the system's when absent.</summary>
    public PemSource? CertificateAuthority { get; init; }

    /// <summary>Name the server's certificate must have, instead of the URL's host.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Trust any server. For trials only.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>Proxy on the way; the environment's proxy settings when absent.</summary>
    public Uri? ProxyUrl { get; init; }

    /// <summary>Certificate to present, with <see cref="ClientKey"/>.</summary>
    public PemSource? ClientCertificate { get; init; }

    /// <summary>Key of <see cref="ClientCertificate"/>.</summary>
    public PemSource? ClientKey { get; init; }

    /// <summary>Bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>File with a bearer token, read again every minute; goes before <see cref="Token"/>.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Program that makes the credentials.</summary>
    public ExecConfiguration? Exec { get; init; }

    /// <summary>The URL only: a configuration holds secrets.</summary>
    public override string ToString() => $"{Server} ({Origin})";
}
