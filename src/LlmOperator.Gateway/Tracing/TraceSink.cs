using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Tracing;

/// <summary>A spool and the receiver it is emptied into. The receiver's key may come later than the first span, and may change.</summary>
internal sealed partial class TraceSink : IAsyncDisposable
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(5);

    private readonly Resource _resource;
    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private SpoolDrain? _drain;
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;
    private bool _isStopping;

    public TraceSink(string name, Spool spool, ITraceEncoding encoding, Resource resource, HttpClient client, TimeProvider time, ILogger logger)
    {
        (Name, Spool, Encoding) = (name, spool, encoding);
        (_resource, _client, _time, _logger) = (resource, client, time, logger);
    }

    /// <summary>Name of its folder and its label in the figures.</summary>
    public string Name { get; }

    public Spool Spool { get; }

    public ITraceEncoding Encoding { get; }

    /// <summary>The spool at this moment.</summary>
    public SpoolReading Reading => _drain is { } drain ? SpoolReading.Of(Name, Spool, drain) : new(Name, Spool.Counts, Spool.Bytes, IsUp: false);

    /// <summary>Sends to a receiver from now on.</summary>
    public void SendTo(Receiver receiver)
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                return;
            }

            _stop?.Cancel();
            _stop = new();
            var drain = _drain = new(Spool, receiver with { Encoding = Encoding }, _resource, _client, _time, _logger);
            var (before, token) = (_running, _stop.Token);
            _running = Task.Run(() => RunAsync(before, drain, token), CancellationToken.None);
        }
    }

    /// <summary>Stops sending as it comes, and empties the spool.</summary>
    /// <returns>Whether it is empty.</returns>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        Task running;
        lock (_gate)
        {
            _isStopping = true;
            _stop?.Cancel();
            running = _running;
        }

        await running.ConfigureAwait(false);
        return _drain is { } drain && await drain.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await FlushAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        _stop?.Dispose();
        Spool.Dispose();
    }

    /// <summary>Drains until stopped; a fault, such as a disk that fails, is told and waited out. Two never drain a spool at once.</summary>
    private async Task RunAsync(Task before, SpoolDrain drain, CancellationToken cancellationToken)
    {
        await before.ConfigureAwait(false);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await drain.RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                Log.Faulted(_logger, Name, error);
                await Task.Delay(AfterFault, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(24, LogLevel.Error, "Sending traces to {Exporter} failed and is taken up again")]
        public static partial void Faulted(ILogger logger, string exporter, Exception error);
    }
}
