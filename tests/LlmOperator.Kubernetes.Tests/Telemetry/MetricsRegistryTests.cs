using System.Diagnostics.Metrics;
using System.Text;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Queues;
using LlmOperator.Kubernetes.Telemetry;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Telemetry;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Telemetry;

public sealed class MetricsRegistryTests : IDisposable
{
    private readonly string _scope = $"test-{Guid.NewGuid()}";
    private readonly Meter _meter;
    private readonly MetricsRegistry _registry;

    public MetricsRegistryTests()
    {
        _meter = new Meter(_scope);
        _registry = new MetricsRegistry(meter => meter.Name == _scope);
    }

    public void Dispose()
    {
        _registry.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public async Task Counters_add_up_by_labels_and_labels_are_escaped()
    {
        var counter = _meter.CreateCounter<long>("jobs_total", null, "Jobs done\nso far");
        counter.Add(2, new KeyValuePair<string, object?>("kind", "a\"b\\c\nd"));
        counter.Add(3, new KeyValuePair<string, object?>("kind", "a\"b\\c\nd"));
        counter.Add(0, new KeyValuePair<string, object?>("kind", "other"));

        Assert.Equal(
            "# HELP jobs_total Jobs done\\nso far\n# TYPE jobs_total counter\njobs_total{kind=\"a\\\"b\\\\c\\nd\"} 5\njobs_total{kind=\"other\"} 0\n",
            await _registry.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Histograms_have_cumulative_buckets_with_inclusive_upper_bounds()
    {
        var histogram = _meter.CreateHistogram("wait_seconds", null, null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        histogram.Record(0.1);
        histogram.Record(0.5);
        histogram.Record(7);

        Assert.Equal(
            """
            # HELP wait_seconds wait_seconds
            # TYPE wait_seconds histogram
            wait_seconds_bucket{le="0.1"} 1
            wait_seconds_bucket{le="1"} 2
            wait_seconds_bucket{le="+Inf"} 3
            wait_seconds_sum 7.6
            wait_seconds_count 3

            """,
            await _registry.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Observed_values_are_those_of_the_moment_and_vanish_with_what_they_observe()
    {
        var present = new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 };
        _meter.CreateObservableGauge("size", () => present.Select(pair => new Measurement<int>(pair.Value, new KeyValuePair<string, object?>("of", pair.Key))));
        Assert.Contains("size{of=\"a\"} 1\n", await _registry.ReadAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        present.Remove("a");

        var text = await _registry.ReadAsync(TestContext.Current.CancellationToken);

        Assert.DoesNotContain("of=\"a\"", text, StringComparison.Ordinal);
        Assert.Contains("size{of=\"b\"} 2\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recording_known_labels_allocates_nothing()
    {
        var counter = _meter.CreateCounter<long>("jobs_total");
        var label = new KeyValuePair<string, object?>("kind", "a");
        counter.Add(1, label);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            counter.Add(1, label);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Contains("jobs_total{kind=\"a\"} 1001", await _registry.ReadAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_process_tells_its_cpu_memory_and_start()
    {
        ProcessMetrics.AddTo(_meter);
        using var output = new MemoryStream();
        await _registry.WriteAsync(output, TestContext.Current.CancellationToken);
        var text = Encoding.UTF8.GetString(output.ToArray());

        Assert.Contains("# TYPE process_cpu_seconds_total counter\n", text, StringComparison.Ordinal);
        Assert.Matches(@"process_resident_memory_bytes [1-9]\d+", text);
        Assert.Matches(@"process_start_time_seconds [1-9][\d.]+", text);
    }

    [Fact]
    public async Task The_runtime_uses_the_names_and_labels_dashboards_know()
    {
        using var registry = new MetricsRegistry(meter => meter.Name == RuntimeMetrics.MeterName);
        using var metrics = new RuntimeMetrics();
        var clock = new ManualTimeProvider();
        var server = new FakeKubeClient();
        using var stop = new CancellationTokenSource();
        using var manager = new ControllerManager(server, new ControllerManagerOptions { Name = "example.com/test" }, clock, null, metrics, new Random(1));
        var name = $"metered-{Guid.NewGuid()}";
        var runs = 0;
        manager.AddController(name, new DelegateReconciler((_, _) => Interlocked.Increment(ref runs) switch
        {
            1 => Task.FromResult(ReconcileResult.RequeueAfter(TimeSpan.FromSeconds(1))),
            2 => throw new InvalidCastException("a bug"),
            3 => throw new TerminalException("change the spec"),
            _ => Task.FromResult(ReconcileResult.Done),
        }), plan => plan.For<Echo>().Workers(3));
        var run = manager.RunAsync(stop.Token);
        await Until.TrueAsync(() => manager.IsReady, "the manager runs");
        Assert.Contains($"controller_runtime_reconcile_total{{controller=\"{name}\",result=\"success\"}} 0", await registry.ReadAsync(stop.Token), StringComparison.Ordinal);

        server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => Volatile.Read(ref runs) == 3, "three runs", clock, TimeSpan.FromMilliseconds(500));
        server.Put(Echo.Named("one", "b"));
        await Until.TrueAsync(() => Volatile.Read(ref runs) == 4, "the fourth run");
        await stop.CancelAsync();
        await Until.TrueAsync(() => run.IsCompleted, "the manager stops", clock, TimeSpan.FromSeconds(1));
        var text = await registry.ReadAsync(TestContext.Current.CancellationToken);

        foreach (var result in new[] { "success", "requeue_after" })
        {
            Assert.Contains($"controller_runtime_reconcile_total{{controller=\"{name}\",result=\"{result}\"}} 1\n", text, StringComparison.Ordinal);
        }

        string[] lines =
        [
            $"controller_runtime_reconcile_total{{controller=\"{name}\",result=\"error\"}} 2",
            $"controller_runtime_reconcile_errors_total{{controller=\"{name}\"}} 2",
            $"controller_runtime_terminal_reconcile_errors_total{{controller=\"{name}\"}} 1",
            $"controller_runtime_reconcile_panics_total{{controller=\"{name}\"}} 1",
            $"controller_runtime_reconcile_time_seconds_count{{controller=\"{name}\"}} 4",
            $"controller_runtime_max_concurrent_reconciles{{controller=\"{name}\"}} 3",
            $"controller_runtime_active_workers{{controller=\"{name}\"}} 0",
            $"workqueue_depth{{name=\"{name}\",controller=\"{name}\",priority=\"0\"}} 0",
            $"workqueue_adds_total{{name=\"{name}\",controller=\"{name}\"}} 4",
            $"workqueue_retries_total{{name=\"{name}\",controller=\"{name}\"}} 2",
            $"workqueue_queue_duration_seconds_count{{name=\"{name}\",controller=\"{name}\"}} 4",
            $"workqueue_work_duration_seconds_count{{name=\"{name}\",controller=\"{name}\"}} 4",
            $"workqueue_queue_duration_seconds_bucket{{name=\"{name}\",controller=\"{name}\",le=\"1e-08\"}}",
            $"workqueue_unfinished_work_seconds{{name=\"{name}\",controller=\"{name}\"}} 0",
            $"workqueue_longest_running_processor_seconds{{name=\"{name}\",controller=\"{name}\"}} 0",
        ];
        Assert.All(lines, line => Assert.Contains(line, text, StringComparison.Ordinal));
        Assert.Equal(41, text.Split('\n').Count(line => line.StartsWith($"controller_runtime_reconcile_time_seconds_bucket{{controller=\"{name}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Depth_is_told_by_priority()
    {
        using var metrics = new RuntimeMetrics();
        using var registry = new MetricsRegistry(meter => ReferenceEquals(meter, metrics.Meter));
        using var queue = new WorkQueue(new ManualTimeProvider(), null, metrics.ForQueue("q"));
        queue.Add(new ObjectKey("ns", "a"));
        queue.Add(new ObjectKey("ns", "b"), WorkPriority.Low);
        queue.Add(new ObjectKey("ns", "c"), WorkPriority.Low);

        var text = await registry.ReadAsync(TestContext.Current.CancellationToken);

        Assert.Contains("workqueue_depth{name=\"q\",controller=\"q\",priority=\"0\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("workqueue_depth{name=\"q\",controller=\"q\",priority=\"-100\"} 2\n", text, StringComparison.Ordinal);
    }
}
