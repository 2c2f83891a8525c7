namespace LlmOperator.PromptTrace.Measuring;

/// <summary>The requests that are under way, counted on one's fingers: scaling reads it, with any engine.</summary>
internal sealed class Traffic
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

    public void Began()
    {
        Interlocked.Increment(ref _inFlight);
        Interlocked.Increment(ref _waiting);
    }

    public void FirstByte() => Interlocked.Decrement(ref _waiting);

    public void StreamBegan() => Interlocked.Increment(ref _streams);

    public void StreamEnded() => Interlocked.Decrement(ref _streams);

    public void Ended() => Interlocked.Decrement(ref _inFlight);
}
