using System.Diagnostics.Metrics;

namespace LlmOperator.Kubernetes.Telemetry;

/// <summary>What is counted of one controller.</summary>
internal sealed class ControllerMetrics
{
    private readonly RuntimeMetrics _metrics;
    private readonly KeyValuePair<string, object?> _controller;
    private int _active;

    public ControllerMetrics(RuntimeMetrics metrics, string controller, int workers)
    {
        _metrics = metrics;
        _controller = new("controller", controller);
        Workers = workers;
    }

    public int Workers { get; }

    public int Active => Volatile.Read(ref _active);

    /// <summary>Counts nothing, so that each counter exists from the first scrape and <c>rate()</c> works from the first event.</summary>
    public void InitializeCounters()
    {
        foreach (var result in ReconcileResults.All)
        {
            _metrics.ReconcileTotal.Add(0, _controller, result);
        }

        _metrics.ReconcileErrors.Add(0, _controller);
        _metrics.TerminalErrors.Add(0, _controller);
        _metrics.Panics.Add(0, _controller);
        _metrics.Timeouts.Add(0, _controller);
    }

    public void Started() => Interlocked.Increment(ref _active);

    public void Finished(KeyValuePair<string, object?> result, TimeSpan time)
    {
        Interlocked.Decrement(ref _active);
        _metrics.ReconcileTotal.Add(1, _controller, result);
        _metrics.ReconcileTime.Record(time.TotalSeconds, _controller);
    }

    public void Error() => _metrics.ReconcileErrors.Add(1, _controller);

    public void TerminalError() => _metrics.TerminalErrors.Add(1, _controller);

    public void Panic() => _metrics.Panics.Add(1, _controller);

    public void TimedOut() => _metrics.Timeouts.Add(1, _controller);

    public Measurement<int> Gauge(int value) => new(value, _controller);
}

/// <summary>Values of the <c>result</c> label.</summary>
internal static class ReconcileResults
{
    public static readonly KeyValuePair<string, object?> Success = new("result", "success");
    public static readonly KeyValuePair<string, object?> Error = new("result", "error");
    public static readonly KeyValuePair<string, object?> Requeue = new("result", "requeue");
    public static readonly KeyValuePair<string, object?> RequeueAfter = new("result", "requeue_after");
    public static readonly KeyValuePair<string, object?>[] All = [Success, Error, Requeue, RequeueAfter];
}
