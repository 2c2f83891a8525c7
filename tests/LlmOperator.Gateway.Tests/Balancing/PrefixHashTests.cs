using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Gateway.Balancing;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Gateway.Tests.Balancing;

public sealed class PrefixHashTests
{
    private const int Replication = 256;

    [Fact]
    public void A_key_keeps_its_pod_however_the_pods_are_listed() => Prop.ForAll<ulong, PositiveInt>((key, count) =>
    {
        var pods = Pods(1 + (count.Get % 20));
        string[] reversed = [.. pods.Reverse()];
        return pods[new HashRing(pods, Replication).From(key).First()] == reversed[new HashRing(reversed, Replication).From(key).First()];
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_pod_that_goes_moves_its_own_keys_and_no_others() => Prop.ForAll<ulong, PositiveInt, NonNegativeInt>((key, count, gone) =>
    {
        var pods = Pods(2 + (count.Get % 20));
        var left = pods.Where((_, index) => index != gone.Get % pods.Length).ToArray();
        var (before, after) = (pods[new HashRing(pods, Replication).From(key).First()], left[new HashRing(left, Replication).From(key).First()]);
        return before == after || before == pods[gone.Get % pods.Length];
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_pod_follows_a_key_exactly_once() => Prop.ForAll<ulong, NonNegativeInt>((key, count) =>
    {
        var pods = Pods(count.Get % 20);
        return new HashRing(pods, Replication).From(key).Order().SequenceEqual(Enumerable.Range(0, pods.Length));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Keys_are_spread_evenly()
    {
        var pods = Pods(8);
        var ring = new HashRing(pods, Replication);
        var counts = Enumerable.Range(0, 8000).GroupBy(number => ring.From(HashRing.Hash($"prompt {number}")).First()).Select(group => group.Count()).ToList();
        Assert.Equal(8, counts.Count);
        Assert.All(counts, count => Assert.InRange(count, 700, 1300));
    }

    [Fact]
    public void No_pod_has_more_than_its_bound_whatever_is_asked_and_answered() => Prop.ForAll<PositiveInt, int[]>((count, steps) =>
    {
        var pool = Pool(1 + (count.Get % 12), 1.25, out var pods);
        var leases = new List<PodLease>();
        foreach (var step in steps)
        {
            if (step % 3 == 0 && leases.Count > 0)
            {
                leases[Math.Abs(step % leases.Count)].Dispose();
                leases.RemoveAt(Math.Abs(step % leases.Count));
                continue;
            }

            // Few keys, so that they would pile up on few pods.
            var most = (int)Math.Ceiling(1.25 * (leases.Count + 1) / pods);
            var lease = pool.Take(HashRing.Hash($"{step % 3}"), [])!;
            leases.Add(lease);
            if (lease.Pod.InFlight > most)
            {
                return false;
            }
        }

        return true;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_idle_pool_sends_prompts_that_begin_alike_to_one_pod()
    {
        var pool = Pool(6, 1.25, out _);
        var asked = Enumerable.Range(0, 20).Select(_ =>
        {
            using var lease = pool.Take(HashRing.Hash("the same"), [])!;
            return lease.Pod.Address;
        }).Distinct();
        Assert.Single(asked);
    }

    private static PodPool Pool(int count, double factor, out int pods)
    {
        var pool = new PodPool(new ManualTimeProvider(), new Random(1));
        pool.Update(Pods(count).ToDictionary(pod => pod, _ => (string?)null), new(100, factor, Replication));
        pods = count;
        return pool;
    }

    private static string[] Pods(int count) => [.. Enumerable.Range(1, count).Select(number => $"10.0.{number}.{number}:8080")];
}
