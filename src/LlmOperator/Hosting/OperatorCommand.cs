using System.CommandLine;
using System.Runtime.InteropServices;
using LlmOperator.Configuration;
using LlmOperator.Controllers.Webhooks;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Leadership;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Formatting.Json;

namespace LlmOperator.Hosting;

/// <summary>The command line of the operator.</summary>
internal static class OperatorCommand
{
    /// <summary>Exit code for settings that cannot be used.</summary>
    public const int NotConfigured = 2;

    private const int Stopped = 0;
    private const int LeadershipLost = 1;

    public static RootCommand Create()
    {
        var config = new Option<string?>("--config") { HelpName = "FILE", Description = "Settings file in YAML or JSON, with the names below in camelCase" };
        var run = new Command("run", "Run the operator until it is asked to stop. Each option can also be set in the environment (--leader-elect as LLM_OPERATOR__LEADER_ELECT) or in the file of --config; the command line wins, then the environment.");
        run.Options.Add(config);
        var options = Setting.All.ToDictionary(setting => setting, Option);
        foreach (var option in options.Values)
        {
            run.Options.Add(option);
        }

        run.SetAction((result, cancellationToken) => RunAsync(
            setting => result.GetResult(options[setting]) is { Implicit: false } given ? given.Tokens is [var token, ..] ? token.Value : "true" : null,
            result.GetValue(config),
            cancellationToken));
        return new RootCommand("llm-operator: language models on Kubernetes") { run, FetchCommand.Create() };
    }

    private static Option<string?> Option(Setting setting) => new(setting.Option)
    {
        HelpName = setting.Placeholder ?? "true|false",
        Description = setting.Description,
        Arity = setting.Placeholder is null ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
    };

    private static async Task<int> RunAsync(Func<Setting, string?> commandLine, string? file, CancellationToken cancellationToken)
    {
        try
        {
            var options = OptionsReader.Read(commandLine, Environment.GetEnvironmentVariable, file);
            var loader = new ClusterConfigurationLoader();
            var cluster = loader.Load(options.Kubeconfig, options.Context);
            options = options with
            {
                LeaderElectionNamespace = options.LeaderElectionNamespace ?? cluster.Namespace,
                OperatorNamespace = cluster.TokenFile is not null && loader.IsInCluster ? cluster.Namespace : null,
            };

            await using var log = Log(options.LogLevel);
            using var loggers = new SerilogLoggerFactory(log);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Cancel(signal, stop));
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Cancel(signal, stop));
            var fence = new LeaderFence(TimeProvider.System);
            using var client = new KubeClient(cluster, new KubeClientOptions { Handler = new LeaderFenceHandler(fence, OperatorWebhook.IsUpkeep) });
            if (options.Registries.FetcherImage is null && await OwnImage.FindAsync(client, Environment.GetEnvironmentVariable, stop.Token).ConfigureAwait(false) is { } image)
            {
                options = options with { Registries = options.Registries with { FetcherImage = image } };
            }

            return await OperatorHost.RunAsync(options, client, TimeProvider.System, loggers, stop.Token, fence).ConfigureAwait(false) == RunOutcome.Stopped ? Stopped : LeadershipLost;
        }
        catch (Exception error) when (error is OptionsException or ClusterConfigurationException)
        {
            await Console.Error.WriteLineAsync(error.Message).ConfigureAwait(false);
            return NotConfigured;
        }
    }

    /// <summary>One JSON object a line, with the scope of the reconcile in its properties.</summary>
    private static Logger Log(LogLevel level) => new LoggerConfiguration()
        .MinimumLevel.Is(level switch
        {
            LogLevel.Trace => LogEventLevel.Verbose,
            LogLevel.Debug => LogEventLevel.Debug,
            LogLevel.Warning => LogEventLevel.Warning,
            LogLevel.Error => LogEventLevel.Error,
            _ => LogEventLevel.Information,
        })
        .Enrich.FromLogContext()
        .WriteTo.Console(new JsonFormatter(renderMessage: true))
        .CreateLogger();

    private static void Cancel(PosixSignalContext signal, CancellationTokenSource stop)
    {
        // The process is not to end with the signal but after what is in hand.
        signal.Cancel = true;
        stop.Cancel();
    }
}
