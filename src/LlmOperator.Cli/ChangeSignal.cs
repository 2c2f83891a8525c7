using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Cli;

/// <summary>Tells that something in the cluster has changed, without saying what: several changes are one signal.</summary>
internal sealed class ChangeSignal : IDisposable
{
    private readonly IDisposable _subscription;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ChangeSignal(ICluster cluster)
    {
        _subscription = cluster.Subscribe(_ => Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult());
    }

    /// <summary>Completes at the first change after this call.</summary>
    public Task Next() => Volatile.Read(ref _next).Task;

    public void Dispose() => _subscription.Dispose();
}
