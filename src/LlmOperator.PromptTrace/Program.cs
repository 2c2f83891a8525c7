using System.Runtime.InteropServices;
using LlmOperator.Inference.Hosting;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Hosting;
using Microsoft.Extensions.Logging;

const int NotConfigured = 2;

TwoPortServer.ServeInline();
SidecarOptions options;
try
{
    options = SidecarConfiguration.Load(Environment.GetEnvironmentVariable);
}
catch (ConfigurationException wrong)
{
    foreach (var problem in wrong.Problems)
    {
        Console.Error.WriteLine($"error: {problem}");
    }

    return NotConfigured;
}

using var loggers = LoggerFactory.Create(static logging => logging.SetMinimumLevel(LogLevel.Information)
    .AddFilter("Microsoft", LogLevel.Warning)
    .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error)
    .AddJsonConsole());
var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
using var hurry = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
try
{
    await using var sidecar = new Sidecar(options, loggers);
    await sidecar.StartAsync(CancellationToken.None);
    await stop.Task;
    await sidecar.StopAsync(hurry.Token);
    return 0;
}
catch (Exception error) when (error is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"error: {error.Message}");
    return NotConfigured;
}

void Stop(PosixSignalContext signal)
{
    // A second signal does not wait for running answers.
    signal.Cancel = true;
    if (!stop.TrySetResult())
    {
        hurry.Cancel();
    }
}
