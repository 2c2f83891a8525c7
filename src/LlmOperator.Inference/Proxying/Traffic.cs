namespace LlmOperator.Inference.Proxying;

/// <summary>The requests that are under way, counted on one's fingers: scaling reads it, with any engine.</summary>
public sealed class Traffic
{
    private long _inFlight;
    private long _waiting;
    private long _streams;

    /// <summary>Requests that arrived and are not answered to their end.</summary>
    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Requests of which no byte of an answer has come.</summary>
    public long Waiting => Volatile.Read(ref _waiting);

    /// <summary>Answers that are being streamed.</summary>
    public long Streams => Volatile.Read(ref _streams);

    /// <summary>A request has arrived.</summary>
    public void Began()
    {
        Interlocked.Increment(ref _inFlight);
        Interlocked.Increment(ref _waiting);
    }

    /// <summary>The first byte of an answer has come, or none will.</summary>
    public void FirstByte() => Interlocked.Decrement(ref _waiting);

    /// <summary>An answer begins to be streamed.</summary>
    public void StreamBegan() => Interlocked.Increment(ref _streams);

    /// <summary>A streamed answer has ended.</summary>
    public void StreamEnded() => Interlocked.Decrement(ref _streams);

    /// <summary>A request has been answered to its end.</summary>
    public void Ended() => Interlocked.Decrement(ref _inFlight);
}
