using System.Net;
using LlmOperator.Sandbox.Hosting;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>
/// Stands in for an inference server: it has the routes, flags, metrics and refusals of vLLM, TGI, SGLang, llama.cpp or TEI, and no model. Its answers quote the prompt and say that they are a
/// stand-in's, as do its Server header, its version and its log.
/// </summary>
public sealed class EngineStandIn : IHostedContainer
{
    private const long MostBodyBytes = 64 << 20;

    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ending = new();
    private readonly EngineSettings _settings;
    private readonly EngineHandler _handler;
    private readonly IPEndPoint _listen;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private LoopbackServer? _server;
    private Task _opening = Task.CompletedTask;

    private EngineStandIn(EngineSettings settings, EngineDirections directions, IPEndPoint listen, TimeProvider time, Action<string> log)
    {
        (_settings, Directions, _listen, _time, _log) = (settings, directions, listen, time, log);
        _handler = new(settings, directions, time, log);
    }

    /// <summary>Hosts of the images of inference servers.</summary>
    public static IReadOnlyList<ContainerHost> Hosts { get; } = [new(image => EngineImages.Of(image) is not null, Of)];

    /// <summary>What it plays.</summary>
    public EngineDirections Directions { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address => (_server ?? throw new InvalidOperationException("the stand-in engine does not listen yet")).Address;

    /// <inheritdoc/>
    public Task<int> Exited => _exited.Task;

    /// <summary>Starts one without a pod on the loopback address; it answers when this returns.</summary>
    /// <param name="kind">Server it plays.</param>
    /// <param name="arguments">Flags, as the server's own.</param>
    /// <param name="environment">Variables; none when null.</param>
    /// <param name="time">Clock; the system's when null.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<EngineStandIn> StartAsync(
        EngineKind kind, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        var engine = new EngineStandIn(
            EngineSettings.Read(kind, arguments, environment ?? new Dictionary<string, string>()), new(), new(IPAddress.Loopback, 0), time ?? TimeProvider.System, static _ => { });
        await engine.StartAsync(cancellationToken).ConfigureAwait(false);
        return engine;
    }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _log($"This is a stand-in for {_handler.Engine}: it has no model, and answers by quoting the prompt.");
        _log($"Model {_settings.Model}{(_settings.Revision is { } revision ? $" at {revision}" : "")}, served as {string.Join(", ", _settings.ServedNames)}, context of {_handler.ContextLength} tokens");
        if (Directions.StartTime is var loading && loading > TimeSpan.Zero)
        {
            // The port opens when the model is loaded, as the real one's does.
            _opening = OpenLaterAsync(loading);
            return;
        }

        await OpenAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken kill)
    {
        _log("Shutting down");
        await _ending.CancelAsync().ConfigureAwait(false);
        await _opening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_server is { } server)
        {
            using var drained = CancellationTokenSource.CreateLinkedTokenSource(kill);
            using var limit = _settings.Drain is { } drain ? new CancellationTokenSource(drain, _time) : new CancellationTokenSource();
            await using var over = limit.Token.Register(drained.Cancel);
            await server.StopAsync(drained.Token).ConfigureAwait(false);
        }

        _exited.TrySetResult(0);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _opening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_server is { } server)
        {
            await server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
            await server.DisposeAsync().ConfigureAwait(false);
        }

        _exited.TrySetResult(0);
    }

    private static EngineStandIn Of(ContainerContext context)
    {
        var settings = EngineSettings.Read(EngineImages.Of(context.Image)!.Value, [.. context.Command.Skip(1), .. context.Args], context.Environment);
        return new(settings, new(context.Annotation), context.Listen(settings.Port), context.Time, context.WriteLine);
    }

    private async Task OpenLaterAsync(TimeSpan loading)
    {
        try
        {
            await Task.Delay(loading, _time, _ending.Token).ConfigureAwait(false);
            await OpenAsync(_ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Ended while it was loading.
        }
        catch (Exception fault)
        {
            _log($"error: {fault.Message}");
            _exited.TrySetResult(1);
        }
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        _server = await LoopbackServer.StartAsync(_listen, MostBodyBytes, _handler.HandleAsync, cancellationToken).ConfigureAwait(false);
        _log($"Listening at {_server.Address}");
    }
}
