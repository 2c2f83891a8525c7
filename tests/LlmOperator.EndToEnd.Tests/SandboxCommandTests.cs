using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using LlmOperator.Cli;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary><c>kubectl-llm sandbox</c> as a person calls it: what it prints, and its exit code.</summary>
public sealed class SandboxCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm-operator-").FullName;

    private string Kubeconfig => Path.Combine(_folder, "made", "kubeconfig");

    private static string Samples => Path.Combine(SharedData.RepositoryRoot, "config", "samples");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_samples_become_ready_and_the_kubeconfig_is_private()
    {
        var (code, output, error) = await RunAsync("--apply", Samples, "--wait", "--exit", "--speed", "20");

        Assert.True(code == 0, error);
        Assert.Contains("sandbox ready at https://127.0.0.1:", output);
        Assert.Contains($"export KUBECONFIG={Kubeconfig}", output);
        Assert.Contains("llmendpoint/twin-8b: Ready", output);
        Assert.Contains("llmendpoint/twin-rag: Ready", output);
        Assert.Contains("ragindex/twin: Ready", output);
        Assert.Contains("all 10 ready", output);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Kubeconfig));
        }
    }

    [Fact]
    public async Task The_address_it_prints_answers_as_openai_does_and_its_page_lists_traces()
    {
        var file = Write("both.yaml", $"{File.ReadAllText(Path.Combine(Samples, "llmmodel-twin-8b.yaml"))}\n---\n{File.ReadAllText(Path.Combine(Samples, "llmendpoint-twin-8b.yaml"))}");
        await using var output = new LockedWriter();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(TimeSpan.FromSeconds(90));
        var running = new RootCommand { SandboxCommand.Create() }.Parse(["sandbox", "--kubeconfig", Kubeconfig, "--apply", file, "--wait"])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = output }, stop.Token);
        while (!output.Text.Contains("running until", StringComparison.Ordinal) && !running.IsCompleted)
        {
            await Task.Yield();
        }

        var address = Regex.Match(output.Text, @"curl (http://\S+/v1/chat/completions)");
        Assert.True(address.Success, output.Text);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var body = new StringContent("""{"model":"twin-8b","messages":[{"role":"user","content":"What is a pod?"}]}""", Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(address.Groups[1].Value, body, stop.Token);
        var text = await answer.Content.ReadAsStringAsync(stop.Token);
        Assert.True(answer.IsSuccessStatusCode, text);
        Assert.Contains("What is a pod?", text);
        Assert.Contains("Recent traces", await client.GetStringAsync(Regex.Match(output.Text, @"traces: (\S+)").Groups[1].Value, stop.Token));

        await stop.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task What_is_not_ready_in_time_is_named_with_its_reason()
    {
        var file = Write("endpoint.yaml", """
            apiVersion: llmops.dev/v1alpha1
            kind: LlmEndpoint
            metadata:
              name: lonely
            spec:
              modelRef:
                name: absent
              accelerator:
                type: A10G
            """);

        var (code, _, error) = await RunAsync("--apply", file, "--wait", "--exit", "--speed", "50", "--timeout", "300");

        Assert.Equal(1, code);
        Assert.Contains("not ready after 300 s", error);
        Assert.Contains("llmendpoint/lonely: ModelNotFound", error);
        Assert.Contains("absent", error);
    }

    [Fact]
    public async Task What_the_webhook_refuses_cannot_be_applied_and_without_the_operator_nobody_asks_it()
    {
        var file = Write("endpoint.yaml", """
            apiVersion: llmops.dev/v1alpha1
            kind: LlmEndpoint
            metadata:
              name: wrong
            spec:
              modelRef:
                name: absent
              accelerator:
                type: Z9
            """);

        var (code, output, error) = await RunAsync("--apply", file, "--exit", "--speed", "20");
        var (alone, _, aloneError) = await RunAsync("--apply", file, "--exit", "--no-operator");

        Assert.Equal(1, code);
        Assert.Contains("spec.accelerator.type: Unsupported value: \"Z9\"", error);
        Assert.DoesNotContain("applied", output);
        Assert.True(alone == 0, aloneError);
    }

    [Fact]
    public async Task A_path_that_is_not_there_stops_it_before_anything_starts()
    {
        var (code, output, error) = await RunAsync("--apply", Path.Combine(_folder, "nothing.yaml"), "--exit");

        Assert.Equal(1, code);
        Assert.Contains("nothing.yaml: no such file or folder", error);
        Assert.DoesNotContain("sandbox ready", output);
        Assert.False(File.Exists(Kubeconfig));
    }

    [Theory]
    [InlineData("{apiVersion: v1, kind: Thing, metadata: {name: a}}", "knows no kind \"Thing\" in \"v1\"")]
    [InlineData("{apiVersion: v1, kind: ConfigMap, metadata: {}}", "metadata.name is missing")]
    [InlineData("{kind: ConfigMap, metadata: {name: a}}", "apiVersion is missing")]
    [InlineData("{apiVersion: v1, kind: ConfigMap, metadata: {name: A}}", "metadata.name")]
    [InlineData("- a\n- b", "not an object")]
    [InlineData("a: [", "bad.yaml")]
    public async Task A_manifest_that_cannot_be_applied_is_named_with_what_is_wrong(string text, string wanted)
    {
        var file = Write("bad.yaml", text);

        var (code, _, error) = await RunAsync("--apply", file, "--exit");

        Assert.Equal(1, code);
        Assert.Contains(file, error);
        Assert.Contains(wanted, error);
    }

    [Fact]
    public async Task Nodes_of_a_file_replace_the_default_ones()
    {
        var nodes = Write("nodes.yaml", """
            apiVersion: v1
            kind: Node
            metadata:
              name: mine
              labels: { rack: mine }
            status:
              allocatable: { cpu: "2", memory: 4Gi, pods: "10" }
            """);
        var pod = Write("pod.yaml", """
            apiVersion: v1
            kind: Pod
            metadata:
              name: here
            spec:
              nodeSelector: { rack: mine }
              containers: [{ name: a, image: b }]
            """);

        var (code, _, error) = await RunAsync("--nodes", nodes, "--apply", pod, "--wait", "--exit", "--speed", "20", "--timeout", "100");

        Assert.True(code == 0, error);
    }

    [Fact]
    public async Task Without_controllers_nothing_is_scheduled()
    {
        var pod = Write("pod.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: here}, spec: {containers: [{name: a, image: b}]}}");

        var (code, _, error) = await RunAsync("--no-controllers", "--apply", pod, "--wait", "--exit", "--speed", "100", "--timeout", "50");

        Assert.Equal(1, code);
        Assert.Contains("pod/here: no status yet", error);
    }

    [Fact]
    public async Task A_port_in_use_is_told()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (code, _, error) = await RunAsync("--port", $"{port}", "--exit");

        Assert.Equal(1, code);
        Assert.Contains($"--port: cannot listen on 127.0.0.1:{port}", error);
    }

    [Theory]
    [InlineData("--port", "70000", "--port must be between 0 and 65535")]
    [InlineData("--speed", "0", "--speed must be between 0.01 and 1000")]
    [InlineData("--timeout", "0", "--timeout must be more than 0")]
    public async Task Options_out_of_range_are_refused(string option, string value, string wanted)
    {
        var (code, _, error) = await RunAsync(option, value, "--exit");

        Assert.NotEqual(0, code);
        Assert.Contains(wanted, error);
    }

    [Fact]
    public async Task Crds_are_written_as_they_are_in_the_repository()
    {
        var output = new StringWriter();
        var folder = Path.Combine(_folder, "crds");
        var code = await new RootCommand { CrdsCommand.Create() }.Parse(["crds", "--out", folder])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = output }, TestContext.Current.CancellationToken);

        Assert.Equal(0, code);
        var committed = Directory.GetFiles(Path.Combine(SharedData.RepositoryRoot, "crds"));
        Assert.Equal(3, committed.Length);
        Assert.All(committed, file => Assert.Equal(File.ReadAllText(file), File.ReadAllText(Path.Combine(folder, Path.GetFileName(file)))));
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var guard = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        guard.CancelAfter(TimeSpan.FromSeconds(90));
        var code = await new RootCommand { SandboxCommand.Create() }.Parse(["sandbox", "--kubeconfig", Kubeconfig, .. arguments])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, guard.Token);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Output that can be read while it is written.</summary>
    private sealed class LockedWriter : TextWriter
    {
        private readonly Lock _gate = new();
        private readonly StringBuilder _text = new();

        public override Encoding Encoding => Encoding.UTF8;

        public string Text
        {
            get
            {
                lock (_gate)
                {
                    return _text.ToString();
                }
            }
        }

        public override void Write(char value)
        {
            lock (_gate)
            {
                _text.Append(value);
            }
        }
    }

    private string Write(string name, string text)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, text);
        return file;
    }
}
