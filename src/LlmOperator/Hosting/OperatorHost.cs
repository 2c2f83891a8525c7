using LlmOperator.Configuration;
using LlmOperator.Controllers;
using LlmOperator.Controllers.Webhooks;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Leadership;
using LlmOperator.Kubernetes.Telemetry;
using LlmOperator.Serving;
using LlmOperator.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Hosting;

/// <summary>
/// Puts the operator together and runs it: instruments, controllers, the webhook, and the server of it, metrics and health. It needs no process of its own, so that the sandbox and tests run it beside their API server.
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
        using var registries = OperatorControllers.Add(manager, options.Accelerators, options.Workers, time, options.Registries, options.LicensePolicy, options.DataPath, options.Qdrant with { OperatorNamespace = options.OperatorNamespace }, loggers);
        var webhook = Webhook(options, manager, client, time, logger);

        // A Kestrel that is given no address would listen on one of its own choice.
        List<Site> sites = [.. Sites(options, manager, webhook, registry, metrics, time)];
        await using var server = sites.Count > 0 ? new HttpServer(sites, loggers) : null;
        await (server?.StartAsync(stop) ?? Task.CompletedTask).ConfigureAwait(false);
        using var serving = new CancellationTokenSource();
        var upkeep = webhook?.RunAsync(server!.PortOf(Setting.WebhookBindAddress)!.Value, serving.Token) ?? Task.CompletedTask;

        Log.Starting(
            logger,
            options.Namespace ?? "all namespaces",
            options.Workers,
            options.LeaderElect,
            server?.PortOf(Setting.HealthProbeBindAddress),
            server?.PortOf(Setting.MetricsBindAddress),
            server?.PortOf(Setting.WebhookBindAddress));
        try
        {
            var outcome = await manager.RunAsync(stop).ConfigureAwait(false);
            Log.Stopped(logger, outcome);
            return outcome;
        }
        finally
        {
            // Health and reviews are answered to the end: a slow stop is not taken for a dead process, and a configuration that leads here goes before the server does.
            await serving.CancelAsync().ConfigureAwait(false);
            await upkeep.ConfigureAwait(false);
        }
    }

    private static LeaderElectionOptions Election(OperatorOptions options) => new()
    {
        Name = Name,
        Namespace = options.LeaderElectionNamespace
            ?? throw new OptionsException([$"{Setting.LeaderElectionNamespace.Option} is needed with {Setting.LeaderElect.Option} where the operator does not run in a pod: name the namespace of the lease"]),
    };

    /// <summary>The webhook, where the API server can find its way to it.</summary>
    private static OperatorWebhook? Webhook(OperatorOptions options, ControllerManager manager, IKubeClient client, TimeProvider time, ILogger logger)
    {
        if (options.WebhookBindAddress is null)
        {
            return null;
        }

        if (options.OperatorNamespace is null && options.WebhookUrl is null && options.WebhookCertDir is null)
        {
            Log.NoWebhook(logger, Setting.WebhookUrl.Option);
            return null;
        }

        return new(
            manager,
            client,
            new()
            {
                Namespace = options.OperatorNamespace ?? "default",
                WatchedNamespace = options.Namespace,
                Url = options.WebhookUrl,
                CertificateFolder = options.WebhookCertDir,
                LicensePolicy = options.LicensePolicy,
                DataPath = options.DataPath,
            },
            options.Accelerators,
            time,
            logger);
    }

    private static IEnumerable<Site> Sites(OperatorOptions options, ControllerManager manager, OperatorWebhook? webhook, MetricsRegistry registry, RuntimeMetrics metrics, TimeProvider time)
    {
        if (options.HealthProbeBindAddress is { } health)
        {
            var pages = new HealthPages(
                alive: [new("ping", static () => null), new("leader-election", () => manager.Elector?.CheckHealth())],
                ready: [new("caches", () => WhyNotReady(manager)), .. webhook is null ? (IEnumerable<HealthCheck>)[] : [new("webhook", webhook.WhyNotReady)]]);
            yield return new(Setting.HealthProbeBindAddress, health, pages.AnswerAsync);
        }

        if (options.MetricsBindAddress is { } address)
        {
            yield return new(Setting.MetricsBindAddress, address, (request, cancellation) => MetricsPageAsync(registry, request, cancellation));
        }

        if (webhook is not null)
        {
            yield return new(Setting.WebhookBindAddress, options.WebhookBindAddress!, new WebhookPages(webhook.Admission, metrics.Meter, time).AnswerAsync, webhook.Certificate);
        }
    }

    private static string? WhyNotReady(ControllerManager manager) => manager.IsReady
        ? null
        : $"waiting for {string.Join(", ", manager.Informers.All.Where(informer => !informer.HasSynced).Select(informer => informer.Resource.Plural).Distinct())}";

    private static async Task<HttpReply> MetricsPageAsync(MetricsRegistry registry, HttpRequest request, CancellationToken cancellationToken) => request switch
    {
        { Path.Value: not "/metrics" } => HttpReply.NotFound,
        { Method: not ("GET" or "HEAD") } => HttpReply.OnlyRead,
        _ => new(System.Net.HttpStatusCode.OK, await registry.ReadAsync(cancellationToken).ConfigureAwait(false), MetricsRegistry.ContentType),
    };

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Starting for {Namespace} with {Workers} workers a kind, leader election {LeaderElect}, health on port {HealthPort}, metrics on port {MetricsPort}, webhook on port {WebhookPort}")]
        public static partial void Starting(ILogger logger, string @namespace, int workers, bool leaderElect, int? healthPort, int? metricsPort, int? webhookPort);

        [LoggerMessage(3, LogLevel.Information, "The validating webhook is off: outside a cluster it needs {Option} with the address under which the API server reaches this process")]
        public static partial void NoWebhook(ILogger logger, string option);

        [LoggerMessage(2, LogLevel.Information, "Stopped: {Outcome}")]
        public static partial void Stopped(ILogger logger, RunOutcome outcome);
    }
}
