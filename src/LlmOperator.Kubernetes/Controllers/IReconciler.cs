namespace LlmOperator.Kubernetes.Controllers;

/// <summary>
/// Brings one object's world to what the object asks for. It is given a key, never an event: it reads the present state from the caches, so that any
/// number of changes need one run, and a run too many does no harm. A key has at most one run at a time.
/// </summary>
public interface IReconciler
{
    /// <summary>
    /// Looks at one object, which may be gone. An exception leads to another attempt after a growing delay, for ever;
    /// a <see cref="TerminalException"/> to none until something changes.
    /// </summary>
    /// <param name="key">Object to look at.</param>
    /// <param name="cancellationToken">Cancelled when the process must stop now, when leadership is lost, or at the controller's own timeout.</param>
    Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken);
}

/// <summary>What a successful run wants to happen next.</summary>
/// <param name="Delay">When to look again without a change; null for never.</param>
/// <param name="Priority">Priority of that look; the present one when null.</param>
public readonly record struct ReconcileResult(TimeSpan? Delay, int? Priority = null)
{
    /// <summary>Nothing more until something changes.</summary>
    public static ReconcileResult Done => default;

    /// <summary>Look again after a while, or earlier when something changes.</summary>
    public static ReconcileResult RequeueAfter(TimeSpan delay) => new(delay > TimeSpan.Zero ? delay : TimeSpan.FromTicks(1));
}

/// <summary>A fault no retry can mend: it is counted and logged, and the object waits for its next change.</summary>
/// <param name="message">What is wrong and what to change.</param>
/// <param name="inner">Cause.</param>
public sealed class TerminalException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A reconciler made of a function.</summary>
/// <param name="reconcile">The function.</param>
public sealed class DelegateReconciler(Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile) : IReconciler
{
    /// <inheritdoc/>
    public Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken) => reconcile(key, cancellationToken);
}
