using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Configuration;
using LlmOperator.Controllers.Webhooks;
using LlmOperator.Hosting;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Sandbox;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.StandIns.Engine;
using LlmOperator.Sandbox.StandIns.Hub;
using LlmOperator.Sandbox.StandIns.Qdrant;
using LlmOperator.Sandbox.StandIns.Traces;
using LlmOperator.Sandbox.Storage;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Extensions.Logging;
using Spectre.Console;

namespace LlmOperator.Cli;

/// <summary>One run of the sandbox: cluster, operator, what is applied and the wait for it.</summary>
internal sealed class SandboxRun(SandboxSettings settings, TextWriter output, TextWriter error)
{
    /// <summary>What really runs, by image; the name of an image is all another one needs.</summary>
    private readonly ContainerHost[] _hosts = [SidecarHost.Registration, GatewayHost.Registration(settings.Kubeconfig), Qdrant(settings.Qdrant).Registration, .. EngineStandIn.Hosts];

    private static QdrantHosts Qdrant(Uri? url) => new()
    {
        Target = url is null ? null : new(url, Environment.GetEnvironmentVariable("QDRANT_API_KEY") is { Length: > 0 } key ? key : null),
        Program = QdrantHosts.FindProgram(),
    };

    /// <summary>Runs until everything asked for is done and, unless told to exit then, until cancelled.</summary>
    /// <returns>0, or 1 when something could not be applied or did not become ready.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Read before anything starts: a wrong path should not cost a start, nor leave half of the manifests applied.
            var manifests = settings.Apply.SelectMany(Manifest.Read).ToList();
            var nodes = settings.Nodes is { } file ? [.. Manifest.Read(file).Select(manifest => manifest.Object.Json)] : (IReadOnlyList<JsonObject>?)null;
            var time = settings.Speed == 1 ? TimeProvider.System : new AcceleratedTimeProvider(settings.Speed);

            // Ends after the cluster: sidecars send their last traces when they are stopped.
            await using var traces = settings.Containers ? await TraceReceiver.StartAsync(cancellationToken: cancellationToken) : null;
            await using var cluster = await EmbeddedCluster.StartAsync(
                new EmbeddedClusterOptions { Port = settings.Port, Time = time, Controllers = settings.Controllers, Nodes = nodes, ContainerHosts = settings.Containers ? _hosts : [] },
                cancellationToken);
            await using var hub = settings.Hub is null ? await HubStandIn.StartAsync(wellKnown: true, cancellationToken: cancellationToken) : null;
            return await ServeAsync(cluster, new(hub?.Address ?? settings.Hub!, traces?.Address), manifests, time, cancellationToken);
        }
        catch (Exception fault) when (fault is ManifestException or SandboxException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"error: {fault.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
    }

    private async Task<int> ServeAsync(EmbeddedCluster cluster, Surroundings around, IReadOnlyList<Manifest> manifests, TimeProvider time, CancellationToken cancellationToken)
    {
        WriteKubeconfig(cluster.KubeconfigText);
        using var client = new KubeClient(new ClusterConfigurationLoader().Load(settings.Kubeconfig));
        var applier = new ManifestApplier(client);
        if (settings.Controllers)
        {
            await applier.ApplyAsync(
                CustomResourceDefinitions.Embedded().SelectMany(file => Manifest.Parse(file.Yaml, file.FileName)), cancellationToken);
        }

        using var quit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = settings.Operator ? RunOperatorAsync(client, cluster, around, time, quit.Token) : Task.CompletedTask;
        var failed = FaultOfAsync(running);
        try
        {
            await WebhookAsync(cluster, failed, cancellationToken);
            await output.WriteLineAsync($"sandbox ready at {cluster.Address.ToString().TrimEnd('/')}");
            await output.WriteLineAsync($"  export KUBECONFIG={settings.Kubeconfig}");
            if (!settings.Operator)
            {
                await output.WriteLineAsync($"  export HF_ENDPOINT={around.Hub.AbsoluteUri.TrimEnd('/')}");
            }

            if (around.Traces is { } traces)
            {
                await output.WriteLineAsync($"  traces: {traces}");
            }

            if (cluster.Network is { IsRouted: false })
            {
                await output.WriteLineAsync("  this system routes 127.0.0.1 alone: addresses of pods and Services are names, and their ports are mapped to free ones of 127.0.0.1");
            }

            var applied = await applier.ApplyAsync(manifests, cancellationToken);
            foreach (var obj in applied)
            {
                await output.WriteLineAsync($"applied {obj.Title}");
            }

            var ready = !settings.Wait || await WaitAsync(cluster, applied, time, failed, cancellationToken);
            if (!settings.Exit && ready)
            {
                await output.WriteLineAsync("running until Ctrl+C");
                await Task.WhenAny(failed, Task.Delay(Timeout.Infinite, cancellationToken));
            }

            return ready ? 0 : 1;
        }
        finally
        {
            await quit.CancelAsync();
            await running;
        }
    }

    /// <summary>Completes when the operator ends by a fault, and never otherwise; the fault itself is thrown where the operator is awaited.</summary>
    private static async Task FaultOfAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!running.IsFaulted)
        {
            await new TaskCompletionSource().Task;
        }
    }

    private void WriteKubeconfig(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(settings.Kubeconfig)!);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            // It holds a client key.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(settings.Kubeconfig, options);
        writer.Write(text);
    }

    private async Task RunOperatorAsync(KubeClient client, EmbeddedCluster cluster, Surroundings around, TimeProvider time, CancellationToken stop)
    {
        await using var log = new LoggerConfiguration()
            .MinimumLevel.Is(settings.Verbose ? Serilog.Events.LogEventLevel.Information : Serilog.Events.LogEventLevel.Warning)
            .WriteTo.Console(outputTemplate: "operator: {Message:lj}{NewLine}{Exception}", standardErrorFromLevel: Serilog.Events.LogEventLevel.Verbose)
            .CreateLogger();
        using var loggers = new LoggerFactory([new SerilogLoggerProvider(log)]);
        await OperatorHost.RunAsync(
            new OperatorOptions
            {
                MetricsBindAddress = null,
                HealthProbeBindAddress = null,
                WebhookBindAddress = new(IPAddress.Loopback, 0),
                WebhookUrl = new("https://127.0.0.1:0"),
                ShutdownTimeout = TimeSpan.FromSeconds(5),
                Registries = new() { HuggingFaceEndpoint = around.Hub },
                DataPath = new() { TraceEndpoint = around.Traces, GatewayReplicas = 1 },

                // The operator runs beside the cluster, where the names of Services are not known.
                Qdrant = new() { Connect = cluster.Network is { } network ? network.ConnectAsync : null },
            },
            client,
            time,
            loggers,
            stop);
    }

    /// <summary>Waits until bad input would be refused, so that what is applied first is refused like what is applied later.</summary>
    private async Task WebhookAsync(EmbeddedCluster cluster, Task failed, CancellationToken cancellationToken)
    {
        using var changes = new ChangeSignal(cluster.Objects);
        var webhooks = new ResourceName("admissionregistration.k8s.io", "validatingwebhookconfigurations");
        while (settings.Operator && !failed.IsCompleted)
        {
            var next = changes.Next();
            if (cluster.Objects.Get(new ObjectRef(webhooks, null, OperatorWebhook.UrlConfigurationName)) is not null)
            {
                return;
            }

            await Task.WhenAny(next, failed).WaitAsync(cancellationToken);
        }
    }

    private async Task<bool> WaitAsync(EmbeddedCluster cluster, IReadOnlyList<AppliedObject> applied, TimeProvider time, Task failed, CancellationToken cancellationToken)
    {
        ResourceReadiness Observe(AppliedObject obj) =>
            ResourceReadiness.Of(cluster.Objects.Get(new ObjectRef(new ResourceName(obj.Resource.Group, obj.Resource.Plural), obj.Key.Namespace, obj.Key.Name)));

        using var changes = new ChangeSignal(cluster.Objects);
        var table = new WaitTable(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) }), output, Observe, time);
        var left = await table.WaitAsync(applied, () => Task.WhenAny(changes.Next(), failed), settings.Timeout, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        if (failed.IsCompleted)
        {
            return false;
        }

        if (left.Count > 0)
        {
            await error.WriteLineAsync($"not ready after {settings.Timeout.TotalSeconds} s:");
            foreach (var (obj, state) in left)
            {
                await error.WriteLineAsync($"  {obj.Title}: {state.Summary}");
            }

            return false;
        }

        var endpoint = applied.FirstOrDefault(obj => obj.Resource.Kind == "LlmEndpoint")?.Key;
        var url = endpoint is { } key ? ServiceAddress.Of(cluster, key.Namespace ?? "default", key.Name) : null;
        if (url is not null)
        {
            await ServiceAddress.OpenAsync(url, cancellationToken);
        }

        await output.WriteLineAsync(NextCommands(applied, url));
        return true;
    }

    private string NextCommands(IReadOnlyList<AppliedObject> applied, Uri? url)
    {
        var endpoint = applied.FirstOrDefault(obj => obj.Resource.Kind == "LlmEndpoint")?.Key;
        var ns = endpoint?.Namespace is null or "default" ? "" : $" -n {endpoint.Value.Namespace}";
        return $"""
            all {applied.Count} ready. Try next, in another terminal:
              export KUBECONFIG={settings.Kubeconfig}
              kubectl get llmops,pods -o wide{ns}
              kubectl explain llmendpoint.spec --recursive
            """ + (endpoint is { } key
            ? $"""

              kubectl describe llmendpoint {key.Name}{ns}
              kubectl scale llmendpoint {key.Name} --replicas=2{ns}
              kubectl get events --sort-by=.lastTimestamp{ns}
            """ + (url is null ? "" : Curl(url, key.Name))
            : "");
    }

    private static string Curl(Uri url, string model) => $$"""


        Ask it, over HTTP as any client of OpenAI's API does:
          export OPENAI_BASE_URL={{url}}v1
          curl {{url}}v1/chat/completions -H 'Content-Type: application/json' \
            -d '{"model":"{{model}}","messages":[{"role":"user","content":"What is a pod?"}]}'
        """;

    /// <summary>What the operator finds beside the cluster.</summary>
    /// <param name="Hub">The hub.</param>
    /// <param name="Traces">Receiver of traces; null when no container runs.</param>
    private sealed record Surroundings(Uri Hub, Uri? Traces);
}
