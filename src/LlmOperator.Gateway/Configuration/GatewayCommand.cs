using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using LlmOperator.Inference.Hosting;
using LlmOperator.Kubernetes.Configuration;

namespace LlmOperator.Gateway.Configuration;

/// <summary>The command line of the gateway.</summary>
public static class GatewayCommand
{
    /// <summary>Creates the command.</summary>
    /// <param name="run">What is done with the options; serves until a signal when null.</param>
    public static RootCommand Create(Func<GatewayOptions, Task<int>>? run = null)
    {
        var defaults = new GatewayOptions { Namespace = "" };
        var ns = new Option<string>("--namespace") { HelpName = "NAME", Description = "Namespace whose LlmEndpoints are served", Required = true };
        var listen = Address("--listen", "Address for clients", defaults.Listen);
        var admin = Address("--admin", "Address of /healthz, /readyz and /metrics", defaults.Admin);
        var kubeconfig = new Option<string?>("--kubeconfig") { HelpName = "FILE", Description = "Kubeconfig; KUBECONFIG, the pod's service account or ~/.kube/config when absent" };
        var trace = new Option<Uri?>("--trace-endpoint")
        {
            HelpName = "URL",
            Description = "OTLP receiver that is told of every request, besides the exporters of each endpoint",
            CustomParser = result => Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "" } ? url : Wrong<Uri?>(result, "must be an http or https address without user and password"),
        };
        var spool = new Option<string>("--spool-directory") { HelpName = "FOLDER", Description = "Folder in which traces wait for their receivers", DefaultValueFactory = _ => defaults.SpoolDirectory };
        var spoolBytes = Number("--spool-bytes", "Most bytes of each receiver's spool", defaults.SpoolBytes, 1 << 20, 1L << 40);
        var body = Number("--max-body-bytes", "Most bytes of a request's body", defaults.MaxBodyBytes, 1024, 1 << 30);
        var held = Number("--max-held-bytes", "Most bytes of all bodies that are held at one time", defaults.MaxHeldBytes, 1 << 20, 1L << 40);
        var concurrent = Number("--max-concurrent-requests", "Most requests that are answered at one time", defaults.MaxConcurrentRequests, 1, 1_000_000);
        var attempts = Number("--max-attempts", "Most pods a request is sent to, one after the other", defaults.MaxAttempts, 1, 10);
        var connect = Seconds("--connect-timeout-seconds", "How long a connection to a pod may take", defaults.ConnectTimeout, 0.001);
        var attempt = Seconds("--attempt-timeout-seconds", "How long a pod may take until the first byte of its answer", defaults.AttemptTimeout, 0.001);
        var total = Seconds("--timeout-seconds", "How long a request may take to the end of its answer", defaults.Timeout, 0.001);
        var feedback = Number("--feedback-per-minute", "Feedback a caller may give in a minute", defaults.FeedbackPerMinute, 1, 1_000_000);
        var delay = Seconds("--shutdown-delay-seconds", "How long requests are still taken after SIGTERM", defaults.ShutdownDelay, 0);
        var grace = Seconds("--shutdown-grace-seconds", "How long running answers may take after that", defaults.ShutdownGrace, 0);
        var flush = Seconds("--shutdown-flush-seconds", "How long the spools may take to empty", defaults.FlushTime, 0);
        var command = new RootCommand("llm-gateway: one OpenAI-compatible address for the language models of a namespace")
        {
            ns, listen, admin, kubeconfig, trace, spool, spoolBytes, body, held, concurrent, attempts, connect, attempt, total, feedback, delay, grace, flush,
        };
        command.SetAction((result, _) => (run ?? RunAsync)(new()
        {
            Namespace = result.GetValue(ns)!,
            Listen = result.GetValue(listen)!,
            Admin = result.GetValue(admin)!,
            Kubeconfig = result.GetValue(kubeconfig),
            TraceEndpoint = result.GetValue(trace),
            SpoolDirectory = result.GetValue(spool)!,
            SpoolBytes = result.GetValue(spoolBytes),
            MaxBodyBytes = (int)result.GetValue(body),
            MaxHeldBytes = result.GetValue(held),
            MaxConcurrentRequests = (int)result.GetValue(concurrent),
            MaxAttempts = (int)result.GetValue(attempts),
            ConnectTimeout = TimeSpan.FromSeconds(result.GetValue(connect)),
            AttemptTimeout = TimeSpan.FromSeconds(result.GetValue(attempt)),
            Timeout = TimeSpan.FromSeconds(result.GetValue(total)),
            FeedbackPerMinute = (int)result.GetValue(feedback),
            ShutdownDelay = TimeSpan.FromSeconds(result.GetValue(delay)),
            ShutdownGrace = TimeSpan.FromSeconds(result.GetValue(grace)),
            FlushTime = TimeSpan.FromSeconds(result.GetValue(flush)),
        }));
        return command;
    }

    private static Task<int> RunAsync(GatewayOptions options) => ServerProgram.RunAsync(loggers => new Gateway(options, loggers), static error => error is ClusterConfigurationException);

    private static Option<IPEndPoint> Address(string name, string description, IPEndPoint fallback) => new(name)
    {
        HelpName = "ADDRESS:PORT",
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = result => IPEndPoint.TryParse(result.Tokens[0].Value, out var address) && result.Tokens[0].Value.Contains(':', StringComparison.Ordinal)
            ? address
            : Wrong<IPEndPoint>(result, $"must be an IP address and a port, such as {fallback}"),
    };

    private static Option<long> Number(string name, string description, long fallback, long least, long most) => new(name)
    {
        HelpName = "NUMBER",
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = result => long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : Wrong<long>(result, $"must be a whole number from {least} to {most}"),
    };

    private static Option<double> Seconds(string name, string description, TimeSpan fallback, double least) => new(name)
    {
        HelpName = "SECONDS",
        Description = description,
        DefaultValueFactory = _ => fallback.TotalSeconds,
        CustomParser = result => double.TryParse(result.Tokens[0].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds >= least && seconds <= 86400
            ? seconds
            : Wrong<double>(result, $"must be a number of seconds {(least > 0 ? "above 0" : "from 0")} up to 86400"),
    };

    private static T? Wrong<T>(ArgumentResult result, string problem)
    {
        result.AddError($"{(result.Parent as OptionResult)?.IdentifierToken?.Value} {problem}; it is \"{result.Tokens[0].Value}\"");
        return default;
    }
}
