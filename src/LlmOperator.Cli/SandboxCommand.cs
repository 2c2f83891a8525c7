using System.CommandLine;
using System.CommandLine.Parsing;

namespace LlmOperator.Cli;

/// <summary>What <c>kubectl-llm sandbox</c> was asked for.</summary>
internal sealed record SandboxSettings
{
    public int Port { get; init; }

    public required string Kubeconfig { get; init; }

    public IReadOnlyList<string> Apply { get; init; } = [];

    public bool Wait { get; init; }

    public TimeSpan Timeout { get; init; }

    public bool Exit { get; init; }

    public bool Operator { get; init; } = true;

    public bool Controllers { get; init; } = true;

    /// <summary>Whether containers of known images really run.</summary>
    public bool Containers { get; init; } = true;

    public double Speed { get; init; } = 1;

    public string? Nodes { get; init; }

    /// <summary>Hugging Face hub the operator asks; a stand-in when null.</summary>
    public Uri? Hub { get; init; }

    /// <summary>Real Qdrant that managed ones are; the program of that name, or a stand-in, when null.</summary>
    public Uri? Qdrant { get; init; }

    public bool Verbose { get; init; }
}

/// <summary><c>kubectl-llm sandbox</c>: Kubernetes in this process, with the operator beside it.</summary>
internal static class SandboxCommand
{
    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "Port of the API server on 127.0.0.1; 0 takes a free one.", HelpName = "PORT", DefaultValueFactory = _ => 0 };
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 65535)
            {
                result.AddError("--port must be between 0 and 65535");
            }
        });
        var kubeconfig = new Option<string>("--kubeconfig")
        {
            Description = "Where the kubeconfig is written.",
            HelpName = "PATH",
            DefaultValueFactory = _ => DefaultKubeconfig(),
        };
        var apply = new Option<string[]>("--apply") { Description = "File or folder of manifests to apply once ready. May be repeated.", HelpName = "PATH", DefaultValueFactory = _ => [] };
        var wait = new Option<bool>("--wait") { Description = "Show what was applied until all of it is ready; exit code 1 with the reasons when it is not within --timeout." };
        var timeout = new Option<double>("--timeout") { Description = "Seconds --wait waits, of the sandbox's clock.", HelpName = "SECONDS", DefaultValueFactory = _ => 300 };
        timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= 86400))
            {
                result.AddError("--timeout must be more than 0 and at most 86400 seconds");
            }
        });
        var exit = new Option<bool>("--exit") { Description = "Stop when all the above is done, instead of running until Ctrl+C." };
        var noOperator = new Option<bool>("--no-operator") { Description = "API server and Kubernetes controllers only; run the operator yourself." };
        var noControllers = new Option<bool>("--no-controllers") { Description = "API server only: nothing is scheduled, run or collected." };
        var noContainers = new Option<bool>("--no-containers") { Description = "Simulate all containers: nothing listens, no request can be made." };
        var speed = new Option<double>("--speed") { Description = "How many times faster than real the sandbox's clock runs.", HelpName = "N", DefaultValueFactory = _ => 1 };
        speed.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0.01 and <= 1000))
            {
                result.AddError("--speed must be between 0.01 and 1000");
            }
        });
        var nodes = new Option<string?>("--nodes") { Description = "File of Node objects (YAML or JSON) in place of the default nodes.", HelpName = "FILE" };
        var hub = new Option<string?>("--hub") { Description = "Hugging Face hub the operator asks, such as https://huggingface.co, in place of a stand-in that knows a few models.", HelpName = "URL" };
        hub.Validators.Add(result => MustBeAddress(result, "--hub", "https://huggingface.co"));
        var qdrant = new Option<string?>("--qdrant")
        {
            Description = "Real Qdrant that requests to managed ones are passed on to, such as http://127.0.0.1:6333 (its key in QDRANT_API_KEY), in place of the program qdrant or a stand-in.",
            HelpName = "URL",
        };
        qdrant.Validators.Add(result => MustBeAddress(result, "--qdrant", "http://127.0.0.1:6333"));
        var verbose = new Option<bool>("--verbose") { Description = "Show the operator's log." };

        var command = new Command("sandbox", "Run Kubernetes in one process, with simulated GPU nodes and the operator. Needs no Docker and no cluster.")
        {
            port, kubeconfig, apply, wait, timeout, exit, noOperator, noControllers, noContainers, speed, nodes, hub, qdrant, verbose,
        };
        command.SetAction((parsed, cancellationToken) => new SandboxRun(
            new SandboxSettings
            {
                Port = parsed.GetValue(port),
                Kubeconfig = Path.GetFullPath(parsed.GetValue(kubeconfig)!),
                Apply = parsed.GetValue(apply) ?? [],
                Wait = parsed.GetValue(wait),
                Timeout = TimeSpan.FromSeconds(parsed.GetValue(timeout)),
                Exit = parsed.GetValue(exit),
                Operator = !parsed.GetValue(noOperator) && !parsed.GetValue(noControllers),
                Controllers = !parsed.GetValue(noControllers),
                Containers = !parsed.GetValue(noContainers) && !parsed.GetValue(noControllers),
                Speed = parsed.GetValue(speed),
                Nodes = parsed.GetValue(nodes),
                Hub = parsed.GetValue(hub) is { } address ? new Uri(address) : null,
                Qdrant = parsed.GetValue(qdrant) is { } server ? new Uri(server) : null,
                Verbose = parsed.GetValue(verbose),
            },
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error).RunAsync(cancellationToken));
        return command;
    }

    private static void MustBeAddress(OptionResult result, string option, string example)
    {
        if (result.GetValueOrDefault<string?>() is { } text && !(Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")))
        {
            result.AddError($"{option} must be an address such as {example}");
        }
    }

    /// <summary>The user's cache folder: nothing of the user's own kubeconfig is touched.</summary>
    private static string DefaultKubeconfig()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            cache = OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache");
        }

        return Path.Combine(cache, "llm-operator", "sandbox.kubeconfig");
    }
}
