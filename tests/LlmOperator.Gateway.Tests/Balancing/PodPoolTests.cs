using LlmOperator.Gateway.Balancing;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Gateway.Tests.Balancing;

public sealed class PodPoolTests
{
    private readonly ManualTimeProvider _time = new();
    private int _ejections;

    [Fact]
    public void The_pod_with_the_fewest_requests_in_flight_is_asked()
    {
        var pool = Pool(3);
        var leases = Enumerable.Range(0, 9).Select(_ => pool.Take(0, [])!).ToList();
        Assert.All(leases.GroupBy(lease => lease.Pod.Address), pod => Assert.Equal(3, pod.Count()));
        var freed = leases[4];
        freed.Dispose();
        Assert.Equal(freed.Pod.Address, pool.Take(0, [])!.Pod.Address);
    }

    [Fact]
    public void Pods_that_are_equally_busy_are_asked_alike_often()
    {
        var pool = Pool(4);
        var asked = new Dictionary<string, int>();
        for (var i = 0; i < 4000; i++)
        {
            using var lease = pool.Take(0, [])!;
            asked[lease.Pod.Address] = asked.GetValueOrDefault(lease.Pod.Address) + 1;
        }

        Assert.Equal(4, asked.Count);
        Assert.All(asked.Values, count => Assert.InRange(count, 850, 1150));
    }

    [Fact]
    public void The_same_seed_makes_the_same_choices()
    {
        var (one, other) = (Pool(5), Pool(5));
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(one.Take(0, [])!.Pod.Address, other.Take(0, [])!.Pod.Address);
        }
    }

    [Fact]
    public void A_pod_that_failed_the_request_is_not_asked_again()
    {
        var pool = Pool(2);
        var first = pool.Take(0, [])!.Pod;
        var second = pool.Take(0, [first])!.Pod;
        Assert.NotEqual(first, second);
        Assert.Null(pool.Take(0, [first, second]));
        Assert.False(pool.HasOther([first, second]));
    }

    [Fact]
    public void A_pod_that_keeps_failing_is_left_alone_and_longer_each_time()
    {
        var pool = Pool(2);
        var bad = Fail(pool, PodPool.FailuresToEject);
        Assert.Equal(1, _ejections);
        for (var length = PodPool.FirstEjection; length < PodPool.LongestEjection; length *= 2)
        {
            _time.Advance(length - TimeSpan.FromTicks(1));
            Assert.NotEqual(bad, Asked(pool));
            _time.Advance(TimeSpan.FromTicks(1));

            // On probation one failure is enough.
            Assert.Equal(bad, Fail(pool, 1, bad));
        }

        _time.Advance(PodPool.LongestEjection);
        Succeed(pool, bad);
        Fail(pool, PodPool.FailuresToEject, bad);
        _time.Advance(PodPool.FirstEjection);
        Assert.Contains(bad, Enumerable.Range(0, 50).Select(_ => Asked(pool)));
    }

    [Fact]
    public void Failures_with_a_success_in_between_take_nobody_out()
    {
        var pool = Pool(2);
        for (var i = 0; i < 10; i++)
        {
            var pod = Fail(pool, PodPool.FailuresToEject - 1);
            Succeed(pool, pod);
        }

        Assert.Equal(0, _ejections);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(8, 4)]
    public void Never_more_than_half_of_the_pods_are_left_alone(int pods, int most)
    {
        var pool = Pool(pods);
        for (var i = 0; i < 100; i++)
        {
            using var lease = pool.Take(0, [])!;
            lease.Failed();
        }

        Assert.Equal(most, _ejections);
        Assert.NotNull(pool.Take(0, []));
    }

    [Fact]
    public void What_is_known_of_a_pod_stays_when_others_come_and_go()
    {
        var pool = Pool(2);
        var busy = pool.Take(0, [])!.Pod;
        pool.Update(new Dictionary<string, string?> { [busy.Address] = null, ["10.0.0.77:80"] = null }, new());
        Assert.Equal(1, busy.InFlight);
        Assert.Equal("10.0.0.77:80", pool.Take(0, [])!.Pod.Address);
    }

    [Fact]
    public void A_pod_is_the_same_when_its_revision_comes_to_be_known_and_another_one_when_that_is_another()
    {
        var pool = Pool(1);
        var pod = pool.Take(0, [])!.Pod;
        Update("a");
        Assert.Equal(("a", 1), (pod.Revision, pod.InFlight));
        Assert.Same(pod, pool.Take(0, [])!.Pod);

        // A pod that is deleted is gone from the list of pods before its address is.
        Update(null);
        Assert.Equal("a", pod.Revision);
        Assert.Same(pod, pool.Take(0, [])!.Pod);

        Update("b");
        var other = pool.Take(0, [])!.Pod;
        Assert.NotSame(pod, other);
        Assert.Equal(("a", "b", 1), (pod.Revision, other.Revision, other.InFlight));

        void Update(string? revision) => pool.Update(new Dictionary<string, string?> { [pod.Address] = revision }, new());
    }

    [Fact]
    public void A_pod_that_does_not_fit_is_not_asked_even_where_the_others_are_left_alone()
    {
        var pool = new PodPool(_time, new Random(3), () => _ejections++);
        pool.Update(new Dictionary<string, string?> { ["10.0.0.1:80"] = "a", ["10.0.0.2:80"] = "a", ["10.0.0.3:80"] = "b" }, new());
        Assert.Equal(["a", "b"], pool.Revisions);
        for (var i = 0; i < 20; i++)
        {
            using var lease = pool.Take(0, [], pod => pod.Revision == "b")!;
            Assert.Equal("10.0.0.3:80", lease.Pod.Address);
            lease.Failed();
        }

        Assert.Equal(1, _ejections);
        Assert.Null(pool.Take(0, [pool.Take(0, [], pod => pod.Revision == "b")!.Pod], pod => pod.Revision == "b"));
    }

    private PodPool Pool(int pods)
    {
        var pool = new PodPool(_time, new Random(3), () => _ejections++);
        pool.Update(Enumerable.Range(1, pods).ToDictionary(number => $"10.0.0.{number}:80", _ => (string?)null), new());
        return pool;
    }

    private static Pod Asked(PodPool pool)
    {
        using var lease = pool.Take(0, [])!;
        return lease.Pod;
    }

    private static Pod Fail(PodPool pool, int times, Pod? pod = null)
    {
        for (var i = 0; i < times; i++)
        {
            using var lease = Of(pool, pod);
            pod = lease.Pod;
            lease.Failed();
        }

        return pod!;
    }

    private static void Succeed(PodPool pool, Pod pod)
    {
        using var lease = Of(pool, pod);
        lease.Succeeded();
    }

    /// <summary>A request on a pod, or on any.</summary>
    private static PodLease Of(PodPool pool, Pod? pod)
    {
        while (true)
        {
            var lease = pool.Take(0, [])!;
            if (pod is null || lease.Pod == pod)
            {
                return lease;
            }

            lease.Dispose();
        }
    }
}
