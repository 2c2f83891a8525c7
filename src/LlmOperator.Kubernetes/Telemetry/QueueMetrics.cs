using System.Diagnostics.Metrics;
using LlmOperator.Kubernetes.Queues;

namespace LlmOperator.Kubernetes.Telemetry;

/// <summary>What is counted of one work queue.</summary>
public sealed class QueueMetrics
{
    // Priorities are a user's choice; a label needs a bound.
    private const int MaxPriorities = 25;

    private readonly RuntimeMetrics _metrics;
    private readonly KeyValuePair<string, object?> _name;
    private readonly KeyValuePair<string, object?> _controller;

    internal QueueMetrics(RuntimeMetrics metrics, string name)
    {
        _metrics = metrics;
        _name = new("name", name);
        _controller = new("controller", name);
        InitializeCounters();
    }

    /// <summary>Counts nothing, so that each counter exists from the first scrape and <c>rate()</c> works from the first event.</summary>
    internal void InitializeCounters()
    {
        _metrics.QueueAdds.Add(0, _name, _controller);
        _metrics.QueueRetries.Add(0, _name, _controller);
    }

    internal void Added() => _metrics.QueueAdds.Add(1, _name, _controller);

    internal void Retried() => _metrics.QueueRetries.Add(1, _name, _controller);

    internal void Queued(TimeSpan time) => _metrics.QueueDuration.Record(time.TotalSeconds, _name, _controller);

    internal void Worked(TimeSpan time) => _metrics.WorkDuration.Record(time.TotalSeconds, _name, _controller);

    internal void Observe(WorkQueue queue) => _metrics.Observe(this, queue);

    internal void Forget() => _metrics.Forget(this);

    internal Measurement<double> Gauge(TimeSpan value) => new(value.TotalSeconds, _name, _controller);

    internal IEnumerable<Measurement<int>> Depth(WorkQueue queue)
    {
        var counts = new Dictionary<int, int> { [WorkPriority.Normal] = 0 };
        queue.CountByPriority(counts);
        foreach (var (priority, count) in counts.OrderByDescending(pair => pair.Key).Take(MaxPriorities))
        {
            yield return new Measurement<int>(count, _name, _controller, new("priority", priority.ToString()));
        }

        var rest = counts.OrderByDescending(pair => pair.Key).Skip(MaxPriorities).Sum(pair => pair.Value);
        if (rest > 0)
        {
            yield return new Measurement<int>(rest, _name, _controller, new("priority", "exceeded_cardinality_limit"));
        }
    }
}
