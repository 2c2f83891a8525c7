using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;

namespace LlmOperator.Kubernetes.Queues;

/// <summary>Idle workers, first come first served. Waiters are pooled: a worker that waits allocates nothing. Guarded by the work queue's lock.</summary>
internal sealed class WaiterQueue
{
    private readonly Queue<Waiter> _waiting = [];
    private readonly Stack<Waiter> _spare = [];
    private readonly Lock _spareGate = new();

    public ValueTask<WorkItem?> Enqueue()
    {
        Waiter? waiter;
        lock (_spareGate)
        {
            _spare.TryPop(out waiter);
        }

        waiter ??= new Waiter(this);
        _waiting.Enqueue(waiter);
        return waiter.Task;
    }

    public bool TryDequeue([NotNullWhen(true)] out Waiter? waiter) => _waiting.TryDequeue(out waiter);

    private void Return(Waiter waiter)
    {
        lock (_spareGate)
        {
            _spare.Push(waiter);
        }
    }

    internal sealed class Waiter(WaiterQueue owner) : IValueTaskSource<WorkItem?>
    {
        // Continuations run on the pool, so that an informer that adds a key never runs a reconcile.
        private ManualResetValueTaskSourceCore<WorkItem?> _core = new() { RunContinuationsAsynchronously = true };

        public ValueTask<WorkItem?> Task => new(this, _core.Version);

        public void Complete(WorkItem? item) => _core.SetResult(item);

        public WorkItem? GetResult(short token)
        {
            var item = _core.GetResult(token);
            _core.Reset();
            owner.Return(this);
            return item;
        }

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
            => _core.OnCompleted(continuation, state, token, flags);
    }
}
