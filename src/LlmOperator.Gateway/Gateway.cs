using System.Diagnostics.Metrics;
using System.Net;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Balancing;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Prompts;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Requests;
using LlmOperator.Gateway.Serving;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Inference.Hosting;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Qdrant;
using LlmOperator.Telemetry;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway;

/// <summary>The gateway of a namespace, put together: may run in a process of its own or within another's.</summary>
public sealed partial class Gateway : IServerProgram
{
    private const string Name = "llm-gateway";

    // A ConfigMap, a RagIndex or a Secret the Role does not allow is no reason to serve nobody.
    private static readonly TimeSpan SomeTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastBytesTime = TimeSpan.FromSeconds(2);

    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly KubeClient? _ownClient;
    private readonly HttpMessageInvoker _engines;
    private readonly HttpMessageInvoker _services;
    private readonly HttpClient _receivers;
    private readonly Meter _meter = new("LlmOperator.Gateway");
    private readonly MetricsRegistry _registry;
    private readonly ClusterView _cluster;
    private readonly ApiKeys _keys;
    private readonly TemplateShelf _templates;
    private readonly TraceExporters _exporters;
    private readonly IndexView _indexes;
    private readonly NamedShelf<Secret> _secrets;
    private readonly NamedShelf<ConfigMap> _maps;
    private readonly QdrantClients _qdrant;
    private readonly Drain _drain = new();
    private readonly AdminPages _admin;
    private readonly TwoPortServer _server;
    private readonly CancellationTokenSource _watching = new();
    private long _started;
    private volatile bool _wasReady;
    private bool _isStopped;

    /// <summary>Creates a gateway that does not listen yet.</summary>
    /// <param name="options">Options.</param>
    /// <param name="loggers">Loggers.</param>
    /// <param name="time">Clock; the system's when null.</param>
    /// <param name="client">Client of the cluster; one by the options' kubeconfig when null.</param>
    /// <param name="receivers">How receivers of traces are reached; by network when null.</param>
    /// <param name="qdrant">How Qdrant servers are reached; by network when null.</param>
    /// <exception cref="ClusterConfigurationException">No cluster is configured.</exception>
    public Gateway(GatewayOptions options, ILoggerFactory loggers, TimeProvider? time = null, IKubeClient? client = null, HttpMessageHandler? receivers = null, Func<QdrantConnection, IQdrantClient>? qdrant = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        (_options, _time, _logger) = (options, time ?? TimeProvider.System, loggers.CreateLogger<Gateway>());
        client ??= _ownClient = new(new ClusterConfigurationLoader().Load(options.Kubeconfig), new KubeClientOptions { Time = _time });
        _engines = new(EngineConnections.Handler(options.ConnectTimeout, _time));
        _services = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null, ConnectTimeout = options.ConnectTimeout, PooledConnectionLifetime = TimeSpan.FromMinutes(5) });
        _receivers = new(receivers ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _registry = new(meter => ReferenceEquals(meter, _meter));
        var random = options.Seed is { } seed ? new Random(seed) : new Random();
        var bodies = new BodyReader(options);
        GatewayMetrics metrics = null!;
        _cluster = new(client, options.Namespace, name => new(_time, new(random.Next()), () => metrics.Ejected(name)), _time, _logger);
        metrics = new(_meter, () => _cluster.All, () => bodies.Held);
        ProcessMetrics.AddTo(_meter);
        var ragMetrics = new RagMetrics(_meter);
        _keys = new(client, options.Namespace, metrics, _time, _logger);
        _templates = new(client, options.Namespace, metrics, _time, _logger);
        _exporters = new(options, client, _receivers, ResourceOf(options), _time, _logger);
        _indexes = new(client, options.Namespace, _time, _logger);
        _secrets = new(client, options.Namespace, _time, _logger);
        _maps = new(client, options.Namespace, _time, _logger);
        var figures = new SpoolMetrics(_meter, "llm_gateway", () => _exporters.Readings);
        var memory = new TraceMemory();
        var tracer = new RequestTracer(_exporters, memory, _time);
        var end = new RequestEnd(tracer, metrics);
        var calls = new EndpointCalls(options, _engines, _services);
        _qdrant = new(_secrets, _maps, qdrant, options.ConnectTimeout, _time);
        var tokens = new TokenCounter(calls, _time);
        var embedder = new Embedder(_cluster, _indexes, calls);
        var retriever = new Retriever(_indexes, new HelperModel(_cluster, calls, _secrets), embedder, new Reranker(_cluster, calls), new(_qdrant), _time, _logger);
        var handler = new GatewayHandler(
            options,
            _drain,
            WhyNotSynced,
            _keys,
            bodies,
            new(_cluster, _templates),
            new(options, _engines, metrics, () => _keys.AreAsked, _time, _logger),
            new(_cluster),
            new(options, _cluster, bodies, _exporters, memory, new(_cluster, _engines, _time), metrics, _time, _logger),
            new(options, _cluster, bodies, new(retriever, _indexes, _templates, tokens, _time), new(_indexes, calls), new(_indexes, tokens), tracer, end, ragMetrics, _time, _logger),
            new(options, _indexes, new(_qdrant, embedder, _logger), new(_cluster, _exporters, _time), ragMetrics, _logger),
            tracer,
            end,
            metrics,
            _logger);
        _admin = new(_registry, figures.Read, _ => Task.FromResult(_drain.IsReady ? WhyNotSynced() : "shutting down"));

        // Bodies are bounded where they are read, so that what is too large gets an answer and not a closed connection.
        _server = new(options.Listen, options.Admin, null, handler.AnswerAsync, _admin.AnswerAsync, loggers);
        _cluster.Changed = () =>
        {
            _templates.Watch([.. _cluster.All.Select(endpoint => endpoint.Facts.Template).OfType<Api.Common.DataKeyReference>().Distinct()]);
            WatchNamed();
        };
        _indexes.Changed = WatchNamed;
    }

    /// <summary>Where clients are answered, once it listens.</summary>
    public IPEndPoint Address => _server.Clients;

    /// <summary>Where metrics and health are, once it listens.</summary>
    public IPEndPoint Admin => _server.Admin;

    /// <summary>Whether requests may come: everything that was there at the start is known, and it is not stopping.</summary>
    public bool IsReady => _drain.IsReady && WhyNotSynced() is null;

    /// <summary>Begins to watch the cluster and to listen.</summary>
    /// <exception cref="IOException">An address is taken or not this machine's.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _server.StartAsync(cancellationToken).ConfigureAwait(false);
        _started = _time.GetTimestamp();
        _cluster.Start(_watching.Token);
        _indexes.Start(_watching.Token);
        Log.Listening(_logger, _options.Namespace, Address, Admin);
    }

    /// <summary>Goes in order: readiness off, refuse what is new after everybody has seen that, let what is running end, empty the spools. What remains stays on the disk.</summary>
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
        await Task.Delay(_options.ShutdownDelay, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var drained = _drain.CloseAsync();
        await drained.WaitAsync(_options.ShutdownGrace, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Answers that have ended may still be on their way out; those that have not are broken off.
        using var last = new CancellationTokenSource(drained.IsCompleted ? LastBytesTime : TimeSpan.Zero, _time);
        await _server.StopAsync(last.Token).ConfigureAwait(false);
        await _watching.CancelAsync().ConfigureAwait(false);
        await _cluster.StoppedAsync().ConfigureAwait(false);
        await _indexes.StoppedAsync().ConfigureAwait(false);
        using var over = new CancellationTokenSource(_options.FlushTime, _time);
        await _exporters.FlushAsync(over.Token).ConfigureAwait(false);
        Log.Stopped(_logger);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_isStopped)
        {
            await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        }

        await _server.DisposeAsync().ConfigureAwait(false);
        await _keys.DisposeAsync().ConfigureAwait(false);
        await _templates.DisposeAsync().ConfigureAwait(false);
        await _secrets.DisposeAsync().ConfigureAwait(false);
        await _maps.DisposeAsync().ConfigureAwait(false);
        await _exporters.DisposeAsync().ConfigureAwait(false);
        _admin.Dispose();
        _meter.Dispose();
        _registry.Dispose();
        _engines.Dispose();
        _services.Dispose();
        _qdrant.Dispose();
        _receivers.Dispose();
        _ownClient?.Dispose();
        _watching.Dispose();
    }

    /// <summary>What of the cluster is not known yet; null when all is, and from then on: without the API server, what was known last holds.</summary>
    private string? WhyNotSynced()
    {
        if (_wasReady)
        {
            return null;
        }

        var reason = !_cluster.HasSynced ? "endpoints and their pods are not read yet"
            : !_keys.HasSynced ? $"Secret {ApiKeys.SecretName} is not read yet"
            : _time.GetElapsedTime(_started) >= SomeTime ? null
            : !_cluster.KnowsRevisions ? "revisions of pods are not read yet"
            : !_templates.HasSynced ? "prompt templates are not read yet"
            : !_indexes.HasSynced || !_secrets.HasSynced || !_maps.HasSynced ? "RagIndexes, models and what they name are not read yet"
            : null;
        _wasReady = reason is null;
        return reason;
    }

    /// <summary>Watches what holds the keys of helpers, and the keys and authorities of Qdrant servers.</summary>
    private void WatchNamed()
    {
        var indexes = _indexes.All.ToList();
        _secrets.Watch(_cluster.All.Select(endpoint => endpoint.Facts.Rag?.Helper?.ApiKeySecretRef?.Name)
            .Concat(indexes.SelectMany(index => new[] { index.ApiKey?.Name, index.Tls?.CaSecretRef?.Name }))
            .OfType<string>().ToHashSet(StringComparer.Ordinal));
        _maps.Watch(indexes.Select(index => index.Tls?.CaConfigMapRef?.Name).OfType<string>().ToHashSet(StringComparer.Ordinal));
    }

    private static Resource ResourceOf(GatewayOptions options)
    {
        var attributes = new List<SpanAttribute> { SpanAttribute.Of("service.name", Name), SpanAttribute.Of("service.namespace", options.Namespace), SpanAttribute.Of("k8s.namespace.name", options.Namespace) };
        if (Environment.GetEnvironmentVariable("POD_NAME") is { Length: > 0 } pod)
        {
            attributes.Add(SpanAttribute.Of("service.instance.id", pod));
            attributes.Add(SpanAttribute.Of("k8s.pod.name", pod));
        }

        return new(attributes, "llm-operator/gateway", typeof(Gateway).Assembly.GetName().Version!.ToString(3));
    }

    private static partial class Log
    {
        [LoggerMessage(21, LogLevel.Information, "llm-gateway for namespace {Namespace} listens at {Address}; metrics and health at {Admin}")]
        public static partial void Listening(ILogger logger, string @namespace, IPEndPoint address, IPEndPoint admin);

        [LoggerMessage(22, LogLevel.Information, "Stopping: not ready any more, running answers end")]
        public static partial void Stopping(ILogger logger);

        [LoggerMessage(23, LogLevel.Information, "Stopped")]
        public static partial void Stopped(ILogger logger);
    }
}
