using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LlmOperator.Kubernetes.Queues;

namespace LlmOperator.Kubernetes.Telemetry;

/// <summary>
/// The instruments of the runtime, under the names the dashboards and alerts of controller-runtime know. An instrument's name is its Prometheus name.
/// </summary>
public sealed class RuntimeMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "LlmOperator.Kubernetes";

    // 5 ms to 60 s in controller-runtime's 40 steps.
    private static readonly double[] ReconcileBuckets =
    [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5,
        5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ];

    // 10 ns × 10ⁿ.
    private static readonly double[] QueueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

    private readonly Meter _meter = new(MeterName);
    private readonly ConcurrentDictionary<QueueMetrics, WorkQueue> _queues = [];
    private readonly ConcurrentDictionary<ControllerMetrics, bool> _controllers = [];
    private readonly ConcurrentDictionary<string, Func<bool>> _leaders = [];

    /// <summary>Creates the instruments.</summary>
    public RuntimeMetrics()
    {
        ReconcileTotal = Counter("controller_runtime_reconcile_total", "Total number of reconciliations per controller");
        ReconcileErrors = Counter("controller_runtime_reconcile_errors_total", "Total number of reconciliation errors per controller");
        TerminalErrors = Counter("controller_runtime_terminal_reconcile_errors_total", "Total number of terminal reconciliation errors per controller");
        Panics = Counter("controller_runtime_reconcile_panics_total", "Total number of reconciliations that ended in an unexpected exception per controller");
        Timeouts = Counter("controller_runtime_reconcile_timeouts_total", "Total number of reconciliations cut off by their own deadline per controller");
        ReconcileTime = Histogram("controller_runtime_reconcile_time_seconds", "Length of time per reconciliation per controller", ReconcileBuckets);
        QueueAdds = Counter("workqueue_adds_total", "Total number of adds handled by workqueue");
        QueueRetries = Counter("workqueue_retries_total", "Total number of retries handled by workqueue");
        QueueDuration = Histogram("workqueue_queue_duration_seconds", "How long in seconds an item stays in workqueue before being requested", QueueBuckets);
        WorkDuration = Histogram("workqueue_work_duration_seconds", "How long in seconds processing an item from workqueue takes", QueueBuckets);
        SlowPath = Counter("leader_election_slowpath_total", "Total number of slow path exercised in renewing leader leases");
        EventsDropped = Counter("event_recorder_dropped_total", "Total number of events not sent, by reason");

        _meter.CreateObservableGauge("controller_runtime_max_concurrent_reconciles", () => _controllers.Keys.Select(c => c.Gauge(c.Workers)), null, "Maximum number of concurrent reconciles per controller");
        _meter.CreateObservableGauge("controller_runtime_active_workers", () => _controllers.Keys.Select(c => c.Gauge(c.Active)), null, "Number of currently used workers per controller");
        _meter.CreateObservableGauge("workqueue_depth", () => _queues.SelectMany(q => q.Key.Depth(q.Value)), null, "Current depth of workqueue by workqueue and priority");
        _meter.CreateObservableGauge("workqueue_unfinished_work_seconds", () => _queues.Select(q => q.Key.Gauge(q.Value.Unfinished().Sum)), null, "How many seconds of work has been done that is in progress and hasn't been observed by work_duration");
        _meter.CreateObservableGauge("workqueue_longest_running_processor_seconds", () => _queues.Select(q => q.Key.Gauge(q.Value.Unfinished().Longest)), null, "How many seconds has the longest running processor for workqueue been running");
        _meter.CreateObservableGauge("leader_election_master_status", () => _leaders.Select(l => new Measurement<int>(l.Value() ? 1 : 0, new KeyValuePair<string, object?>("name", l.Key))), null, "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master");
    }

    /// <summary>The meter, for instruments a user of the library adds beside its own.</summary>
    public Meter Meter => _meter;

    internal Counter<long> ReconcileTotal { get; }

    internal Counter<long> ReconcileErrors { get; }

    internal Counter<long> TerminalErrors { get; }

    internal Counter<long> Panics { get; }

    internal Counter<long> Timeouts { get; }

    internal Histogram<double> ReconcileTime { get; }

    internal Counter<long> QueueAdds { get; }

    internal Counter<long> QueueRetries { get; }

    internal Histogram<double> QueueDuration { get; }

    internal Histogram<double> WorkDuration { get; }

    internal Counter<long> SlowPath { get; }

    internal Counter<long> EventsDropped { get; }

    /// <summary>Metrics of a work queue.</summary>
    public QueueMetrics ForQueue(string name) => new(this, name);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal ControllerMetrics ForController(string name, int workers)
    {
        var metrics = new ControllerMetrics(this, name, workers);
        _controllers[metrics] = true;
        return metrics;
    }

    internal void ObserveLeader(string name, Func<bool> isLeader)
    {
        _leaders[name] = isLeader;
        SlowPath.Add(0, new KeyValuePair<string, object?>("name", name));
    }

    internal void Observe(QueueMetrics metrics, WorkQueue queue) => _queues[metrics] = queue;

    internal void Forget(QueueMetrics metrics) => _queues.TryRemove(metrics, out _);

    private Counter<long> Counter(string name, string help) => _meter.CreateCounter<long>(name, null, help);

    private Histogram<double> Histogram(string name, string help, double[] buckets)
        => _meter.CreateHistogram(name, null, help, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });
}
