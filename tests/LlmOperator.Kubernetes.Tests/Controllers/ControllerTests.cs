using System.Collections.Concurrent;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Telemetry;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Controllers;

public sealed class ControllerTests : IAsyncDisposable
{
    private static readonly ObjectKey One = new("default", "one");
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeKubeClient _server = new();
    private readonly ListLogger _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly RuntimeMetrics _metrics = new();
    private readonly ControllerManager _manager;
    private Task<RunOutcome>? _run;

    public ControllerTests()
    {
        _manager = new ControllerManager(
            _server, new ControllerManagerOptions { Name = "example.com/test" }, _clock, _log, _metrics, new Random(1));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_run is not null)
        {
            await Until.TrueAsync(() => _run.IsCompleted, "the manager stops", _clock, TimeSpan.FromSeconds(1));
        }

        _manager.Dispose();
        _metrics.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Deleting_an_owned_child_leads_to_a_reconcile_that_restores_it()
    {
        var echoes = _manager.Informers.Get<Echo>();
        var parts = _manager.Informers.Get<Part>();
        var applier = new ObjectApplier(_manager.Client, "test", "example.com/applied-hash");
        Start(async (key, stop) =>
        {
            if (echoes.Get(key) is { } echo)
            {
                var metadata = new ObjectMeta { Name = key.Name, Namespace = key.Namespace }.WithController(echo);
                await applier.ApplyIfChangedAsync(new Part { Metadata = metadata, Spec = new PartSpec { Image = echo.Spec?.Image } }, parts.Get(key), stop);
            }

            return ReconcileResult.Done;
        }, plan => plan.For<Echo>().Owns<Part>());
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => parts.Get(One) is not null, "the child is made");

        _server.Remove<Part>("one");
        await Until.TrueAsync(() => _server.Peek<Part>("one") is not null, "the child is restored");
    }

    [Fact]
    public async Task A_reconcile_that_always_throws_is_tried_for_ever_with_growing_delay()
    {
        var attempts = 0;
        Start((_, _) =>
        {
            Interlocked.Increment(ref attempts);
            throw new IOException("out of luck");
        });
        _server.Put(Echo.Named("one"));
        var began = _clock.GetUtcNow();
        for (var attempt = 1; attempt <= 24; attempt++)
        {
            await Until.TrueAsync(() => Volatile.Read(ref attempts) >= attempt, $"attempt {attempt}", _clock, TimeSpan.FromMilliseconds(5 << Math.Min(attempt, 17)));
        }

        // Eighteen doublings of 5 ms, then 1,000 s each.
        Assert.True(_clock.GetUtcNow() - began > TimeSpan.FromSeconds(1300 + (5 * 1000)));
        var delays = _log.Lines.Where(line => line.Text.StartsWith("Reconcile failed", StringComparison.Ordinal)).Select(line => line.Text).ToList();
        Assert.EndsWith("in 00:00:00.0050000", delays[0], StringComparison.Ordinal);
        Assert.EndsWith("in 00:00:00.0100000", delays[1], StringComparison.Ordinal);
        Assert.EndsWith("in 00:16:40", delays[20], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Twenty_changes_during_one_reconcile_collapse_into_one_more()
    {
        var runs = 0;
        var release = new TaskCompletionSource();
        Start(async (_, _) =>
        {
            if (Interlocked.Increment(ref runs) == 1)
            {
                await release.Task;
            }

            return ReconcileResult.Done;
        });
        var echoes = _manager.Informers.Get<Echo>();
        _server.Put(Echo.Named("one", "0"));
        await Until.TrueAsync(() => Volatile.Read(ref runs) == 1, "the first run begins");

        for (var i = 1; i <= 20; i++)
        {
            _server.Put(Echo.Named("one", $"{i}"));
        }

        await Until.TrueAsync(() => echoes.Get(One)?.Spec?.Image == "20", "all changes are cached");
        release.SetResult();
        await Until.TrueAsync(() => Volatile.Read(ref runs) == 2, "one more run");
        await Until.QuietAsync();
        Assert.Equal(2, Volatile.Read(ref runs));
    }

    [Fact]
    public async Task A_deletion_during_a_broken_watch_leads_to_a_reconcile()
    {
        var echoes = _manager.Informers.Get<Echo>();
        var present = 0;
        var gone = 0;
        Start((key, _) =>
        {
            Interlocked.Increment(ref echoes.Get(key) is null ? ref gone : ref present);
            return Task.FromResult(ReconcileResult.Done);
        });
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => Volatile.Read(ref present) == 1, "the object is looked at");

        _server.BreakWatches(new IOException("connection reset"));
        _server.Remove<Echo>("one");
        _server.Compact();

        await Until.TrueAsync(() => Volatile.Read(ref gone) == 1, "the deletion is looked at", _clock, Step);
    }

    [Fact]
    public async Task A_terminal_fault_is_counted_and_not_tried_again_until_a_change()
    {
        var attempts = 0;
        Start((_, _) =>
        {
            Interlocked.Increment(ref attempts);
            throw new TerminalException("spec.image names no image: give one");
        });
        var echoes = _manager.Informers.Get<Echo>();
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => Volatile.Read(ref attempts) == 1, "the first attempt");
        _clock.Advance(TimeSpan.FromMinutes(4));
        await Until.QuietAsync();
        Assert.Equal(1, Volatile.Read(ref attempts));

        _server.Put(Echo.Named("one", "b"));
        await Until.TrueAsync(() => Volatile.Read(ref attempts) == 2 && echoes.Count == 1, "an attempt after the change");
    }

    [Fact]
    public async Task A_requeue_comes_after_its_delay_and_forgets_earlier_failures()
    {
        var attempts = new ConcurrentQueue<DateTimeOffset>();
        Start((_, _) =>
        {
            attempts.Enqueue(_clock.GetUtcNow());
            return attempts.Count == 1 ? throw new IOException("once") : Task.FromResult(ReconcileResult.RequeueAfter(TimeSpan.FromSeconds(30)));
        });
        _server.Put(Echo.Named("one"));
        for (var attempt = 1; attempt < 4; attempt++)
        {
            await Until.TrueAsync(() => attempts.Count == attempt && _clock.NextDue - _clock.GetUtcNow() < TimeSpan.FromSeconds(31), "the next attempt waits");
            await AdvanceToAttemptAsync(attempts, attempt);
        }

        Assert.Equal([0.005, 30, 30], attempts.Zip(attempts.Skip(1), (a, b) => Math.Round((b - a).TotalSeconds, 3)));
    }

    [Fact]
    public async Task A_run_beyond_its_timeout_is_cancelled_and_tried_again()
    {
        var attempts = 0;
        Start(async (_, stop) =>
        {
            if (Interlocked.Increment(ref attempts) == 1)
            {
                await Task.Delay(Timeout.Infinite, stop);
            }

            return ReconcileResult.Done;
        }, plan => plan.For<Echo>().ReconcileTimeout(TimeSpan.FromSeconds(10)));
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => Volatile.Read(ref attempts) == 1, "the first attempt");

        await Until.TrueAsync(() => Volatile.Read(ref attempts) == 2, "a second attempt", _clock, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Live_changes_overtake_the_backlog_of_a_start()
    {
        var order = new ConcurrentQueue<string>();
        var hold = new TaskCompletionSource();
        for (var i = 0; i < 20; i++)
        {
            _server.Put(Echo.Named($"old{i}"));
        }

        Start(async (key, _) =>
        {
            order.Enqueue(key.Name);
            await hold.Task;
            return ReconcileResult.Done;
        });
        var echoes = _manager.Informers.Get<Echo>();
        await Until.TrueAsync(() => order.Count == 1, "the backlog begins");
        _server.Put(Echo.Named("live"));
        await Until.TrueAsync(() => echoes.Count == 21, "the live change is cached");

        hold.SetResult();
        await Until.TrueAsync(() => order.Count == 21, "all are looked at");
        Assert.Equal("live", order.ElementAt(1));
    }

    [Fact]
    public async Task A_reference_leads_to_a_look_at_those_who_refer()
    {
        var echoes = _manager.Informers.Get<Echo>().AddIndex("part", echo => echo.Spec?.Reference is { } part ? [part] : []);
        var looks = new ConcurrentQueue<string>();
        Start((key, _) =>
        {
            looks.Enqueue(key.Name);
            return Task.FromResult(ReconcileResult.Done);
        }, plan => plan.For<Echo>(Predicates.GenerationChanged).Watches<Part>(part => echoes.ByIndex("part", part.Metadata.Name!).Select(echo => ObjectKey.Of(echo))));
        _server.Put(Echo.Named("refers") with { Spec = new EchoSpec { Reference = "shared" } });
        _server.Put(Echo.Named("other"));
        await Until.TrueAsync(() => looks.Count == 2, "both are looked at once");

        _server.Put(new Part { Metadata = new ObjectMeta { Name = "shared", Namespace = "default" } });
        await Until.TrueAsync(() => looks.Count == 3, "a look after the reference changed");
        Assert.Equal("refers", looks.Last());
    }

    [Fact]
    public async Task Each_run_logs_under_controller_kind_name_and_an_id_of_its_own()
    {
        var runs = 0;
        Start((_, _) => Task.FromResult(Interlocked.Increment(ref runs) == 1 ? ReconcileResult.RequeueAfter(TimeSpan.FromSeconds(1)) : ReconcileResult.Done));
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => Volatile.Read(ref runs) == 2, "two runs", _clock, Step);

        var scopes = _log.Scopes.Cast<IEnumerable<KeyValuePair<string, object?>>>().Select(scope => scope.ToDictionary()).ToList();
        Assert.All(scopes, scope => Assert.Equal(("echo", "Echo", "bench.example.com", "default", "one"),
            ((string?)scope["controller"], (string?)scope["controllerKind"], (string?)scope["controllerGroup"], (string?)scope["namespace"], (string?)scope["name"])));
        Assert.Equal(2, scopes.Select(scope => scope["reconcileID"]).Distinct().Count());
    }

    [Fact]
    public void Two_controllers_of_one_name_are_refused()
    {
        var reconciler = new DelegateReconciler((_, _) => Task.FromResult(ReconcileResult.Done));
        _manager.AddController("echo", reconciler, plan => plan.For<Echo>());

        Assert.Contains("'echo'", Assert.Throws<ArgumentException>(() => _manager.AddController("echo", reconciler, plan => plan.For<Echo>())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clean_stop_finishes_what_is_in_hand()
    {
        var finish = new TaskCompletionSource();
        var finished = false;
        var cancelled = false;
        Start(async (_, stop) =>
        {
            using var registration = stop.Register(() => cancelled = true);
            await finish.Task;
            finished = true;
            return ReconcileResult.Done;
        });
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => _log.Scopes.Count == 1, "a run begins");

        await _stop.CancelAsync();
        await Until.QuietAsync();
        Assert.False(_run!.IsCompleted);
        finish.SetResult();

        Assert.Equal(RunOutcome.Stopped, await _run);
        Assert.True(finished);
        Assert.False(cancelled);
    }

    [Fact]
    public async Task Work_that_outlasts_the_grace_period_is_cancelled()
    {
        Start(async (_, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            return ReconcileResult.Done;
        });
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => _log.Scopes.Count == 1, "a run begins");
        var asked = _clock.GetUtcNow();

        await _stop.CancelAsync();
        await Until.TrueAsync(() => _run!.IsCompleted, "the manager stops", _clock, TimeSpan.FromSeconds(1));

        Assert.True(_clock.GetUtcNow() - asked >= TimeSpan.FromSeconds(30));
        Assert.Equal(RunOutcome.Stopped, await _run!);
    }

    [Fact]
    public async Task Ten_resyncs_of_settled_objects_ask_for_nothing_but_watches()
    {
        using var stop = new CancellationTokenSource();
        using var manager = new ControllerManager(
            _server,
            new ControllerManagerOptions { Name = "example.com/test", Informers = new InformerOptions { Resync = TimeSpan.FromSeconds(10) } },
            _clock,
            _log,
            _metrics,
            new Random(1));
        var echoes = manager.Informers.Get<Echo>();
        var parts = manager.Informers.Get<Part>();
        var applier = new ObjectApplier(manager.Client, "test", "example.com/applied-hash");
        var runs = 0;
        manager.AddController("settled", new DelegateReconciler(async (key, token) =>
        {
            var echo = echoes.Get(key)!;
            var metadata = new ObjectMeta { Name = key.Name, Namespace = key.Namespace }.WithController(echo);
            await applier.ApplyIfChangedAsync(new Part { Metadata = metadata, Spec = new PartSpec { Image = "a" } }, parts.Get(key), token);
            Interlocked.Increment(ref runs);
            return ReconcileResult.Done;
        }), plan => plan.For<Echo>().Owns<Part>());
        var run = manager.RunAsync(stop.Token);
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => parts.Count == 1 && Volatile.Read(ref runs) >= 2, "the world is settled");
        _server.ForgetRequests();

        var settled = Volatile.Read(ref runs);
        await Until.TrueAsync(() => Volatile.Read(ref runs) > settled + 10, "ten resyncs", _clock, TimeSpan.FromSeconds(1));

        Assert.All(_server.Requests, request => Assert.Equal("watch", request.Verb));
        await stop.CancelAsync();
        Assert.Equal(RunOutcome.Stopped, await run);
    }

    private async Task AdvanceToAttemptAsync(ConcurrentQueue<DateTimeOffset> attempts, int present)
    {
        // The timer's moment is that of the next attempt; nothing else is armed for so soon.
        _clock.Advance(_clock.NextDue!.Value - _clock.GetUtcNow());
        await Until.TrueAsync(() => attempts.Count > present, "the next attempt");
    }

    private void Start(Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile, Action<ControllerBuilder>? configure = null)
    {
        _manager.AddController("echo", new DelegateReconciler(reconcile), configure ?? (plan => plan.For<Echo>()));
        _run = _manager.RunAsync(_stop.Token);
    }
}
