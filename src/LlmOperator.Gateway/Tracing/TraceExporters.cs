using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Tracing;

/// <summary>
/// The receivers endpoints name, and the one the gateway itself was given: a spool each, made when it is first named. A receiver nobody names any more keeps its spool until the process ends, so that
/// it gets what waits for it.
/// </summary>
internal sealed partial class TraceExporters : IAsyncDisposable
{
    private const string OwnName = "gateway";

    private readonly GatewayOptions _options;
    private readonly IKubeClient _client;
    private readonly HttpClient _receivers;
    private readonly Resource _resource;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<Target, TraceSink?> _sinks = [];
    private readonly List<NamedWatch<Secret>> _watches = [];
    private readonly TraceSink? _own;

    public TraceExporters(GatewayOptions options, IKubeClient client, HttpClient receivers, Resource resource, TimeProvider time, ILogger logger)
    {
        (_options, _client, _receivers, _resource, _time, _logger) = (options, client, receivers, resource, time, logger);
        if (options.TraceEndpoint is { } address)
        {
            _own = Sink(OwnName, encoding: null);
            _own.SendTo(new() { Address = TraceService.Address(TraceService.Otlp, address) });
        }
    }

    /// <summary>All spools at this moment.</summary>
    public IReadOnlyList<SpoolReading> Readings => [.. All.Select(sink => sink.Reading)];

    private IReadOnlyList<TraceSink> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _sinks.Values.Prepend(_own).OfType<TraceSink>()];
            }
        }
    }

    /// <summary>Where spans of an endpoint go.</summary>
    public IReadOnlyList<TraceSink> Of(PromptTraceSpec trace)
    {
        if (!trace.Enabled)
        {
            return [];
        }

        var sinks = new List<TraceSink>(_own is null ? [] : [_own]);
        lock (_gate)
        {
            foreach (var exporter in trace.Exporters ?? [])
            {
                var target = new Target(exporter.Type, exporter.Url, exporter.Workspace, exporter.Project, exporter.ApiKeySecretRef?.Name, exporter.ApiKeySecretRef?.Key, exporter.Encoding);
                if (!_sinks.TryGetValue(target, out var sink) && Uri.TryCreate(exporter.Url, UriKind.Absolute, out var url))
                {
                    _sinks.Add(target, sink = Open($"{exporter.Name}-{target.Hash}", target, url));
                }

                if (sink is not null && !sinks.Contains(sink))
                {
                    sinks.Add(sink);
                }
            }
        }

        return sinks;
    }

    /// <summary>Announces spans of an endpoint where they will go.</summary>
    /// <returns>Where that is.</returns>
    public IReadOnlyList<TraceSink> Announce(PromptTraceSpec trace)
    {
        var sinks = Of(trace);
        foreach (var sink in sinks)
        {
            sink.Spool.Announce();
        }

        return sinks;
    }

    /// <summary>Tells what was announced.</summary>
    /// <param name="sinks">Where it was.</param>
    /// <param name="spans">Makes the spans, as many as there are; null when they are sampled out.</param>
    public void Tell(IReadOnlyList<TraceSink> sinks, Func<IEnumerable<Span>>? spans)
    {
        var encoded = new Dictionary<Type, byte[][]>();
        try
        {
            var made = sinks.Count > 0 && spans is not null ? spans().ToList() : [];
            foreach (var encoding in sinks.Select(static sink => sink.Encoding).DistinctBy(static encoding => encoding.GetType()))
            {
                encoded[encoding.GetType()] = [.. made.Select(encoding.Encode)];
            }
        }
        catch (Exception error)
        {
            Log.NotMade(_logger, error);
        }

        foreach (var sink in sinks)
        {
            if (spans is null)
            {
                sink.Spool.CountSampledOut();
            }
            else if (!encoded.TryGetValue(sink.Encoding.GetType(), out var bytes))
            {
                sink.Spool.CountDropped();
            }
            else
            {
                foreach (var (number, span) in bytes.Index())
                {
                    if (number > 0)
                    {
                        sink.Spool.Announce(); // The first one was before.
                    }

                    sink.Spool.TryAdd(span);
                }
            }
        }
    }

    /// <summary>Empties the spools.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken) => await Task.WhenAll(All.Select(sink => sink.FlushAsync(cancellationToken))).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var watch in _watches)
        {
            await watch.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var sink in All)
        {
            await sink.DisposeAsync().ConfigureAwait(false);
        }
    }

    private TraceSink Sink(string name, string? encoding) =>
        new(name, Spool.Open(Path.Combine(_options.SpoolDirectory, name), new() { MaxBytes = _options.SpoolBytes }), encoding == "json" ? new OtlpJson() : new OtlpProtobuf(), _resource, _receivers, _time, _logger);

    /// <summary>A receiver's spool; null when there can be none, which costs traces and no request.</summary>
    private TraceSink? Open(string name, Target target, Uri url)
    {
        try
        {
            var sink = Sink(name, target.Encoding);
            Connect(sink, target, url);
            return sink;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.NoSpool(_logger, name, error.Message);
            return null;
        }
    }

    private void Connect(TraceSink sink, Target target, Uri url)
    {
        var receiver = new Receiver { Address = TraceService.Address(target.Type, url) };
        if (target.SecretName is not { } secret)
        {
            sink.SendTo(receiver with { Headers = Headers(target, null) });
            return;
        }

        // Without the key nothing is sent; it waits.
        _watches.Add(new(
            _client,
            new(_options.Namespace, secret),
            found =>
            {
                if (found?.Data?.GetValueOrDefault(target.SecretKey!) is { Length: > 0 } key)
                {
                    sink.SendTo(receiver with { Headers = Headers(target, Encoding.UTF8.GetString(key).Trim()) });
                }
            },
            _time,
            _logger));
    }

    private static Dictionary<string, string> Headers(Target target, string? key) =>
        TraceService.Headers(target.Type, key, target.Workspace, target.Project)
            .Where(header => !header.Value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            .ToDictionary(header => header.Key, header => header.Value);

    private static partial class Log
    {
        [LoggerMessage(11, LogLevel.Error, "A trace could not be made and is dropped")]
        public static partial void NotMade(ILogger logger, Exception error);

        [LoggerMessage(25, LogLevel.Error, "Traces for {Exporter} are lost until the gateway starts anew: their spool cannot be opened: {Reason}")]
        public static partial void NoSpool(ILogger logger, string exporter, string reason);
    }

    /// <summary>What makes two exporters the same.</summary>
    private sealed record Target(string Type, string Url, string? Workspace, string? Project, string? SecretName, string? SecretKey, string? Encoding)
    {
        public string Hash => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', Type, Url, Workspace, Project, SecretName, SecretKey, Encoding))))[..8];
    }
}
