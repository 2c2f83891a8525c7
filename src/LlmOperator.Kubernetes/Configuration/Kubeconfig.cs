using LlmOperator.Kubernetes.Authentication;

namespace LlmOperator.Kubernetes.Configuration;

/// <summary>
/// One or more kubeconfig files taken together as kubectl does: the first file that defines a cluster, user or context of a name
/// wins, and the first that sets <c>current-context</c>; relative paths are relative to the file they are written in.
/// </summary>
internal sealed class Kubeconfig
{
    private readonly Dictionary<string, YamlFields> _clusters = [];
    private readonly Dictionary<string, YamlFields> _users = [];
    private readonly Dictionary<string, YamlFields> _contexts = [];
    private readonly List<string> _files = [];
    private string? _currentContext;

    private string Files => string.Join(", ", _files);

    /// <summary>Takes a file in; later files only add what earlier ones lack.</summary>
    public void Add(string file)
    {
        YamlFields root;
        try
        {
            using var text = File.OpenText(file);
            root = YamlFields.Read(file, text);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ClusterConfigurationException($"cannot read kubeconfig {file}: {fault.Message}", fault);
        }

        _files.Add(file);
        _currentContext ??= root.Text("current-context");
        Collect(root, "clusters", "cluster", _clusters);
        Collect(root, "users", "user", _users);
        Collect(root, "contexts", "context", _contexts);
    }

    /// <summary>The configuration of a context, the current one when none is named.</summary>
    public ClusterConfiguration Resolve(string? contextName)
    {
        var name = contextName ?? _currentContext ?? throw new ClusterConfigurationException(
            $"{Files}: no current-context is set; choose one of: {Names(_contexts)}");
        if (!_contexts.TryGetValue(name, out var context))
        {
            throw new ClusterConfigurationException($"{Files}: there is no context \"{name}\"; there are: {Names(_contexts)}");
        }

        var clusterName = context.Required("cluster");
        if (!_clusters.TryGetValue(clusterName, out var cluster))
        {
            throw new ClusterConfigurationException($"{context.Origin("cluster")}: context \"{name}\" names cluster \"{clusterName}\", which is not defined; there are: {Names(_clusters)}");
        }

        YamlFields? user = null;
        if (context.Text("user") is { } userName && !_users.TryGetValue(userName, out user))
        {
            throw new ClusterConfigurationException($"{context.Origin("user")}: context \"{name}\" names user \"{userName}\", which is not defined; there are: {Names(_users)}");
        }

        var server = new ClusterConfiguration
        {
            Server = cluster.Url("server") ?? throw cluster.Wrong("server", "is required"),
            Origin = $"context \"{name}\" of {cluster.File}",
            Namespace = context.Text("namespace") ?? "default",
            CertificateAuthority = Pem(cluster, "certificate-authority"),
            TlsServerName = cluster.Text("tls-server-name"),
            InsecureSkipTlsVerify = cluster.Flag("insecure-skip-tls-verify"),
            ProxyUrl = cluster.Url("proxy-url"),
        };
        if (server is { InsecureSkipTlsVerify: true, CertificateAuthority: not null })
        {
            throw cluster.Wrong("insecure-skip-tls-verify", "cannot be combined with certificate-authority; remove one of the two");
        }

        return user is null ? server : WithUser(server, user, cluster);
    }

    private static ClusterConfiguration WithUser(ClusterConfiguration server, YamlFields user, YamlFields cluster)
    {
        foreach (var (field, advice) in new[]
        {
            ("auth-provider", "use an exec plugin"),
            ("username", "basic authentication left Kubernetes in 1.19; use a token, a client certificate or an exec plugin"),
            ("password", "basic authentication left Kubernetes in 1.19; use a token, a client certificate or an exec plugin"),
            ("as", "impersonation is not supported; use credentials of the identity itself"),
        })
        {
            if (user.Has(field))
            {
                throw user.Wrong(field, $"is not supported: {advice}");
            }
        }

        var certificate = Pem(user, "client-certificate");
        var key = Pem(user, "client-key");
        if (certificate is null != key is null)
        {
            throw certificate is null
                ? user.Wrong("client-certificate", "is required where client-key is given")
                : user.Wrong("client-key", "is required where client-certificate is given");
        }

        return server with
        {
            ClientCertificate = certificate,
            ClientKey = key,
            Token = user.Text("token"),
            TokenFile = user.Text("tokenFile") is { } file ? Resolve(user, file) : null,
            Exec = user.Map("exec") is { } exec ? Exec(exec, cluster) : null,
        };
    }

    private static ExecConfiguration Exec(YamlFields exec, YamlFields cluster)
    {
        var version = exec.Required("apiVersion");
        if (!ExecCredentials.Versions.Contains(version))
        {
            throw exec.Wrong("apiVersion", $"must be one of {string.Join(", ", ExecCredentials.Versions)}, not \"{version}\"; update the plugin's configuration");
        }

        var command = exec.Required("command");
        var environment = new Dictionary<string, string>();
        foreach (var variable in exec.Maps("env"))
        {
            environment[variable.Required("name")] = variable.Text("value") ?? "";
        }

        return new ExecConfiguration
        {
            ApiVersion = version,
            Command = command.AsSpan().ContainsAny('/', Path.DirectorySeparatorChar) ? Resolve(exec, command) : command,
            Arguments = exec.Texts("args"),
            Environment = environment,
            InstallHint = exec.Text("installHint"),
            ProvideClusterInfo = exec.Flag("provideClusterInfo"),
            ClusterSettings = cluster.Maps("extensions").FirstOrDefault(extension => extension.Text("name") == "client.authentication.k8s.io/exec")?.Json("extension"),
            InteractiveMode = exec.Text("interactiveMode") switch
            {
                "Never" => ExecInteractiveMode.Never,
                "IfAvailable" => ExecInteractiveMode.IfAvailable,
                "Always" => ExecInteractiveMode.Always,
                null when version == ExecCredentials.V1 => throw exec.Wrong("interactiveMode", $"is required by {ExecCredentials.V1}: Never, IfAvailable or Always"),
                null => ExecInteractiveMode.IfAvailable,
                var other => throw exec.Wrong("interactiveMode", $"must be Never, IfAvailable or Always, not \"{other}\""),
            },
        };
    }

    // Inline data goes before the file, as in kubectl.
    private static PemSource? Pem(YamlFields fields, string field)
    {
        if (fields.Base64(field + "-data") is { } data)
        {
            return PemSource.FromData(data, fields.Origin(field + "-data"));
        }

        return fields.Text(field) is { } path ? PemSource.FromFile(Resolve(fields, path), fields.Origin(field)) : null;
    }

    private static string Resolve(YamlFields fields, string path) =>
        Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(fields.File))!);

    private static void Collect(YamlFields root, string list, string item, Dictionary<string, YamlFields> into)
    {
        foreach (var entry in root.Maps(list))
        {
            into.TryAdd(entry.Required("name"), entry.Map(item) ?? throw entry.Wrong(item, "is required"));
        }
    }

    private static string Names(Dictionary<string, YamlFields> entries) =>
        entries.Count == 0 ? "none" : string.Join(", ", entries.Keys.Order(StringComparer.Ordinal));
}
