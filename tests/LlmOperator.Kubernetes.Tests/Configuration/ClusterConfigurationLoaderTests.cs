using System.Text;
using LlmOperator.Kubernetes.Configuration;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Configuration;

public sealed class ClusterConfigurationLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kubeconfig").FullName;
    private readonly Dictionary<string, string> _environment = [];

    private ClusterConfigurationLoader Loader => new(_environment.GetValueOrDefault, _folder, Path.Combine(_folder, "sa"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_first_file_that_defines_a_name_wins_missing_files_are_skipped_and_paths_belong_to_their_file()
    {
        var first = Write("one/config", """
            current-context: ""
            clusters: [{name: c, cluster: {server: "https://first:6443", certificate-authority: ca.crt}}]
            """);
        var second = Write("two/config", """
            apiVersion: v1
            kind: Config
            current-context: x
            clusters: [{name: c, cluster: {server: "https://second"}}]
            contexts:
            - {name: x, context: {cluster: c, user: u, namespace: shop}}
            - {name: X, context: {cluster: c}}
            users:
            - name: u
              user: {client-certificate: tls/me.crt, client-key: ../me.key, tokenFile: /abs/token}
            """);
        var third = Write("three/config", "current-context: other\n");
        _environment["KUBECONFIG"] = string.Join(Path.PathSeparator, first, Path.Combine(_folder, "missing"), second, "", third);

        var cluster = Loader.Load();

        Assert.Equal(new Uri("https://first:6443"), cluster.Server);
        Assert.Equal("shop", cluster.Namespace);
        Assert.Equal(Path.Combine(_folder, "one", "ca.crt"), cluster.CertificateAuthority!.File);
        Assert.Equal(Path.Combine(_folder, "two", "tls", "me.crt"), cluster.ClientCertificate!.File);
        Assert.Equal(Path.Combine(_folder, "me.key"), cluster.ClientKey!.File);
        Assert.Equal("/abs/token", cluster.TokenFile);
        Assert.Equal("default", Loader.Load(context: "X").Namespace);
    }

    [Fact]
    public void A_context_may_be_named_and_a_path_given()
    {
        var path = Write("given", Full);

        Assert.Equal("https://b/", Loader.Load(path, "b").Server.ToString());
        Assert.Equal("context \"b\" of " + path, Loader.Load(path, "b").Origin);
    }

    [Fact]
    public void Every_setting_of_a_cluster_and_a_user_is_read()
    {
        var cluster = Loader.Load(Write("given", Full), "a");

        Assert.Equal("internal.example", cluster.TlsServerName);
        Assert.Equal(new Uri("http://proxy:3128"), cluster.ProxyUrl);
        Assert.Equal("PEM", Encoding.UTF8.GetString(cluster.CertificateAuthority!.Read()));
        Assert.Equal("secret", cluster.Token);
        var exec = cluster.Exec!;
        Assert.Equal(("client.authentication.k8s.io/v1", "aws", ExecInteractiveMode.IfAvailable, true, "install it"), (exec.ApiVersion, exec.Command, exec.InteractiveMode, exec.ProvideClusterInfo, exec.InstallHint));
        Assert.Equal(["eks", "get-token", "--role", "two words", ""], exec.Arguments);
        Assert.Equal("p", exec.Environment["AWS_PROFILE"]);
        Assert.Equal("""{"audience":"x","n":3,"on":true,"s":"3"}""", exec.ClusterSettings!.ToJsonString());
        Assert.True(Loader.Load(Write("given", Full), "b").InsecureSkipTlsVerify);
    }

    [Theory]
    [InlineData("current-context: nope", "there is no context \"nope\"; there are: none")]
    [InlineData("clusters: []", "no current-context is set")]
    [InlineData("clusters: 7", "clusters must be a list")]
    [InlineData("- a", "a kubeconfig is a mapping")]
    [InlineData("a: [", "line ")]
    [InlineData("{current-context: a, contexts: [{name: a, context: {cluster: c}}]}", "names cluster \"c\", which is not defined")]
    [InlineData("{current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: \"https://x\"}}]}", "contexts[0].context.user: context \"a\" names user \"u\"")]
    [InlineData("{current-context: a, contexts: [{name: a, context: {cluster: c}}], clusters: [{name: c, cluster: {}}]}", "clusters[0].cluster.server is required")]
    [InlineData("{current-context: a, contexts: [{name: a, context: {cluster: c}}], clusters: [{name: c, cluster: {server: \"https://x\", certificate-authority-data: \"%\"}}]}", "clusters[0].cluster.certificate-authority-data must be base64")]
    [InlineData("{current-context: a, contexts: [{name: a, context: {cluster: c}}], clusters: [{name: c, cluster: {server: \"https://x\", insecure-skip-tls-verify: maybe}}]}", "must be true or false, not \"maybe\"")]
    [InlineData("{current-context: a, contexts: [{name: a, context: {cluster: c}}], clusters: [{name: c, cluster: {server: \"https://x\", insecure-skip-tls-verify: true, certificate-authority: x}}]}", "cannot be combined with certificate-authority")]
    public void A_fault_names_the_file_and_the_field(string text, string says)
    {
        var path = Write("bad", text);

        var fault = Assert.Throws<ClusterConfigurationException>(() => Loader.Load(path));

        Assert.Contains(path, fault.Message, StringComparison.Ordinal);
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("client-certificate-data: YQ==", "client-key is required")]
    [InlineData("username: x", "basic authentication")]
    [InlineData("auth-provider: {name: gcp}", "use an exec plugin")]
    [InlineData("as: admin", "impersonation is not supported")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}", "must be one of client.authentication.k8s.io/v1")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1, command: x}", "interactiveMode is required")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1beta1}", "users[0].user.exec.command is required")]
    public void A_user_we_cannot_be_is_refused_rather_than_half_understood(string user, string says)
    {
        var path = Write("bad", $$$"""
            current-context: a
            contexts: [{name: a, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://x"}}]
            users: [{name: u, user: { {{{user}}} }}]
            """);

        Assert.Contains(says, Assert.Throws<ClusterConfigurationException>(() => Loader.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_pod_the_service_account_counts_before_the_home_folder()
    {
        Write(".kube/config", Full);
        Write("sa/token", "t");
        Write("sa/ca.crt", "PEM");
        Write("sa/namespace", "llm\n");
        _environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";
        _environment["KUBERNETES_SERVICE_PORT"] = "8443";

        var cluster = Loader.Load();

        Assert.Equal("https://[fd00::1]:8443/", cluster.Server.ToString());
        Assert.Equal("llm", cluster.Namespace);
        Assert.Equal(Path.Combine(_folder, "sa", "token"), cluster.TokenFile);
        Assert.Equal(Path.Combine(_folder, "sa", "ca.crt"), cluster.CertificateAuthority!.File);
        Assert.Equal("https://b/", Loader.Load(context: "b").Server.ToString());
    }

    [Fact]
    public void Nothing_configured_says_all_the_ways_to_configure_it()
    {
        var fault = Assert.Throws<ClusterConfigurationException>(() => Loader.Load());
        Assert.Contains("--kubeconfig", fault.Message, StringComparison.Ordinal);
        Assert.Contains("KUBECONFIG", fault.Message, StringComparison.Ordinal);

        Assert.Contains("cannot read kubeconfig", Assert.Throws<ClusterConfigurationException>(() => Loader.Load(Path.Combine(_folder, "none"))).Message, StringComparison.Ordinal);
    }

    private const string Full = """
        current-context: a
        clusters:
        - name: a
          cluster:
            server: https://a
            tls-server-name: internal.example
            proxy-url: http://proxy:3128
            certificate-authority-data: UEVN
            extensions:
            - {name: client.authentication.k8s.io/exec, extension: {audience: x, n: 3, on: true, s: "3"}}
        - name: b
          cluster: {server: https://b, insecure-skip-tls-verify: true}
        contexts:
        - {name: a, context: {cluster: a, user: u}}
        - {name: b, context: {cluster: b, user: v}}
        users:
        - name: u
          user:
            token: secret
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: aws
              args: [eks, get-token, --role, two words, ""]
              env: [{name: AWS_PROFILE, value: p}]
              interactiveMode: IfAvailable
              provideClusterInfo: true
              installHint: install it
        - {name: v, user: {}}
        """;

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
