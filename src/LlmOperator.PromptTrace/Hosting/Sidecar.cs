using System.Diagnostics.Metrics;
using System.Net;
using LlmOperator.Inference.Hosting;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Measuring;
using LlmOperator.PromptTrace.Proxying;
using LlmOperator.PromptTrace.Tracing;
using LlmOperator.PromptTrace.Wire;
using LlmOperator.Telemetry;
using Microsoft.Extensions.Logging;

namespace LlmOperator.PromptTrace.Hosting;

/// <summary>The sidecar, put together: may run in a process of its own or within another's.</summary>
internal sealed partial class Sidecar : IServerProgram
{
    private const string ScopeName = "llm-operator/prompt-trace";
    private static readonly TimeSpan LastBytesTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(5);

    private readonly SidecarOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EngineClient _engine;
    private readonly HttpMessageInvoker _health;
    private readonly HttpClient _receivers;
    private readonly List<(string Exporter, Spool Spool, SpoolDrain Drain)> _spools = [];
    private readonly Meter _meter = new("LlmOperator.PromptTrace");
    private readonly MetricsRegistry _registry;
    private readonly GenAiMetrics _metrics;
    private readonly Drain _drain = new();
    private readonly TraceRecorder _recorder;
    private readonly AdminPages _admin;
    private readonly TwoPortServer _server;
    private readonly CancellationTokenSource _draining = new();
    private Task _recording = Task.CompletedTask;
    private Task _sending = Task.CompletedTask;
    private bool _isStopped;

    /// <summary>Creates a sidecar that does not listen yet.</summary>
    /// <param name="options">Options.</param>
    /// <param name="loggers">Loggers.</param>
    /// <param name="time">Clock; the system's when null.</param>
    /// <param name="receivers">How receivers of traces are reached; by network when null.</param>
    public Sidecar(SidecarOptions options, ILoggerFactory loggers, TimeProvider? time = null, HttpMessageHandler? receivers = null)
    {
        (_options, _time, _logger) = (options, time ?? TimeProvider.System, loggers.CreateLogger<Sidecar>());
        _engine = new(options.Engine, options.ConnectTimeout, options.AnswerTimeout, _time);
        _health = new(EngineConnections.Handler(options.ConnectTimeout, _time));
        _receivers = new(receivers ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var traffic = new Traffic();
        _registry = new(meter => ReferenceEquals(meter, _meter));
        _metrics = new(_meter, options, traffic);
        ProcessMetrics.AddTo(_meter);
        var resource = ResourceOf(options);
        foreach (var exporter in options.Exporters)
        {
            var spool = Spool.Open(Path.Combine(options.SpoolDirectory, exporter.Name), new() { MaxBytes = options.SpoolBytes });
            _spools.Add((exporter.Name, spool, new(spool, exporter.Receiver, resource, _receivers, _time, loggers.CreateLogger<SpoolDrain>())));
        }

        var figures = new SpoolMetrics(_meter, "prompt_trace", () => [.. _spools.Select(one => SpoolReading.Of(one.Exporter, one.Spool, one.Drain))]);
        _recorder = new(options, [.. _spools.Zip(options.Exporters, (one, exporter) => (one.Spool, exporter.Receiver.Encoding))], _metrics, traffic, _time, loggers.CreateLogger<TraceRecorder>());
        var proxy = new EngineProxy(options, _engine, _recorder, _drain, loggers.CreateLogger<EngineProxy>());
        _admin = new(_registry, figures.Read, new EngineHealth(options, _health, _drain, _time).WhyNotReadyAsync);
        // How large a prompt may be is the engine's to say; here it only passes.
        _server = new(options.Listen, options.Admin, null, proxy.AnswerAsync, _admin.AnswerAsync, loggers);
    }

    /// <summary>Where clients are answered, once it listens.</summary>
    public IPEndPoint Clients => _server.Clients;

    /// <summary>Where metrics and health are, once it listens.</summary>
    public IPEndPoint Admin => _server.Admin;

    /// <summary>What became of the traces, by exporter.</summary>
    public IReadOnlyDictionary<string, SpoolCounts> Counts => _spools.ToDictionary(one => one.Exporter, one => one.Spool.Counts);

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">An address is taken or not this machine's.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _server.StartAsync(cancellationToken).ConfigureAwait(false);
        _recording = Task.Run(_recorder.RunAsync, CancellationToken.None);
        _sending = Task.WhenAll(_spools.Select(one => Task.Run(() => SendAsync(one.Exporter, one.Drain), CancellationToken.None)));
        Log.Ready(_logger, Clients, _options.Engine, Admin);
    }

    /// <summary>
    /// Goes in order: readiness off, refuse what is new after everybody has seen that, let what is running end, empty the spools. What remains stays on the disk.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting for running answers.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        _drain.IsReady = false;
        Log.Stopping(_logger);
        await WaitAsync(Task.Delay(_options.ShutdownDelay, _time, cancellationToken)).ConfigureAwait(false);
        var drained = _drain.CloseAsync();
        await WaitAsync(drained.WaitAsync(_options.ShutdownGrace, _time, cancellationToken)).ConfigureAwait(false);

        // Answers that have ended may still be on their way out; those that have not are broken off.
        using var last = new CancellationTokenSource(drained.IsCompleted ? LastBytesTime : TimeSpan.Zero, _time);
        await _server.StopAsync(last.Token).ConfigureAwait(false);
        _recorder.Complete();
        await _recording.ConfigureAwait(false);
        await _draining.CancelAsync().ConfigureAwait(false);
        await _sending.ConfigureAwait(false);
        using var over = new CancellationTokenSource(_options.FlushTime, _time);
        var flushed = await Task.WhenAll(_spools.Select(one => one.Drain.FlushAsync(over.Token))).ConfigureAwait(false);
        Log.Stopped(_logger, flushed.Count(done => done), flushed.Length);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_isStopped)
        {
            await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        }

        await _server.DisposeAsync().ConfigureAwait(false);
        _spools.ForEach(one => one.Spool.Dispose());
        _admin.Dispose();
        _meter.Dispose();
        _registry.Dispose();
        _engine.Dispose();
        _health.Dispose();
        _receivers.Dispose();
        _draining.Dispose();
    }

    private static Resource ResourceOf(SidecarOptions options)
    {
        var attributes = new List<SpanAttribute> { SpanAttribute.Of("service.name", options.Served.Endpoint ?? "prompt-trace") };
        Add("service.namespace", options.Served.Namespace);
        Add("service.version", options.Served.Revision);
        Add("service.instance.id", options.Served.Pod);
        Add("k8s.namespace.name", options.Served.Namespace);
        Add("k8s.pod.name", options.Served.Pod);
        return new(attributes, ScopeName, typeof(Sidecar).Assembly.GetName().Version!.ToString(3));

        void Add(string key, string? value)
        {
            if (value is not null)
            {
                attributes.Add(SpanAttribute.Of(key, value));
            }
        }
    }

    /// <summary>Drains a spool until the end; a fault, such as a disk that fails, is told and waited out.</summary>
    private async Task SendAsync(string exporter, SpoolDrain drain)
    {
        while (!_draining.IsCancellationRequested)
        {
            try
            {
                await drain.RunAsync(_draining.Token).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                Log.Faulted(_logger, exporter, error);
                await WaitAsync(Task.Delay(AfterFault, _time, _draining.Token)).ConfigureAwait(false);
            }
        }
    }

    private static async Task WaitAsync(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or TimeoutException)
        {
            // The time is over; what follows is the same.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(21, LogLevel.Information, "prompt-trace ready: {Clients} passes to {Engine}; metrics and health at {Admin}")]
        public static partial void Ready(ILogger logger, IPEndPoint clients, Uri engine, IPEndPoint admin);

        [LoggerMessage(22, LogLevel.Information, "Stopping: not ready any more, running answers end")]
        public static partial void Stopping(ILogger logger);

        [LoggerMessage(23, LogLevel.Information, "Stopped: {Emptied} of {All} spools are empty")]
        public static partial void Stopped(ILogger logger, int emptied, int all);

        [LoggerMessage(24, LogLevel.Error, "Sending traces to {Exporter} failed and is taken up again")]
        public static partial void Faulted(ILogger logger, string exporter, Exception error);
    }
}
