using System.Runtime.InteropServices;
using LlmOperator.Benchmarks;
using LlmOperator.Benchmarks.Clusters;
using LlmOperator.Benchmarks.Echo;
using LlmOperator.Benchmarks.Endpoints;
using LlmOperator.Benchmarks.Gateways;
using LlmOperator.Benchmarks.PromptTrace;
using LlmOperator.Benchmarks.Rag;
using LlmOperator.Benchmarks.Watching;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var command = args.Length == 0 ? "--help" : args[0];
    if (command is "prompt-trace" or "prompt-trace-engine" or "gateway")
    {
        // Load and trivial server do next to nothing for a request: handing each to another thread would be most of it.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
    }

    Func<Arguments, CancellationToken, Task<int>>? run = command switch
    {
        "echo" => EchoCommand.RunAsync,
        "echo-load" => EchoLoadCommand.RunAsync,
        "endpoints" => EndpointsCommand.RunAsync,
        "gateway" => GatewayCommand.RunAsync,
        "prompt-trace" => PromptTraceCommand.RunAsync,
        "prompt-trace-engine" => TrivialEngine.RunAsync,
        "rag-copy" => RagCopyCommand.RunAsync,
        "rag-copy-server" => RagCopyCommand.ServeAsync,
        "rag" => RagCommand.RunAsync,
        "sandbox-start" => SandboxStartCommand.RunAsync,
        "informer-memory" => InformerMemoryCommand.RunAsync,
        "watch-decode" => WatchDecodeCommand.RunAsync,
        _ => null,
    };
    if (run is not null)
    {
        return await run(new Arguments(args.AsSpan(1)), stop.Token);
    }

    Console.WriteLine(Help.Text);
    return command is "--help" or "-h" or "-?" ? 0 : 2;
}
catch (Exception fault) when (fault is ArgumentsException or ClusterConfigurationException or KubeApiException)
{
    Console.Error.WriteLine($"error: {fault.Message}");
    return 2;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
