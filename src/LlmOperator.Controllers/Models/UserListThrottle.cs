using System.Collections.Concurrent;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;

namespace LlmOperator.Controllers.Models;

/// <summary>
/// Holds back writes of a model's status that would only add to the list of its users: a thousand endpoints that appear together become a few writes instead of a thousand,
/// each longer than the one before.
/// </summary>
internal sealed class UserListThrottle(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ObjectKey, DateTimeOffset> _written = new();

    /// <summary>How long to wait before the status is written; null when it may be written now or need not be.</summary>
    public TimeSpan? Delay(ObjectKey key, LlmModelStatus? present, LlmModelStatus wanted)
    {
        // The first and the last user change what may be deleted, which cannot wait.
        if (present?.UsedBy is not { Count: > 0 } before || wanted.UsedBy is not { Count: > 0 } after || before.SequenceEqual(after)
            || present.ObservedGeneration != wanted.ObservedGeneration
            || !_written.TryGetValue(key, out var written))
        {
            return null;
        }

        var wait = written + Interval - time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : null;
    }

    public void Wrote(ObjectKey key) => _written[key] = time.GetUtcNow();

    public void Forget(ObjectKey key) => _written.TryRemove(key, out _);
}
