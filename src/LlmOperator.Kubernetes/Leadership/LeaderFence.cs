namespace LlmOperator.Kubernetes.Leadership;

/// <summary>This process is not the leader (any more) and may not write.</summary>
public sealed class LeadershipLostException() : Exception("this process does not hold the leader lease (any more): nothing may be written");

/// <summary>
/// Says whether this process may write: from each renewal of the lease until the renew deadline after it, by the local clock. A process that was
/// frozen past its deadline finds the fence closed before it knows that it lost the lease.
/// </summary>
/// <param name="time">Clock.</param>
public sealed class LeaderFence(TimeProvider time)
{
    // Timestamps of the clock; a write of a long is atomic, so writers pay no lock.
    private long _openUntil = long.MinValue;

    /// <summary>Whether a write may leave now.</summary>
    public bool IsOpen => Volatile.Read(ref _openUntil) is var until && until != long.MinValue && time.GetTimestamp() < until;

    /// <summary>Throws <see cref="LeadershipLostException"/> when no write may leave.</summary>
    public void ThrowIfClosed()
    {
        if (!IsOpen)
        {
            throw new LeadershipLostException();
        }
    }

    /// <summary>Opens the fence until a timestamp.</summary>
    internal void OpenUntil(long timestamp) => Volatile.Write(ref _openUntil, timestamp);

    /// <summary>Opens it for good: a process that elects no leader.</summary>
    internal void OpenForGood() => Volatile.Write(ref _openUntil, long.MaxValue);

    internal void Close() => Volatile.Write(ref _openUntil, long.MinValue);
}
