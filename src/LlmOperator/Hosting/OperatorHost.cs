using LlmOperator.Configuration;
using LlmOperator.Controllers;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Leadership;
using LlmOperator.Kubernetes.Telemetry;
using LlmOperator.Serving;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Hosting;

/// <summary>
/// Puts the operator together and runs it: instruments, controllers, and the servers of metrics and health. It needs no process of its own, so that the sandbox and tests run it beside their API server.
/// </summary>
public static partial class OperatorHost
{
    /// <summary>Name under which the operator reports events and holds its lease.</summary>
    public const string Name = "llm-operator";

    /// <summary>Runs the operator until asked to stop or until leadership is lost.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="client">Client of the cluster.</param>
    /// <param name="time">Clock.</param>
    /// <param name="loggers">Loggers.</param>
    /// <param name="stop">Asks for a clean stop: what is in hand is finished and the lease given up.</param>
    /// <param name="fence">The fence of a <see cref="LeaderFenceHandler"/> in the client, which also holds back its repeats; null when it has none.</param>
    /// <exception cref="OptionsException">The settings do not go together.</exception>
    public static async Task<RunOutcome> RunAsync(OperatorOptions options, IKubeClient client, TimeProvider time, ILoggerFactory loggers, CancellationToken stop, LeaderFence? fence = null)
    {
        var logger = loggers.CreateLogger(Name);
        using var metrics = new RuntimeMetrics();
        using var registry = new MetricsRegistry();
        ProcessMetrics.AddTo(metrics.Meter);
        using var manager = new ControllerManager(
            client,
            new()
            {
                Name = $"{Api.ApiGroup.Name}/{Name}",
                LeaderElection = options.LeaderElect ? Election(options) : null,
                Fence = fence,
                Informers = new() { Namespace = options.Namespace },
                GracePeriod = options.ShutdownTimeout,
            },
            time,
            logger,
            metrics);
        using var registries = OperatorControllers.Add(manager, options.Accelerators, options.Workers, time, options.Registries);

        using var serving = CancellationTokenSource.CreateLinkedTokenSource(CancellationToken.None);
        var health = new HealthPages(
            alive: [new("ping", static () => null), new("leader-election", () => manager.Elector?.CheckHealth())],
            ready: [new("caches", () => manager.IsReady ? null : $"waiting for {string.Join(", ", manager.Informers.All.Where(informer => !informer.HasSynced).Select(informer => informer.Resource.Plural).Distinct())}")]);
        using var probes = Server(options.HealthProbeBindAddress, Setting.HealthProbeBindAddress, health.Answer, time, logger);
        using var metricsPage = Server(options.MetricsBindAddress, Setting.MetricsBindAddress, (target, cancellation) => MetricsPageAsync(registry, target, cancellation), time, logger);
        var servers = Task.WhenAll(probes?.RunAsync(serving.Token) ?? Task.CompletedTask, metricsPage?.RunAsync(serving.Token) ?? Task.CompletedTask);

        Log.Starting(logger, options.Namespace ?? "all namespaces", options.Workers, options.LeaderElect, probes?.Port, metricsPage?.Port);
        try
        {
            var outcome = await manager.RunAsync(stop).ConfigureAwait(false);
            Log.Stopped(logger, outcome);
            return outcome;
        }
        finally
        {
            // Health is answered to the end, so that a slow stop is not taken for a dead process.
            await serving.CancelAsync().ConfigureAwait(false);
            await servers.ConfigureAwait(false);
        }
    }

    private static LeaderElectionOptions Election(OperatorOptions options) => new()
    {
        Name = Name,
        Namespace = options.LeaderElectionNamespace
            ?? throw new OptionsException([$"{Setting.LeaderElectionNamespace.Option} is needed with {Setting.LeaderElect.Option} where the operator does not run in a pod: name the namespace of the lease"]),
    };

    private static SmallHttpServer? Server(ListenAddress? address, Setting setting, Func<string, CancellationToken, Task<HttpReply>> answer, TimeProvider time, ILogger logger)
    {
        if (address is null)
        {
            return null;
        }

        try
        {
            return new(address, answer, time, logger);
        }
        catch (System.Net.Sockets.SocketException error)
        {
            throw new OptionsException([$"{setting.Option}: cannot listen on {address}: {error.Message}; choose another port, or 0 for none"]);
        }
    }

    private static async Task<HttpReply> MetricsPageAsync(MetricsRegistry registry, string target, CancellationToken cancellationToken) =>
        target.Split('?')[0] == "/metrics"
            ? new(System.Net.HttpStatusCode.OK, await registry.ReadAsync(cancellationToken).ConfigureAwait(false), MetricsRegistry.ContentType)
            : HttpReply.NotFound;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Starting for {Namespace} with {Workers} workers a kind, leader election {LeaderElect}, health on port {HealthPort}, metrics on port {MetricsPort}")]
        public static partial void Starting(ILogger logger, string @namespace, int workers, bool leaderElect, int? healthPort, int? metricsPort);

        [LoggerMessage(2, LogLevel.Information, "Stopped: {Outcome}")]
        public static partial void Stopped(ILogger logger, RunOutcome outcome);
    }
}
