namespace LlmOperator.Kubernetes.Configuration;

/// <summary>
/// Finds out which cluster is meant, in the order operators do: a path given, the <c>KUBECONFIG</c> variable, the service account of
/// the pod we run in, and last the file in the home folder.
/// </summary>
public sealed class ClusterConfigurationLoader
{
    private readonly Func<string, string?> _environment;
    private readonly string _home;
    private readonly string _serviceAccountFolder;

    /// <summary>A loader on the process's environment.</summary>
    public ClusterConfigurationLoader()
        : this(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "/var/run/secrets/kubernetes.io/serviceaccount")
    {
    }

    internal ClusterConfigurationLoader(Func<string, string?> environment, string home, string serviceAccountFolder)
    {
        _environment = environment;
        _home = home;
        _serviceAccountFolder = serviceAccountFolder;
    }

    /// <summary>Whether we run in a pod with a service account.</summary>
    public bool IsInCluster =>
        !string.IsNullOrEmpty(_environment("KUBERNETES_SERVICE_HOST")) && File.Exists(Path.Combine(_serviceAccountFolder, "token"));

    /// <summary>Finds the configuration.</summary>
    /// <param name="kubeconfig">Path of a kubeconfig; null to search.</param>
    /// <param name="context">Context of it; null for the current one.</param>
    /// <exception cref="ClusterConfigurationException">None was found, or it is not valid.</exception>
    public ClusterConfiguration Load(string? kubeconfig = null, string? context = null)
    {
        if (kubeconfig is not null)
        {
            return FromFiles([kubeconfig], context);
        }

        if (_environment("KUBECONFIG") is { Length: > 0 } variable)
        {
            var files = variable.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().Where(File.Exists).ToList();
            return files.Count > 0
                ? FromFiles(files, context)
                : throw new ClusterConfigurationException($"KUBECONFIG names no file that exists: {variable}");
        }

        if (context is null && IsInCluster)
        {
            return InCluster();
        }

        var home = Path.Combine(_home, ".kube", "config");
        return File.Exists(home)
            ? FromFiles([home], context)
            : throw new ClusterConfigurationException(
                $"no cluster is configured: give --kubeconfig, set KUBECONFIG, create {home}, or run in a pod with a service account");
    }

    /// <summary>The configuration of the pod we run in.</summary>
    /// <exception cref="ClusterConfigurationException">We do not run in a pod, or it has no service account token.</exception>
    public ClusterConfiguration InCluster()
    {
        var host = _environment("KUBERNETES_SERVICE_HOST");
        var port = _environment("KUBERNETES_SERVICE_PORT") is { Length: > 0 } given ? given : "443";
        if (string.IsNullOrEmpty(host))
        {
            throw new ClusterConfigurationException("KUBERNETES_SERVICE_HOST is not set: this does not run in a pod");
        }

        var token = Path.Combine(_serviceAccountFolder, "token");
        if (!File.Exists(token))
        {
            throw new ClusterConfigurationException($"{token} does not exist: the pod has no service account token (automountServiceAccountToken: false?)");
        }

        var literal = host.Contains(':') ? $"[{host}]" : host;
        if (!Uri.TryCreate($"https://{literal}:{port}", UriKind.Absolute, out var server))
        {
            throw new ClusterConfigurationException($"KUBERNETES_SERVICE_HOST \"{host}\" and KUBERNETES_SERVICE_PORT \"{port}\" make no URL");
        }

        var ca = Path.Combine(_serviceAccountFolder, "ca.crt");
        var ns = Path.Combine(_serviceAccountFolder, "namespace");
        return new ClusterConfiguration
        {
            Server = server,
            Origin = "service account",
            Namespace = File.Exists(ns) ? File.ReadAllText(ns).Trim() : "default",
            CertificateAuthority = File.Exists(ca) ? PemSource.FromFile(ca, "service account") : null,
            TokenFile = token,
        };
    }

    private static ClusterConfiguration FromFiles(IReadOnlyList<string> files, string? context)
    {
        var merged = new Kubeconfig();
        foreach (var file in files)
        {
            merged.Add(file);
        }

        return merged.Resolve(context);
    }
}
