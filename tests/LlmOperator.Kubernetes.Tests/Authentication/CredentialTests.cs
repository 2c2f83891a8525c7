using LlmOperator.Kubernetes.Authentication;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Authentication;

public sealed class CredentialTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("credentials").FullName;
    private readonly ManualTimeProvider _clock = new();

    private static CancellationToken Guard => TestContext.Current.CancellationToken;

    private string Calls => Path.Combine(_folder, "calls");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_token_file_is_read_again_each_minute()
    {
        var file = Path.Combine(_folder, "token");
        var credentials = new TokenFileCredentials(file, _clock);
        await Assert.ThrowsAsync<ClusterConfigurationException>(async () => await credentials.GetAsync(Guard));

        await File.WriteAllTextAsync(file, "one\n", Guard);
        Assert.Equal("one", (await credentials.GetAsync(Guard)).Token);
        await File.WriteAllTextAsync(file, "two", Guard);
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("one", (await credentials.GetAsync(Guard)).Token);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("two", (await credentials.GetAsync(Guard)).Token);

        File.Delete(file);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("two", (await credentials.GetAsync(Guard)).Token);
    }

    [Fact]
    public async Task A_plugin_gets_its_arguments_one_by_one_its_environment_and_the_cluster()
    {
        SkipWithoutShell();
        var script = Script("""
            printf '%s|' "$#" "$1" "$2" "$3" "$EXTRA" > "$CALLS"
            printf '%s' "$KUBERNETES_EXEC_INFO" > "$CALLS.info"
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",\n"status":{"token":"a\\u00e9b"}}\n'
            """);
        var exec = Exec(script) with
        {
            Arguments = ["two words", "", "$HOME \"quoted\""],
            ProvideClusterInfo = true,
            ClusterSettings = System.Text.Json.Nodes.JsonNode.Parse("""{"audience":"x"}"""),
            Environment = new Dictionary<string, string> { ["EXTRA"] = "e", ["CALLS"] = Calls },
        };
        var credentials = Credentials(exec, cluster => cluster with { CertificateAuthority = PemSource.FromData("PEM"u8.ToArray(), "t"), TlsServerName = "name" });

        Assert.Equal("aéb", (await credentials.GetAsync(Guard)).Token);
        Assert.Equal("3|two words||$HOME \"quoted\"|e|", await File.ReadAllTextAsync(Calls, Guard));
        Assert.Equal(
            """{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":"https://api:6443","tls-server-name":"name","certificate-authority-data":"UEVN","config":{"audience":"x"}}}}""",
            await File.ReadAllTextAsync(Calls + ".info", Guard));
    }

    [Fact]
    public async Task A_plugins_credential_is_kept_until_a_minute_before_it_expires_and_made_once_for_all_who_wait()
    {
        SkipWithoutShell();
        var expires = _clock.GetUtcNow().AddMinutes(15).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        var script = Script($$$"""
            echo x >> "$CALLS"
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s","expirationTimestamp":"{{{expires}}}"}}' $(wc -l < "$CALLS")
            """);
        var credentials = Credentials(Exec(script));

        var together = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () => (await credentials.GetAsync(Guard)).Token)));
        Assert.Equal(["t1"], together.Distinct());
        _clock.Advance(TimeSpan.FromMinutes(12) - TimeSpan.FromSeconds(1));
        Assert.Equal("t1", (await credentials.GetAsync(Guard)).Token);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("t2", (await credentials.GetAsync(Guard)).Token);
    }

    [Fact]
    public async Task A_rejected_credential_is_made_anew_once_however_many_report_it()
    {
        SkipWithoutShell();
        var credentials = Credentials(Exec(Script("""
            echo x >> "$CALLS"
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s"}}' $(wc -l < "$CALLS")
            """)));

        var first = await credentials.GetAsync(Guard);
        Assert.True(credentials.Reject(first));
        var second = await credentials.GetAsync(Guard);
        Assert.True(credentials.Reject(first));

        Assert.Equal(("t1", "t2"), (first.Token, second.Token));
        Assert.Same(second, await credentials.GetAsync(Guard));
    }

    [Fact]
    public async Task A_plugin_may_answer_a_client_certificate()
    {
        SkipWithoutShell();
        using var authority = new Authority("ca");
        var (certificate, key) = authority.Client("plugin");
        var answer = Path.Combine(_folder, "answer");
        await File.WriteAllTextAsync(answer, $$$"""{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"{{{certificate.ReplaceLineEndings("\\n")}}}","clientKeyData":"{{{key.ReplaceLineEndings("\\n")}}}"}}""", Guard);

        await using var server = await TlsServer.StartAsync(authority.Server("localhost"), Guard);
        using var client = new LlmOperator.Kubernetes.Client.KubeClient(new ClusterConfiguration
        {
            Server = server.Url,
            CertificateAuthority = PemSource.FromData(System.Text.Encoding.UTF8.GetBytes(authority.Pem), "t"),
            Exec = Exec(Script($"cat '{answer}'")),
        });

        Assert.Equal("CN=plugin", (await client.GetAsync<Kubernetes.Objects.Node>(new(null, "n"), Guard))!.Metadata.Labels!["client"]);
    }

    [Theory]
    [InlineData("echo 'please log in' >&2; exit 3", "failed with exit code 3: please log in")]
    [InlineData("echo secret-token", "answered no ExecCredential document")]
    [InlineData("""echo '{"kind":"Status"}'""", "kind \"Status\" instead of ExecCredential")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"x"}}'""", "its configuration says client.authentication.k8s.io/v1")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}'""", "without status")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'""", "neither a token nor a client certificate")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"x"}}'""", "without its key")]
    public async Task A_plugin_that_fails_says_why_and_keeps_its_secrets(string body, string says)
    {
        SkipWithoutShell();
        var credentials = Credentials(Exec(Script(body)));

        var fault = await Assert.ThrowsAsync<ClusterConfigurationException>(async () => await credentials.GetAsync(Guard));

        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-token", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugin_that_is_not_there_says_how_to_get_it()
    {
        var credentials = Credentials(Exec("/nowhere/plugin") with { InstallHint = "see the manual" });

        var fault = await Assert.ThrowsAsync<ClusterConfigurationException>(async () => await credentials.GetAsync(Guard));

        Assert.Contains("/nowhere/plugin cannot be started", fault.Message, StringComparison.Ordinal);
        Assert.EndsWith("see the manual", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugin_that_hangs_is_stopped_and_tried_again_by_the_next_request()
    {
        SkipWithoutShell();
        var credentials = Credentials(Exec(Script("""
            if [ -e "$CALLS" ]; then echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}'; exit; fi
            echo x > "$CALLS"
            exec sleep 1000
            """)));

        var hanging = credentials.GetAsync(Guard).AsTask();
        while (!File.Exists(Calls))
        {
            Guard.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        _clock.Advance(TimeSpan.FromMinutes(1));
        var fault = await Assert.ThrowsAsync<ClusterConfigurationException>(() => hanging);
        Assert.Contains("did not answer within 60 s", fault.Message, StringComparison.Ordinal);
        Assert.Equal("t", (await credentials.GetAsync(Guard)).Token);
    }

    [Fact]
    public async Task One_who_gives_up_waiting_for_a_plugin_does_not_stop_it_for_the_others()
    {
        SkipWithoutShell();
        var go = Path.Combine(_folder, "go");
        var credentials = Credentials(Exec(Script($$$"""
            while [ ! -e '{{{go}}}' ]; do sleep 0.01; done
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}'
            """)));
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Guard);

        var first = credentials.GetAsync(impatient.Token).AsTask();
        var second = credentials.GetAsync(Guard).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await File.WriteAllTextAsync(go, "", Guard);

        Assert.Equal("t", (await second).Token);
    }

    private static void SkipWithoutShell() => Assert.SkipWhen(OperatingSystem.IsWindows(), "the plugin of this test is a shell script");

    private static ExecConfiguration Exec(string command) => new()
    {
        ApiVersion = ExecCredentials.V1,
        Command = command,
        InteractiveMode = ExecInteractiveMode.Never,
    };

    private ExecCredentials Credentials(ExecConfiguration exec, Func<ClusterConfiguration, ClusterConfiguration>? configure = null)
    {
        if (exec.Environment.Count == 0)
        {
            exec = exec with { Environment = new Dictionary<string, string> { ["CALLS"] = Calls } };
        }

        var cluster = new ClusterConfiguration { Server = new Uri("https://api:6443"), Exec = exec };
        return new ExecCredentials(configure?.Invoke(cluster) ?? cluster, _clock, new ExecPlugin(exec, _clock));
    }

    private string Script(string body)
    {
        var path = Path.Combine(_folder, "plugin");
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
