using System.Diagnostics.CodeAnalysis;
using LlmOperator.Kubernetes.Queues;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Queues;

public sealed class WorkQueueTests : IDisposable
{
    private static readonly ObjectKey A = new("ns", "a");
    private static readonly ObjectKey B = new("ns", "b");
    private static readonly ObjectKey C = new("ns", "c");
    private readonly ManualTimeProvider _clock = new();
    private readonly WorkQueue _queue;

    public WorkQueueTests() => _queue = new WorkQueue(_clock);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void Any_number_of_adds_of_a_waiting_key_collapse_into_one_run()
    {
        _queue.Add(A);
        _queue.Add(A);
        _queue.Add(A);

        Assert.Equal(A, Take());
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void A_key_added_while_in_process_is_processed_once_more_and_only_after_it_is_done()
    {
        _queue.Add(A);
        Take();
        _queue.Add(A);
        _queue.Add(A);
        Assert.Equal(0, _queue.Count);

        _queue.Done(A);

        Assert.Equal(A, Take());
        _queue.Done(A);
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void Higher_priorities_go_first_and_equal_ones_in_order_of_arrival()
    {
        _queue.Add(A, WorkPriority.Low);
        _queue.Add(B);
        _queue.Add(C);

        Assert.Equal([B, C, A], [Take(), Take(), Take()]);
    }

    [Fact]
    public void A_second_add_raises_the_priority_and_never_lowers_it()
    {
        _queue.Add(A, WorkPriority.Low);
        _queue.Add(B, -50);
        _queue.Add(A);
        _queue.Add(A, WorkPriority.Low);

        Assert.Equal(A, Take());
    }

    [Fact]
    public void A_delayed_key_becomes_ready_at_its_time_and_not_before()
    {
        _queue.AddAfter(A, TimeSpan.FromSeconds(5));
        _clock.Advance(TimeSpan.FromSeconds(4.999));
        Assert.Equal(0, _queue.Count);

        _clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public void Of_two_delays_the_earlier_counts()
    {
        _queue.AddAfter(A, TimeSpan.FromSeconds(5));
        _queue.AddAfter(A, TimeSpan.FromSeconds(1));
        _queue.AddAfter(A, TimeSpan.FromSeconds(9));
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(A, Take());
        _queue.Done(A);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void Ready_beats_waiting()
    {
        _queue.AddAfter(A, TimeSpan.FromSeconds(5));
        _queue.Add(A);
        Assert.Equal(A, Take());
        _queue.Done(A);

        _queue.Add(B);
        _queue.AddAfter(B, TimeSpan.FromSeconds(5));
        Assert.Equal(B, Take());
        _queue.Done(B);

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void Only_one_timer_is_armed_and_none_when_nothing_waits()
    {
        Assert.Null(_clock.NextDue);
        for (var i = 0; i < 100; i++)
        {
            _queue.AddAfter(new ObjectKey("ns", $"k{i}"), TimeSpan.FromSeconds(100 - i));
        }

        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromSeconds(1), _clock.NextDue);
        _clock.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(100, _queue.Count);
        Assert.Null(_clock.NextDue);
    }

    [Fact]
    public void Failures_double_the_delay_from_5_ms_to_1000_s_and_forgetting_starts_again()
    {
        var delays = Enumerable.Range(0, 20).Select(_ => _queue.AddRateLimited(A)).ToList();

        Assert.Equal([5, 10, 20, 40], delays.Take(4).Select(delay => delay.TotalMilliseconds));
        Assert.Equal(TimeSpan.FromSeconds(1000), delays[^1]);
        Assert.Equal(20, _queue.Failures(A));
        _queue.Forget(A);
        Assert.Equal(TimeSpan.FromMilliseconds(5), _queue.AddRateLimited(A));
    }

    [Fact]
    public async Task Shutting_down_wakes_idle_workers_and_refuses_adds()
    {
        var idle = _queue.GetAsync();
        Assert.False(idle.IsCompleted);

        _queue.ShutDown();
        _queue.Add(A);

        Assert.Null(await idle);
        Assert.Null(await _queue.GetAsync());
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task Draining_waits_for_what_is_in_hand_and_not_for_the_backlog()
    {
        _queue.Add(A);
        _queue.Add(B);
        Take();
        var drained = _queue.ShutDownWithDrainAsync(TestContext.Current.CancellationToken);
        Assert.False(drained.IsCompleted);

        _queue.Done(A);

        await drained;
        Assert.Null(await _queue.GetAsync());
    }

    [Fact]
    public async Task An_idle_worker_gets_the_next_key_and_is_not_run_by_the_one_who_adds_it()
    {
        var thread = 0;
        var worker = Task.Run(async () =>
        {
            var item = await _queue.GetAsync();
            thread = Environment.CurrentManagedThreadId;
            return item;
        }, TestContext.Current.CancellationToken);
        var adder = new Thread(() =>
        {
            for (var i = 0; i < 1000 && !worker.IsCompleted; i++)
            {
                _queue.Add(A);
            }
        });
        adder.Start();
        adder.Join();

        Assert.Equal(A, (await worker)!.Value.Key);
        Assert.NotEqual(adder.ManagedThreadId, thread);
    }

    [Fact]
    public void Steady_work_allocates_nothing()
    {
        // An allocation of the queue's own shows in every round. One that shows in a single round is the runtime's: a first
        // wait for the lock, or a listener that another test attaches to the meters of the same name meanwhile.
        var rounds = Enumerable.Range(0, 5).Select(_ => AllocatedBy(() => Cycle(1000))).ToList();

        Assert.Equal(0, rounds.Min());
    }

    private static long AllocatedBy(Action work)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private void Cycle(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _queue.Add(A);
            _queue.Add(B, WorkPriority.Low);
            _queue.Done(Take());
            _queue.Done(Take());
        }
    }

    [SuppressMessage("Reliability", "CA2012", Justification = "It is completed, and a task of it would be an allocation.")]
    private ObjectKey Take()
    {
        var next = _queue.GetAsync();
        Assert.True(next.IsCompletedSuccessfully);
        return next.Result!.Value.Key;
    }
}
