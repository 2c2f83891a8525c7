using LlmOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Informers;

/// <summary>
/// A cache of one kind, kept current by one watch: the place to read objects from, and the source of the changes that lead to reconciles.
/// Reads may lag behind our own writes; deterministic names and server-side apply make that harmless.
/// </summary>
/// <typeparam name="T">The kind.</typeparam>
public sealed partial class Informer<T> : IInformer
    where T : class, IKubeObject<T>
{
    private readonly ObjectStore<T> _store = new();
    private readonly Reflector<T> _reflector;
    private readonly InformerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _demanded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _dispatch = new();
    private Action<ObjectEvent>[] _handlers = [];
    private Func<T, T>? _transform;

    internal Informer(IKubeClient client, InformerScope scope, InformerOptions options, TimeProvider time, Random random, ILogger logger)
    {
        _options = options;
        _time = time;
        _random = random;
        _logger = logger;
        Scope = scope;
        _reflector = new Reflector<T>(client, scope, options, this, time, random, logger);
        AddIndex(Indexes.OwnerUid, Indexes.ByOwnerUid);
    }

    /// <inheritdoc/>
    public ResourceType Resource => T.Resource;

    /// <summary>Which objects are held.</summary>
    public InformerScope Scope { get; }

    /// <inheritdoc/>
    public bool HasSynced => Scope.OnDemand || _synced.Task.IsCompleted;

    /// <inheritdoc/>
    public Task Synced => Scope.OnDemand ? Task.CompletedTask : _synced.Task;

    /// <summary>Whether the server had the kind when it was last asked; false before the first answer, and when an optional kind is missing.</summary>
    public bool IsServed { get; private set; }

    /// <summary>Objects held.</summary>
    public int Count => _store.Count;

    /// <summary>The cached object; null when there is none.</summary>
    public T? Get(ObjectKey key) => _store.TryGet(key, out var obj) ? obj : null;

    /// <summary>All cached objects, or those of a namespace.</summary>
    public IReadOnlyList<T> List(string? ns = null) => _store.List(ns);

    /// <summary>The objects an index holds under a value.</summary>
    public IReadOnlyList<T> ByIndex(string index, string value) => _store.ByIndex(index, value);

    /// <summary>The objects that name this uid among their owners.</summary>
    public IReadOnlyList<T> OwnedBy(string uid) => _store.ByIndex(Indexes.OwnerUid, uid);

    /// <summary>Adds a named index; a name that exists already stays as it is.</summary>
    /// <param name="name">Name for <see cref="ByIndex"/>.</param>
    /// <param name="values">The values under which an object is to be found; must depend on the object alone.</param>
    public Informer<T> AddIndex(string name, Func<T, IEnumerable<string>> values)
    {
        _store.AddIndex(name, values);
        return this;
    }

    /// <summary>Trims each object before it is kept. Several transforms run one after the other; set them before the informer starts.</summary>
    public Informer<T> Transform(Func<T, T> transform)
    {
        var before = _transform;
        _transform = before is null ? transform : obj => transform(before(obj));
        return this;
    }

    /// <inheritdoc/>
    public void AddHandler(Action<ObjectEvent> handler)
    {
        lock (_dispatch)
        {
            foreach (var obj in _store.List(null))
            {
                Call(handler, new ObjectEvent(ObjectEventType.Added, obj, Initial: true));
            }

            _handlers = [.. _handlers, handler];
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Whoever starts an informer may hold a lock; nothing of the first attempt runs under it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var period = _options.Resync > TimeSpan.Zero ? _options.Resync * (0.9 + (0.2 * _random.NextDouble())) : Timeout.InfiniteTimeSpan;
        using var resync = _time.CreateTimer(static state => ((Informer<T>)state!).Resync(), this, period, period);
        if (Scope.OnDemand)
        {
            await _demanded.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!cancellationToken.IsCancellationRequested)
        {
            await _reflector.RunAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Prepares a fresh object for keeping.</summary>
    /// <summary>Has the kind watched from now on, where the scope leaves that to demand, and waits until the cache is filled.</summary>
    public Task DemandAsync(CancellationToken cancellationToken)
    {
        _demanded.TrySetResult();
        return _synced.Task.WaitAsync(cancellationToken);
    }

    internal T Prepare(T obj) => _transform is null ? obj : _transform(obj);

    /// <summary>An object is new or changed.</summary>
    internal void Upsert(T obj)
    {
        lock (_dispatch)
        {
            Upsert(ObjectKey.Of(obj), obj, initial: false);
        }
    }

    /// <summary>An object is gone.</summary>
    internal void Remove(T obj)
    {
        lock (_dispatch)
        {
            var known = _store.Remove(ObjectKey.Of(obj));
            if (known is not null)
            {
                Tell(new ObjectEvent(ObjectEventType.Deleted, obj));
            }
        }
    }

    /// <summary>The complete set as of a list: what is no longer in it was deleted while nobody watched.</summary>
    /// <param name="objects">The set.</param>
    /// <param name="served">False when the set is empty because the server does not have the kind.</param>
    internal void Replace(Dictionary<ObjectKey, T> objects, bool served = true)
    {
        lock (_dispatch)
        {
            IsServed = served;
            var gone = new List<ObjectKey>();
            foreach (var key in _store.Keys)
            {
                if (!objects.ContainsKey(key))
                {
                    gone.Add(key);
                }
            }

            foreach (var key in gone)
            {
                if (_store.Remove(key) is { } last)
                {
                    Tell(new ObjectEvent(ObjectEventType.Deleted, last, FinalStateUnknown: true));
                }
            }

            var initial = !_synced.Task.IsCompleted;
            foreach (var (key, obj) in objects)
            {
                Upsert(key, obj, initial);
            }

            _synced.TrySetResult();
        }
    }

    private void Upsert(ObjectKey key, T obj, bool initial)
    {
        if (_store.TryGet(key, out var known))
        {
            if (known.Metadata.ResourceVersion is { } version && version == obj.Metadata.ResourceVersion)
            {
                return;
            }

            if (known.Metadata.Uid != obj.Metadata.Uid)
            {
                // Deleted and made anew under the same name while nobody watched: two changes, not one update.
                _store.Remove(key);
                Tell(new ObjectEvent(ObjectEventType.Deleted, known, FinalStateUnknown: true));
                known = null;
            }
        }

        _store.Set(key, obj);
        Tell(known is null
            ? new ObjectEvent(ObjectEventType.Added, obj, Initial: initial)
            : new ObjectEvent(ObjectEventType.Updated, obj, known, Initial: initial));
    }

    private void Resync()
    {
        lock (_dispatch)
        {
            foreach (var obj in _store.List(null))
            {
                Tell(new ObjectEvent(ObjectEventType.Updated, obj, obj));
            }
        }
    }

    private void Tell(ObjectEvent change)
    {
        foreach (var handler in _handlers)
        {
            Call(handler, change);
        }
    }

    private void Call(Action<ObjectEvent> handler, ObjectEvent change)
    {
        try
        {
            handler(change);
        }
        catch (Exception error)
        {
            // One mapping function at fault must not end the watch all others live on.
            Log.HandlerFailed(_logger, T.Resource.Plural, ObjectKey.Of(change.Object), error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A handler of {Resource} failed on {Object}; the change is lost to it until the next one or a resync")]
        public static partial void HandlerFailed(ILogger logger, string resource, ObjectKey @object, Exception error);
    }
}
