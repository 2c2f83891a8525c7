using System.Net;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Leadership;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Leadership;

public sealed class LeaderElectorTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeKubeClient _server = new();
    private readonly ListLogger _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Until.TrueAsync(() => _running.TrueForAll(task => task.IsCompleted), "all loops end", _clock, Step);
        _stop.Dispose();
    }

    [Fact]
    public async Task The_first_creates_the_lease_and_leads_at_once()
    {
        var elector = Elector("a");
        await elector.AcquireAsync(_stop.Token);

        Assert.True(elector.IsLeader);
        Assert.Equal("a", Held?.HolderIdentity);
        Assert.Equal((15, 0), (Held?.LeaseDurationSeconds, Held?.LeaseTransitions));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_lease_without_holder_is_taken_at_once(string? holder)
    {
        Put(holder, transitions: 4);
        var elector = Elector("a");
        await elector.AcquireAsync(_stop.Token);

        Assert.Equal(new ManualTimeProvider().GetUtcNow(), _clock.GetUtcNow());
        Assert.Equal(("a", 5), (Held?.HolderIdentity, Held?.LeaseTransitions));
    }

    [Fact]
    public async Task Another_holder_is_waited_out_from_when_it_was_seen_whatever_its_timestamps_say()
    {
        Put("b", renewed: _clock.GetUtcNow() - TimeSpan.FromDays(1));
        var started = _clock.GetUtcNow();
        var elector = Elector("a");
        var acquired = Track(elector.AcquireAsync(_stop.Token));

        await Until.TrueAsync(() => acquired.IsCompleted, "the lease is taken over", _clock, Step);

        Assert.True(_clock.GetUtcNow() - started >= TimeSpan.FromSeconds(15));
        Assert.Equal(("a", 1), (Held?.HolderIdentity, Held?.LeaseTransitions));
    }

    [Fact]
    public async Task A_renewal_is_one_put()
    {
        var elector = Elector("a");
        await elector.AcquireAsync(_stop.Token);
        _server.ForgetRequests();
        _ = Track(elector.HoldAsync(_stop.Token));

        await Until.TrueAsync(() => _server.Requests.Count >= 5, "five renewals", _clock, Step);

        Assert.All(_server.Requests, request => Assert.Equal("replace", request.Verb));
        Assert.True(elector.IsLeader);
        Assert.Null(elector.CheckHealth());
    }

    [Fact]
    public async Task A_renewal_that_meets_a_foreign_change_reads_and_writes_once_more()
    {
        var elector = Elector("a");
        await elector.AcquireAsync(_stop.Token);
        _server.Put(Peek()! with { Metadata = Peek()!.Metadata with { Annotations = new Dictionary<string, string> { ["who"] = "somebody" } } });
        _server.ForgetRequests();
        _ = Track(elector.HoldAsync(_stop.Token));

        await Until.TrueAsync(() => _server.Requests.Count >= 3, "the slow path", _clock, Step);

        Assert.Equal(["replace", "get", "replace"], _server.Requests.Take(3).Select(request => request.Verb));
        Assert.Equal("somebody", Peek()!.Metadata.Annotations?["who"]);
    }

    [Fact]
    public async Task A_holder_that_cannot_renew_gives_up_at_its_deadline_and_before_others_take_over()
    {
        var elector = Elector("a");
        await elector.AcquireAsync(_stop.Token);
        var renewed = _clock.GetUtcNow();
        _server.Intercept = (_, _) => throw new HttpRequestException("connection refused");
        var hold = Track(elector.HoldAsync(_stop.Token));

        await Until.TrueAsync(() => hold.IsCompleted, "leadership is lost", _clock, Step);

        Assert.InRange(_clock.GetUtcNow() - renewed, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(12));
        Assert.False(elector.Fence.IsOpen);
    }

    [Fact]
    public async Task A_renewal_that_hangs_is_cut_off_at_the_deadline()
    {
        var elector = Elector("a");
        await elector.AcquireAsync(_stop.Token);
        var cut = false;
        _server.Intercept = async (_, token) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                cut = true;
            }
        };
        var hold = Track(elector.HoldAsync(_stop.Token));

        await Until.TrueAsync(() => hold.IsCompleted, "leadership is lost", _clock, Step);

        Assert.True(cut);
    }

    [Fact]
    public async Task The_fence_is_closed_by_the_clock_alone_before_the_loss_is_noticed()
    {
        var elector = Elector("a");
        await elector.AcquireAsync(_stop.Token);
        var client = new FencedKubeClient(_server, elector.Fence);
        await client.CreateAsync(Echo.Named("before"), cancellationToken: _stop.Token);

        _clock.Advance(TimeSpan.FromSeconds(10));

        await Assert.ThrowsAsync<LeadershipLostException>(() => client.CreateAsync(Echo.Named("after"), cancellationToken: _stop.Token));
        Assert.Null(_server.Peek<Echo>("after"));
        Assert.NotNull(await client.GetAsync<Echo>(new ObjectKey("default", "before"), _stop.Token));
    }

    [Fact]
    public async Task The_health_check_tells_of_a_holder_that_long_did_not_renew()
    {
        var elector = Elector("a");
        await elector.AcquireAsync(_stop.Token);
        _clock.Advance(TimeSpan.FromSeconds(36));

        Assert.Contains("36 s", elector.CheckHealth(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Releasing_leaves_the_lease_free_for_the_next()
    {
        var first = Elector("a");
        await first.AcquireAsync(_stop.Token);
        await first.ReleaseAsync(_stop.Token);
        Assert.Equal((null, 1), (Held!.HolderIdentity, Held.LeaseDurationSeconds));
        Assert.False(first.Fence.IsOpen);

        var second = Elector("b");
        await second.AcquireAsync(_stop.Token);

        Assert.Equal(new ManualTimeProvider().GetUtcNow(), _clock.GetUtcNow());
        Assert.Equal(("b", 15), (Held?.HolderIdentity, Held?.LeaseDurationSeconds));
    }

    [Fact]
    public async Task A_manager_that_stops_clean_gives_the_lease_up_after_its_work_has_ended()
    {
        var finish = new TaskCompletionSource();
        var begun = false;
        using var manager = Manager("a");
        manager.AddController("echo", new DelegateReconciler(async (_, token) =>
        {
            begun = true;
            await finish.Task;
            await manager.Client.ApplyAsync(new Part { Metadata = new ObjectMeta { Name = "last", Namespace = "default" } }, new ApplyOptions { FieldManager = "test" }, token);
            return ReconcileResult.Done;
        }), plan => plan.For<Echo>());
        _server.Put(Echo.Named("one"));
        using var stop = new CancellationTokenSource();
        var run = manager.RunAsync(stop.Token);
        await Until.TrueAsync(() => Volatile.Read(ref begun), "work begins");

        await stop.CancelAsync();
        await Until.TrueAsync(() => _server.Requests.Count(request => request.Verb == "replace") >= 5, "the lease is renewed while work goes on", _clock, Step);
        Assert.Equal("a", Held?.HolderIdentity);
        finish.SetResult();
        await Until.TrueAsync(() => run.IsCompleted, "the manager stops");

        Assert.Equal(RunOutcome.Stopped, await run);
        Assert.Null(Held!.HolderIdentity);
        Assert.NotNull(_server.Peek<Part>("last"));
        Assert.Equal("leases", _server.Writes.Last().Plural);
        Assert.Contains(_server.PeekAll<Event>(), report => report.Reason == "LeaderElection" && report.Note == "a became leader");
    }

    [Fact]
    public async Task A_manager_that_loses_the_lease_writes_nothing_more_and_says_so()
    {
        var writes = 0;
        using var manager = Manager("a");
        manager.AddController("echo", new DelegateReconciler(async (_, token) =>
        {
            while (true)
            {
                await manager.Client.ApplyAsync(new Part { Metadata = new ObjectMeta { Name = "busy", Namespace = "default" } }, new ApplyOptions { FieldManager = "test" }, token);
                Interlocked.Increment(ref writes);
                await Task.Delay(TimeSpan.FromSeconds(1), _clock, token);
            }
        }), plan => plan.For<Echo>());
        _server.Put(Echo.Named("one"));
        var run = manager.RunAsync(_stop.Token);
        await Until.TrueAsync(() => Volatile.Read(ref writes) > 0, "work goes on");

        Put("b");
        await Until.TrueAsync(() => run.IsCompleted, "the manager ends", _clock, Step);
        var last = _server.Requests.Count;
        _clock.Advance(TimeSpan.FromMinutes(1));
        await Until.QuietAsync();

        Assert.Equal(RunOutcome.LeadershipLost, await run);
        Assert.Equal(last, _server.Requests.Count);
        Assert.Equal("b", Held?.HolderIdentity);
    }

    [Fact]
    public async Task A_standby_has_full_caches_and_takes_over_when_the_leader_releases()
    {
        Put("b");
        var looks = 0;
        using var manager = Manager("a");
        manager.AddController("echo", new DelegateReconciler((_, _) =>
        {
            Interlocked.Increment(ref looks);
            return Task.FromResult(ReconcileResult.Done);
        }), plan => plan.For<Echo>());
        _server.Put(Echo.Named("one"));
        using var stop = new CancellationTokenSource();
        var run = manager.RunAsync(stop.Token);
        await Until.TrueAsync(() => manager.IsReady && _server.Requests.Any(request => request.Plural == "leases"), "the standby waits");
        Assert.Equal(1, manager.Informers.Get<Echo>().Count);
        Assert.Equal(0, Volatile.Read(ref looks));

        Put("", seconds: 1);
        await Until.TrueAsync(() => Volatile.Read(ref looks) == 1, "the standby works", _clock, Step);
        await stop.CancelAsync();
        await Until.TrueAsync(() => run.IsCompleted, "the manager stops");
        Assert.Equal(RunOutcome.Stopped, await run);
    }

    [Theory]
    [InlineData(10, 10, 2, "LeaseDuration")]
    [InlineData(15, 2, 2, "RenewDeadline")]
    [InlineData(15, 10, 0, "RetryPeriod")]
    public void Durations_that_cannot_work_are_refused_by_name(int lease, int renew, int retry, string setting)
    {
        var options = new LeaderElectionOptions
        {
            Namespace = "system",
            Name = "operator",
            LeaseDuration = TimeSpan.FromSeconds(lease),
            RenewDeadline = TimeSpan.FromSeconds(renew),
            RetryPeriod = TimeSpan.FromSeconds(retry),
        };

        Assert.Contains(setting, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_rivals_never_lead_at_once()
    {
        var electors = new[] { Elector("a"), Elector("b") };
        var terms = 0;
        var together = false;
        foreach (var elector in electors)
        {
            _running.Add(RunTermsAsync(elector));
        }

        await Until.TrueAsync(
            () =>
            {
                together |= electors.All(elector => elector.IsLeader);
                return Volatile.Read(ref terms) >= 6;
            },
            "six terms",
            _clock,
            Step);

        Assert.False(together);

        async Task RunTermsAsync(LeaderElector elector)
        {
            try
            {
                while (true)
                {
                    await elector.AcquireAsync(_stop.Token);
                    Interlocked.Increment(ref terms);
                    using var term = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                    var hold = elector.HoldAsync(term.Token);
                    await Task.Delay(TimeSpan.FromSeconds(5), _clock, _stop.Token);
                    await term.CancelAsync();
                    await hold.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    await elector.ReleaseAsync(_stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    [Fact]
    public async Task A_server_that_fails_for_a_while_only_delays_the_election()
    {
        var failing = true;
        _server.Intercept = (_, _) => Volatile.Read(ref failing) ? throw FakeKubeClient.Error(HttpStatusCode.InternalServerError, "InternalError") : Task.CompletedTask;
        var elector = Elector("a");
        var acquired = Track(elector.AcquireAsync(_stop.Token));
        await Until.TrueAsync(() => _server.Requests.Count >= 3, "several attempts", _clock, Step);
        Assert.False(acquired.IsCompleted);

        Volatile.Write(ref failing, false);
        await Until.TrueAsync(() => elector.IsLeader, "leadership", _clock, Step);
    }

    private LeaseSpec? Held => Peek()?.Spec;

    private Lease? Peek() => _server.Peek<Lease>("operator", "system");

    private void Put(string? holder, int transitions = 0, int seconds = 15, DateTimeOffset? renewed = null) => _server.Put(new Lease
    {
        Metadata = new ObjectMeta { Name = "operator", Namespace = "system" },
        Spec = new LeaseSpec { HolderIdentity = holder, LeaseDurationSeconds = seconds, LeaseTransitions = transitions, RenewTime = renewed ?? _clock.GetUtcNow() },
    });

    private static LeaderElectionOptions Options(string identity) => new() { Namespace = "system", Name = "operator", Identity = identity };

    private LeaderElector Elector(string identity) => new(_server, Options(identity), _clock, new Random(1), _log);

    private ControllerManager Manager(string identity)
        => new(_server, new ControllerManagerOptions { Name = "example.com/test", LeaderElection = Options(identity) }, _clock, _log, null, new Random(1));

    private Task Track(Task task)
    {
        _running.Add(task);
        return task;
    }
}
