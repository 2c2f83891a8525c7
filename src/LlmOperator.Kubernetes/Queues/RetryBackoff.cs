namespace LlmOperator.Kubernetes.Queues;

/// <summary>Delay of the next attempt at a key: <c>base × 2^failures</c> up to a cap. Not thread-safe; the queue calls it under its own lock.</summary>
/// <param name="baseDelay">Delay after the first failure; 5 ms when absent.</param>
/// <param name="maxDelay">Longest delay; 1,000 s when absent.</param>
public sealed class RetryBackoff(TimeSpan? baseDelay = null, TimeSpan? maxDelay = null)
{
    private readonly long _base = (baseDelay ?? TimeSpan.FromMilliseconds(5)).Ticks;
    private readonly long _max = (maxDelay ?? TimeSpan.FromSeconds(1000)).Ticks;
    private readonly Dictionary<ObjectKey, int> _failures = [];

    /// <summary>Counts a failure and says how long to wait.</summary>
    public TimeSpan Next(ObjectKey key)
    {
        var failures = _failures.GetValueOrDefault(key);
        _failures[key] = failures + 1;
        var delay = _base;
        for (var i = 0; i < failures && delay < _max; i++)
        {
            delay *= 2;
        }

        return TimeSpan.FromTicks(Math.Min(delay, _max));
    }

    /// <summary>The key did well, or is no longer of interest.</summary>
    public void Forget(ObjectKey key) => _failures.Remove(key);

    /// <summary>Failures in a row.</summary>
    public int Failures(ObjectKey key) => _failures.GetValueOrDefault(key);
}
