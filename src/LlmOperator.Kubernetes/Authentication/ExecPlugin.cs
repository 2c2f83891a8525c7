using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using LlmOperator.Kubernetes.Configuration;

namespace LlmOperator.Kubernetes.Authentication;

/// <summary>Runs a credential plugin once.</summary>
internal sealed class ExecPlugin(ExecConfiguration configuration, TimeProvider time)
{
    private const int ErrorTextKept = 4096;

    public string Name => $"credential plugin {configuration.Command}";

    public ClusterConfigurationException Fault(string what, Exception? inner = null) => new($"{Name} {what}", inner);

    public async Task<ExecCredentialStatus> RunAsync(ClusterConfiguration cluster)
    {
        var interactive = configuration.InteractiveMode != ExecInteractiveMode.Never && !Console.IsInputRedirected;
        if (configuration.InteractiveMode == ExecInteractiveMode.Always && !interactive)
        {
            throw Fault("must talk to a person (interactiveMode: Always), but standard input is no terminal");
        }

        using var deadline = new CancellationTokenSource(configuration.Timeout, time);
        using var process = Start(cluster, interactive);
        try
        {
            if (!interactive)
            {
                process.StandardInput.Close();
            }

            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            var (text, complaint) = (await output, await errors);
            return process.ExitCode == 0
                ? Parse(text)
                : throw Fault($"failed with exit code {process.ExitCode}: {Shortened(complaint)}");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw Fault($"did not answer within {configuration.Timeout.TotalSeconds:0} s and was stopped");
        }
    }

    private static string Shortened(string text)
    {
        text = text.Trim();
        return text.Length == 0 ? "(nothing on standard error)" : text.Length <= ErrorTextKept ? text : "…" + text[^ErrorTextKept..];
    }

    private Process Start(ClusterConfiguration cluster, bool interactive)
    {
        var start = new ProcessStartInfo(configuration.Command)
        {
            RedirectStandardInput = !interactive,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        foreach (var argument in configuration.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in configuration.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = Info(cluster, interactive);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw Fault($"cannot be started: {fault.Message}{(configuration.InstallHint is { } hint ? $". {hint}" : "")}", fault);
        }
    }

    private string Info(ClusterConfiguration cluster, bool interactive) => JsonSerializer.Serialize(
        new ExecCredential
        {
            ApiVersion = configuration.ApiVersion,
            Kind = "ExecCredential",
            Spec = new ExecCredentialSpec
            {
                Interactive = interactive,
                Cluster = !configuration.ProvideClusterInfo ? null : new ExecCluster
                {
                    Server = cluster.Server.OriginalString,
                    TlsServerName = cluster.TlsServerName,
                    InsecureSkipTlsVerify = cluster.InsecureSkipTlsVerify ? true : null,
                    CertificateAuthorityData = cluster.CertificateAuthority?.Read(),
                    ProxyUrl = cluster.ProxyUrl?.OriginalString,
                    Config = configuration.ClusterSettings,
                },
            },
        },
        ExecCredentialJson.Default.ExecCredential);

    // The answer holds secrets: a complaint about it never quotes it.
    private ExecCredentialStatus Parse(string text)
    {
        ExecCredential? answer;
        try
        {
            answer = JsonSerializer.Deserialize(text, ExecCredentialJson.Default.ExecCredential);
        }
        catch (JsonException fault)
        {
            throw Fault($"answered no ExecCredential document: not valid JSON at {fault.Path ?? "$"}, line {fault.LineNumber + 1}");
        }

        if (answer?.Kind != "ExecCredential")
        {
            throw Fault($"answered a document of kind \"{answer?.Kind}\" instead of ExecCredential");
        }

        if (answer.ApiVersion != configuration.ApiVersion)
        {
            throw Fault($"answered {answer.ApiVersion}, but its configuration says {configuration.ApiVersion}; make the two agree");
        }

        return answer.Status ?? throw Fault("answered an ExecCredential without status");
    }
}
