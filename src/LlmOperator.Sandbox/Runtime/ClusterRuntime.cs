using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.Sandbox.Runtime;

/// <summary>
/// Runs the sandbox's controllers: commits enqueue keys, one worker takes them in order, delays are timers of the cluster's
/// clock. The same commits give the same order of work, whether it runs as a task or is stepped by a test.
/// </summary>
internal sealed partial class ClusterRuntime : IAsyncDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Queue<Work> _queue = new();
    private readonly HashSet<Work> _queued = [];
    private readonly PriorityQueue<(Work Work, DateTimeOffset Due), (DateTimeOffset Due, long Order)> _delayed = new();
    private readonly Dictionary<Work, DateTimeOffset> _dues = [];
    private readonly Dictionary<Work, int> _failures = [];
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly List<Controller> _controllers = [];
    private readonly List<ObjectIndex> _indexes = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private DateTimeOffset _armed = DateTimeOffset.MaxValue;
    private IDisposable? _subscription;
    private Task? _loop;
    private long _order;

    /// <summary>Creates a runtime without controllers.</summary>
    public ClusterRuntime(ICluster cluster, ILogger? logger = null)
    {
        Cluster = cluster;
        _logger = logger ?? NullLogger.Instance;
        _timer = cluster.Time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        PodsByOwner = AddIndex(Resources.Pods, OwnerUid);
        PodsByNode = AddIndex(Resources.Pods, pod => pod.Text("spec", "nodeName") is { Length: > 0 } node ? [node] : []);
        PodsByLabel = AddIndex(Resources.Pods, LabelKeys);
        ReplicaSetsByOwner = AddIndex(Resources.ReplicaSets, OwnerUid);
    }

    /// <summary>The objects.</summary>
    public ICluster Cluster { get; }

    /// <summary>Pods by uid of their controller.</summary>
    public ObjectIndex PodsByOwner { get; }

    /// <summary>Pods by node.</summary>
    public ObjectIndex PodsByNode { get; }

    /// <summary>Pods by <see cref="LabelKey"/>.</summary>
    public ObjectIndex PodsByLabel { get; }

    /// <summary>ReplicaSets by uid of their controller.</summary>
    public ObjectIndex ReplicaSetsByOwner { get; }

    /// <summary>When the next delayed key is due; null when none is.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_gate)
            {
                return _dues.Count == 0 ? null : _dues.Values.Min();
            }
        }
    }

    /// <summary>Key of <see cref="PodsByLabel"/>: a label within a namespace; without label, all pods of the namespace.</summary>
    public static string LabelKey(string? ns, string? label = null, string? value = null) => label is null ? $"{ns}/" : $"{ns}/{label}={value}";

    /// <summary>
    /// Pods of a namespace that carry labels and fit a selector; none when there is no selector. Looks only at the pods that share
    /// the rarest of the labels: a thousand workloads may have most of theirs in common.
    /// </summary>
    public IEnumerable<JsonObject> PodsMatching(string? ns, JsonObject? matchLabels, LabelSelector? selector)
    {
        if (selector is null)
        {
            return [];
        }

        var key = LabelKey(ns);
        var fewest = int.MaxValue;
        foreach (var (label, value) in matchLabels ?? [])
        {
            var candidate = LabelKey(ns, label, value.Text());
            var count = PodsByLabel.Count(candidate);
            if (count < fewest)
            {
                (key, fewest) = (candidate, count);
            }
        }

        return PodsByLabel.Get(key).Where(selector.Matches);
    }

    /// <summary>Adds a controller; before <see cref="Begin"/>.</summary>
    public T Add<T>(T controller)
        where T : Controller
    {
        _controllers.Add(controller);
        return controller;
    }

    /// <summary>Adds an index; before <see cref="Begin"/>.</summary>
    public ObjectIndex AddIndex(ResourceName resource, Func<JsonObject, IEnumerable<string>> keys)
    {
        var index = new ObjectIndex(resource, keys);
        _indexes.Add(index);
        return index;
    }

    /// <summary>Takes in what exists and follows what changes. Call before others write to the cluster.</summary>
    public void Begin()
    {
        if (_subscription is not null)
        {
            return;
        }

        foreach (var kind in Cluster.Kinds.ToList())
        {
            foreach (var obj in Cluster.List(kind.Name))
            {
                Observe(new ClusterEvent(WatchEventType.Added, obj.RefIn(kind.Name), obj, null));
            }
        }

        _subscription = Cluster.Subscribe(Observe);
    }

    /// <summary>Begins and works in the background.</summary>
    public void Start()
    {
        Begin();
        _loop ??= Task.Run(Loop);
    }

    /// <summary>Ends the background work after the key at hand.</summary>
    public async Task StopAsync()
    {
        _subscription?.Dispose();
        await _stopping.CancelAsync();
        if (_loop is { } loop)
        {
            await loop;
        }

        await _timer.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        lock (_gate)
        {
            _stopping.Dispose();
            _signal.Dispose();
        }
    }

    /// <summary>Works on the calling thread until nothing is due.</summary>
    /// <returns>Number of keys handled.</returns>
    public int RunUntilIdle()
    {
        Begin();
        var count = 0;
        while (Take() is { } work)
        {
            Handle(work);
            count++;
        }

        return count;
    }

    /// <summary>Asks for a key soon.</summary>
    public void Enqueue(Controller controller, ObjectRef key)
    {
        lock (_gate)
        {
            var work = new Work(controller, key);
            if (!_queued.Add(work))
            {
                return;
            }

            _queue.Enqueue(work);
        }

        Wake();
    }

    /// <summary>Asks for a key after a time; the earliest wish wins.</summary>
    public void EnqueueAfter(Controller controller, ObjectRef key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Enqueue(controller, key);
            return;
        }

        var due = Cluster.Time.GetUtcNow() + delay;
        lock (_gate)
        {
            var work = new Work(controller, key);
            if (_dues.TryGetValue(work, out var present) && present <= due)
            {
                return;
            }

            _dues[work] = due;
            _delayed.Enqueue((work, due), (due, _order++));
            Arm();
        }
    }

    private static IEnumerable<string> OwnerUid(JsonObject obj) => obj.ControllerRef()?.Text("uid") is { } uid ? [uid] : [];

    private static IEnumerable<string> LabelKeys(JsonObject obj)
    {
        var ns = obj.Namespace();
        yield return LabelKey(ns);
        foreach (var (label, value) in obj.Object("metadata", "labels") ?? [])
        {
            yield return LabelKey(ns, label, value.Text());
        }
    }

    private void Observe(ClusterEvent change)
    {
        foreach (var index in _indexes)
        {
            if (index.Resource == change.Ref.Resource)
            {
                index.Observe(change);
            }
        }

        foreach (var controller in _controllers)
        {
            controller.Observe(change);
        }
    }

    private async Task Loop()
    {
        while (!_stopping.IsCancellationRequested)
        {
            if (Take() is { } work)
            {
                Handle(work);
                continue;
            }

            try
            {
                await _signal.WaitAsync(_stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private Work? Take()
    {
        lock (_gate)
        {
            var now = Cluster.Time.GetUtcNow();
            while (_delayed.TryPeek(out var next, out _) && next.Due <= now)
            {
                _delayed.Dequeue();

                // A wish that an earlier one replaced stays in the heap until its turn, and counts for nothing.
                if (_dues.TryGetValue(next.Work, out var due) && due == next.Due)
                {
                    _dues.Remove(next.Work);
                    if (_queued.Add(next.Work))
                    {
                        _queue.Enqueue(next.Work);
                    }
                }
            }

            Arm();
            if (!_queue.TryDequeue(out var work))
            {
                return null;
            }

            _queued.Remove(work);
            return work;
        }
    }

    private void Arm()
    {
        var due = _delayed.TryPeek(out var next, out _) ? next.Due : DateTimeOffset.MaxValue;
        if (due == _armed)
        {
            return;
        }

        _armed = due;
        var wait = due - Cluster.Time.GetUtcNow();
        _timer.Change(due == DateTimeOffset.MaxValue ? Timeout.InfiniteTimeSpan : wait < TimeSpan.Zero ? TimeSpan.Zero : wait, Timeout.InfiniteTimeSpan);
    }

    private void Wake()
    {
        lock (_gate)
        {
            // A timer may fire a little before its moment: whoever wakes up looks at the clock and arms it anew.
            _armed = DateTimeOffset.MinValue;
            if (!_stopping.IsCancellationRequested && _signal.CurrentCount == 0)
            {
                _signal.Release();
            }
        }
    }

    private void Handle(Work work)
    {
        try
        {
            work.Controller.Reconcile(work.Key);
            _failures.Remove(work);
        }
        catch (Exception exception)
        {
            var failures = _failures[work] = _failures.GetValueOrDefault(work) + 1;
            var delay = TimeSpan.FromTicks(Math.Min(FirstRetry.Ticks << Math.Min(failures - 1, 20), LastRetry.Ticks));
            if (exception is StatusException refused)
            {
                LogRefused(_logger, work.Controller.Name, work.Key, refused.Message, delay);
            }
            else
            {
                LogFault(_logger, exception, work.Controller.Name, work.Key, delay);
            }

            EnqueueAfter(work.Controller, work.Key, delay);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Controller} {Key}: {Reason}; again in {Delay}")]
    private static partial void LogRefused(ILogger logger, string controller, ObjectRef key, string reason, TimeSpan delay);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Controller} {Key} failed; again in {Delay}")]
    private static partial void LogFault(ILogger logger, Exception exception, string controller, ObjectRef key, TimeSpan delay);

    private readonly record struct Work(Controller Controller, ObjectRef Key);
}
