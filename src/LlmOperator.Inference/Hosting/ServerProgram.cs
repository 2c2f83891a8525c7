using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Inference.Hosting;

/// <summary>What a program runs until it is told to stop.</summary>
public interface IServerProgram : IAsyncDisposable
{
    /// <summary>Begins to listen.</summary>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Ends in order.</summary>
    /// <param name="cancellationToken">Ends the waiting for running answers.</param>
    Task StopAsync(CancellationToken cancellationToken);
}

/// <summary>Runs a server as the whole of a program.</summary>
public static class ServerProgram
{
    /// <summary>The program was not told what it has to know, or it does not hold.</summary>
    public const int NotConfigured = 2;

    /// <summary>Runs a server until SIGTERM or SIGINT. A second signal does not wait for running answers.</summary>
    /// <param name="create">Makes it.</param>
    /// <param name="isFault">Which faults are told in a line, besides those of files and addresses.</param>
    /// <returns>The program's code.</returns>
    public static async Task<int> RunAsync(Func<ILoggerFactory, IServerProgram> create, Func<Exception, bool>? isFault = null)
    {
        ArgumentNullException.ThrowIfNull(create);
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
            await using var server = create(loggers);
            await server.StartAsync(CancellationToken.None).ConfigureAwait(false);
            await stop.Task.ConfigureAwait(false);
            await server.StopAsync(hurry.Token).ConfigureAwait(false);
            return 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException || isFault?.Invoke(error) == true)
        {
            await Console.Error.WriteLineAsync($"error: {error.Message}").ConfigureAwait(false);
            return NotConfigured;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            if (!stop.TrySetResult())
            {
                hurry.Cancel();
            }
        }
    }
}
