namespace LlmOperator.Kubernetes.Informers;

/// <summary>Delays between attempts at a broken watch: 0.8 s doubling to 30 s, each stretched by up to its own length, and from the start again after two quiet minutes.</summary>
internal sealed class WatchBackoff(TimeProvider time, Random random)
{
    private static readonly TimeSpan Initial = TimeSpan.FromSeconds(0.8);
    private static readonly TimeSpan Cap = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(2);

    private TimeSpan _next = Initial;
    private long? _last;

    public TimeSpan Next()
    {
        var now = time.GetTimestamp();
        if (_last is { } last && time.GetElapsedTime(last, now) > Quiet)
        {
            _next = Initial;
        }

        _last = now;
        var delay = _next * (1 + random.NextDouble());
        _next = _next * 2 < Cap ? _next * 2 : Cap;
        return delay;
    }
}
