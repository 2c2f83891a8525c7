using System.Collections.Concurrent;
using LlmOperator.Api;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Planning;

namespace LlmOperator.Controllers;

/// <summary>
/// Writes the status of a kind's objects when it says something new, and tells of the transitions it wrote. Mere progress is held back for up to a second after the last write,
/// or after the object's children were made: a quick start is told in one write, a slow one still shows each state within a second, and a thousand users that appear together
/// make a few writes of the model they use instead of a thousand.
/// </summary>
internal sealed class StatusWriter<T>(OwnWrites<T> cache, IKubeClient client, IEventSink events, TimeProvider time)
    where T : class, IKubeObject<T>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ObjectApplier _applier = new(client, FieldManagers.Operator, ApiGroup.ContentHashAnnotation);
    private readonly ConcurrentDictionary<ObjectKey, long> _since = new();

    /// <summary>Notes that something was set going whose progress the status will tell.</summary>
    public void Began(ObjectKey key) => _since[key] = time.GetTimestamp();

    /// <summary>Forgets an object that is gone.</summary>
    public void Forget(ObjectKey key) => _since.TryRemove(key, out _);

    /// <summary>Writes a status unless the object has it already, or it may wait and its time has not come.</summary>
    /// <param name="live">The object as it is.</param>
    /// <param name="wanted">Name, namespace and the whole status.</param>
    /// <param name="transitions">What changes by this write and is worth an Event.</param>
    /// <param name="mayWait">Whether the change is mere progress: nobody acts on it within the second.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The object as it is now, and when to look again: a status held back is lost unless somebody does.</returns>
    public async Task<(T Object, ReconcileResult Next)> WriteAsync(
        T live, T wanted, IReadOnlyList<ConditionTransition> transitions, bool mayWait, CancellationToken cancellationToken)
    {
        if (!ObjectApplier.StatusDiffers(wanted, live))
        {
            return (live, ReconcileResult.Done);
        }

        var key = ObjectKey.Of(live);
        if (mayWait && _since.TryGetValue(key, out var since) && Interval - time.GetElapsedTime(since) is var wait && wait > TimeSpan.Zero)
        {
            return (live, ReconcileResult.RequeueAfter(wait));
        }

        var written = await ApplyAsync(wanted, cancellationToken).ConfigureAwait(false);
        cache.Wrote(written);
        _since[key] = time.GetTimestamp();
        foreach (var transition in transitions)
        {
            events.Report(live, transition);
        }

        return (written, ReconcileResult.Done);
    }

    private async Task<T> ApplyAsync(T wanted, CancellationToken cancellationToken)
    {
        try
        {
            return await _applier.ApplyStatusAsync(wanted, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException error) when (error.IsUndeclaredField)
        {
            // The status, where people look, is what cannot be written: the log has to name the remedy.
            throw new InvalidOperationException($"the cluster's definition of {wanted.Kind} is older than this operator, apply the definitions it came with (kubectl apply --server-side -f crds/): {error.Message}", error);
        }
    }
}
