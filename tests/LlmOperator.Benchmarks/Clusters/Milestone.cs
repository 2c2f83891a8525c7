using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Informers;

namespace LlmOperator.Benchmarks.Clusters;

/// <summary>Waits until as many objects of a kind as wanted are in a state, by the watch of an informer.</summary>
internal sealed class Milestone<T>
    where T : class, IKubeObject<T>
{
    private readonly Lock _gate = new();
    private readonly HashSet<ObjectKey> _there = [];
    private Func<T, bool> _isThere = static _ => false;
    private int _wanted;
    private TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Informer<T> _informer;

    public Milestone(Informer<T> informer)
    {
        _informer = informer;
        informer.AddHandler(change =>
        {
            if (change.Type != ObjectEventType.Deleted)
            {
                Look((T)change.Object);
            }
        });
    }

    /// <summary>Completes when so many objects are in the state.</summary>
    public Task UntilAsync(int count, Func<T, bool> isThere, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _there.Clear();
            (_wanted, _isThere) = (count, isThere);
            _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        foreach (var obj in _informer.List())
        {
            Look(obj);
        }

        return _reached.Task.WaitAsync(cancellationToken);
    }

    private void Look(T obj)
    {
        lock (_gate)
        {
            if (_isThere(obj) && _there.Add(ObjectKey.Of(obj)) && _there.Count >= _wanted)
            {
                _reached.TrySetResult();
            }
        }
    }
}
