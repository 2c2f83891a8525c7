using LlmOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.Kubernetes.Informers;

/// <summary>The informers of a process: whoever asks for the same kind and scope gets the same cache on the same watch.</summary>
public sealed class InformerSet
{
    private readonly IKubeClient _client;
    private readonly InformerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly Lock _gate = new();
    private readonly Dictionary<(Type, InformerScope), IInformer> _informers = [];
    private readonly List<Task> _running = [];
    private CancellationToken? _runUntil;

    /// <summary>Creates an empty set; informers come into being as they are asked for.</summary>
    public InformerSet(IKubeClient client, InformerOptions? options = null, TimeProvider? time = null, ILogger? logger = null)
    {
        _client = client;
        _options = options ?? new InformerOptions();
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
        _random = _options.Seed is { } seed ? new Random(seed) : new Random();
    }

    /// <summary>The informers there are.</summary>
    public IReadOnlyList<IInformer> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _informers.Values];
            }
        }
    }

    /// <summary>True when every informer has synced.</summary>
    public bool HasSynced => All.All(informer => informer.HasSynced);

    /// <summary>The informer of a kind, made on first use and started at once when the set is running.</summary>
    public Informer<T> Get<T>(InformerScope? scope = null)
        where T : class, IKubeObject<T>
    {
        scope ??= new InformerScope();
        scope = T.Resource.Namespaced ? scope with { Namespace = scope.Namespace ?? _options.Namespace } : scope with { Namespace = null };
        lock (_gate)
        {
            if (_informers.TryGetValue((typeof(T), scope), out var known))
            {
                return (Informer<T>)known;
            }

            var informer = new Informer<T>(_client, scope, _options, _time, new Random(_random.Next()), _logger);
            _informers.Add((typeof(T), scope), informer);
            if (_runUntil is { } token)
            {
                _running.Add(informer.RunAsync(token));
            }

            return informer;
        }
    }

    /// <summary>Starts all informers, those of the future included. Returns at once; they end with the token.</summary>
    public void Start(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_runUntil is not null)
            {
                throw new InvalidOperationException("the informers are running already");
            }

            _runUntil = cancellationToken;
            foreach (var informer in _informers.Values)
            {
                _running.Add(informer.RunAsync(cancellationToken));
            }
        }
    }

    /// <summary>Completes when every informer there is at this moment has synced.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken = default)
        => Task.WhenAll(All.Select(informer => informer.Synced)).WaitAsync(cancellationToken);

    /// <summary>Completes when all loops have ended after the token of <see cref="Start"/> was cancelled.</summary>
    public Task StoppedAsync()
    {
        lock (_gate)
        {
            return Task.WhenAll(_running);
        }
    }
}
