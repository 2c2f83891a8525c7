using LlmOperator.Kubernetes.Telemetry;

namespace LlmOperator.Kubernetes.Queues;

/// <summary>
/// Keys to be looked at, with the semantics of client-go's work queue: a key is in at most one worker's hands, any number of adds while it waits
/// collapse into one run, and an add while it is in process leads to exactly one more run afterwards.
/// </summary>
/// <remarks>
/// One lock guards everything; it is held for a few heap steps and never while foreign code runs. Waiting costs nothing: idle workers are
/// pooled value task sources, delayed keys stand in a heap behind one timer armed for the earliest of them.
/// Ready keys go out by priority, then arrival. A re-add raises the priority and never lowers it; an earlier time replaces a later one, and ready beats waiting.
/// </remarks>
public sealed class WorkQueue : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly RetryBackoff _backoff;
    private readonly QueueMetrics? _metrics;
    private readonly Dictionary<ObjectKey, WorkEntry> _entries = [];
    private readonly Stack<WorkEntry> _spare = [];
    private readonly EntryHeap _ready = new(static (a, b) => a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority) : a.Sequence.CompareTo(b.Sequence));
    private readonly EntryHeap _waiting = new(static (a, b) => a.ReadyAt != b.ReadyAt ? a.ReadyAt.CompareTo(b.ReadyAt) : a.Sequence.CompareTo(b.Sequence));
    private readonly WaiterQueue _idle = new();
    private readonly ITimer _timer;
    private long _timerDue = long.MaxValue;
    private long _sequence;
    private int _processing;
    private bool _stopped;
    private TaskCompletionSource? _drained;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="time">Clock of delays and durations.</param>
    /// <param name="backoff">Delays of <see cref="AddRateLimited"/>.</param>
    /// <param name="metrics">Where depth, adds, retries and durations are counted; none when absent.</param>
    public WorkQueue(TimeProvider time, RetryBackoff? backoff = null, QueueMetrics? metrics = null)
    {
        _time = time;
        _backoff = backoff ?? new RetryBackoff();
        _metrics = metrics;
        _timer = time.CreateTimer(static state => ((WorkQueue)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        metrics?.Observe(this);
    }

    /// <summary>Keys ready to be handed out.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _ready.Count;
            }
        }
    }

    /// <summary>The key is to be looked at as soon as a worker is free.</summary>
    public void Add(ObjectKey key, int priority = WorkPriority.Normal)
    {
        lock (_gate)
        {
            AddLocked(key, TimeSpan.Zero, priority);
        }
    }

    /// <summary>The key is to be looked at after a delay. Of two delays the earlier counts; a key that is ready stays ready.</summary>
    public void AddAfter(ObjectKey key, TimeSpan delay, int priority = WorkPriority.Normal)
    {
        lock (_gate)
        {
            CountRetry(delay);
            AddLocked(key, delay, priority);
        }
    }

    /// <summary>The key failed and is to be looked at again after its own exponential delay.</summary>
    /// <returns>The delay.</returns>
    public TimeSpan AddRateLimited(ObjectKey key, int priority = WorkPriority.Normal)
    {
        lock (_gate)
        {
            var delay = _backoff.Next(key);
            CountRetry(delay);
            AddLocked(key, delay, priority);
            return delay;
        }
    }

    /// <summary>Ends the key's row of failures. It does not take the key out of the queue.</summary>
    public void Forget(ObjectKey key)
    {
        lock (_gate)
        {
            _backoff.Forget(key);
        }
    }

    /// <summary>Failures in a row of a key.</summary>
    public int Failures(ObjectKey key)
    {
        lock (_gate)
        {
            return _backoff.Failures(key);
        }
    }

    /// <summary>The next key, once there is one; null when the queue was shut down. Each key is to be given back with <see cref="Done"/>.</summary>
    public ValueTask<WorkItem?> GetAsync()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return new ValueTask<WorkItem?>((WorkItem?)null);
            }

            return _ready.Count > 0 ? new ValueTask<WorkItem?>(Take(_ready.Pop())) : _idle.Enqueue();
        }
    }

    /// <summary>The worker is done with the key; if it was added meanwhile it becomes ready now.</summary>
    public void Done(ObjectKey key)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var entry) || !entry.Processing)
            {
                return;
            }

            entry.Processing = false;
            _processing--;
            _metrics?.Worked(_time.GetElapsedTime(entry.StartedAt));
            if (entry.Pending == Pending.Ready)
            {
                Offer(entry);
            }
            else
            {
                Release(entry);
            }

            if (_processing == 0)
            {
                _drained?.TrySetResult();
            }
        }
    }

    /// <summary>Nothing more is taken in or handed out, and idle workers are woken. What is in hand can be finished; the backlog is dropped.</summary>
    public void ShutDown()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _stopped = true;
            _timer.Dispose();
            while (_idle.TryDequeue(out var waiter))
            {
                waiter.Complete(null);
            }
        }
    }

    /// <summary>Shuts down and completes when every key handed out has been given back.</summary>
    public Task ShutDownWithDrainAsync(CancellationToken cancellationToken = default)
    {
        ShutDown();
        lock (_gate)
        {
            if (_processing == 0)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ShutDown();
        _metrics?.Forget();
    }

    /// <summary>Ready keys by priority.</summary>
    internal void CountByPriority(Dictionary<int, int> counts)
    {
        lock (_gate)
        {
            foreach (var entry in _ready.Items)
            {
                counts[entry.Priority] = counts.GetValueOrDefault(entry.Priority) + 1;
            }
        }
    }

    /// <summary>Time since the keys in process were taken: of all together, and of the oldest.</summary>
    internal (TimeSpan Sum, TimeSpan Longest) Unfinished()
    {
        lock (_gate)
        {
            var (sum, longest) = (TimeSpan.Zero, TimeSpan.Zero);
            if (_processing > 0)
            {
                foreach (var entry in _entries.Values)
                {
                    if (entry.Processing)
                    {
                        var age = _time.GetElapsedTime(entry.StartedAt);
                        sum += age;
                        longest = age > longest ? age : longest;
                    }
                }
            }

            return (sum, longest);
        }
    }

    private void AddLocked(ObjectKey key, TimeSpan delay, int priority)
    {
        if (_stopped)
        {
            return;
        }

        if (!_entries.TryGetValue(key, out var entry))
        {
            entry = _spare.TryPop(out var spare) ? spare : new WorkEntry();
            entry.Key = key;
            _entries.Add(key, entry);
        }

        // A key in process keeps no priority of its former run; a pending one keeps the highest it was added with.
        entry.Priority = entry.Pending == Pending.No ? priority : Math.Max(entry.Priority, priority);
        if (entry.Pending == Pending.Ready)
        {
            if (entry.HeapIndex >= 0)
            {
                _ready.Update(entry);
            }
        }
        else if (delay <= TimeSpan.Zero)
        {
            MakeReady(entry);
        }
        else
        {
            Wait(entry, delay);
        }
    }

    private void Wait(WorkEntry entry, TimeSpan delay)
    {
        var readyAt = _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);
        if (entry.Pending == Pending.Waiting)
        {
            if (readyAt >= entry.ReadyAt)
            {
                return;
            }

            _waiting.Remove(entry);
        }

        entry.Pending = Pending.Waiting;
        entry.ReadyAt = readyAt;
        entry.Sequence = _sequence++;
        _waiting.Push(entry);
        ArmTimer();
    }

    private void MakeReady(WorkEntry entry)
    {
        if (entry.Pending == Pending.Waiting)
        {
            _waiting.Remove(entry);
        }

        entry.Pending = Pending.Ready;
        entry.Sequence = _sequence++;
        entry.ReadySince = _time.GetTimestamp();
        _metrics?.Added();
        if (!entry.Processing)
        {
            Offer(entry);
        }
    }

    private void Offer(WorkEntry entry)
    {
        if (!_stopped && _idle.TryDequeue(out var waiter))
        {
            waiter.Complete(Take(entry));
        }
        else
        {
            _ready.Push(entry);
        }
    }

    private WorkItem Take(WorkEntry entry)
    {
        entry.Pending = Pending.No;
        entry.Processing = true;
        entry.StartedAt = _time.GetTimestamp();
        _processing++;
        _metrics?.Queued(_time.GetElapsedTime(entry.ReadySince, entry.StartedAt));
        return new WorkItem(entry.Key, entry.Priority);
    }

    private void Release(WorkEntry entry)
    {
        if (entry.Pending != Pending.No)
        {
            return;
        }

        _entries.Remove(entry.Key);
        if (_spare.Count < 256)
        {
            entry.Key = default;
            _spare.Push(entry);
        }
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            _timerDue = long.MaxValue;
            if (_stopped)
            {
                return;
            }

            var now = _time.GetTimestamp();
            while (_waiting.Count > 0 && _waiting.Peek().ReadyAt <= now)
            {
                MakeReady(_waiting.Peek());
            }

            ArmTimer();
        }
    }

    private void ArmTimer()
    {
        if (_waiting.Count == 0 || _waiting.Peek().ReadyAt >= _timerDue)
        {
            return;
        }

        _timerDue = _waiting.Peek().ReadyAt;
        var delay = _time.GetElapsedTime(_time.GetTimestamp(), _timerDue);

        // Timers count whole milliseconds: round up, or the timer fires early and is armed for nothing again and again.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(delay.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    private void CountRetry(TimeSpan delay)
    {
        if (!_stopped && delay > TimeSpan.Zero)
        {
            _metrics?.Retried();
        }
    }
}
