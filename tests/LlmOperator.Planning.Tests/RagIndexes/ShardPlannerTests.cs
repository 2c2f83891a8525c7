using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Planning.RagIndexes;
using Xunit;

namespace LlmOperator.Planning.Tests.RagIndexes;

public sealed class ShardPlannerTests
{
    [Fact]
    public void More_pods_are_asked_for_at_once_and_shards_wait_until_they_have_joined()
    {
        Assert.Equal(3, ShardPlanner.Plan(3, 1, 1, [new(1, 0)], [On(1, (0, 1))]).Replicas);

        var waiting = ShardPlanner.Plan(3, 3, 1, [new(1, 0)], [On(1, (0, 1), (1, 1), (2, 1))]);
        Assert.Empty(waiting.Steps);
        Assert.Equal("1 of 3 nodes have joined the cluster", waiting.Progress);
    }

    [Fact]
    public void A_raised_replication_factor_makes_the_copies_that_are_missing()
    {
        var plan = ShardPlanner.Plan(2, 2, 2, [new(1, 0), new(2, 1)], [On(2, (0, 1), (1, 2))]);

        Assert.Equal([new ShardStep("c", ShardChange.Replicate, 0, 1, 2)], plan.Steps);
    }

    [Fact]
    public void Nothing_is_begun_in_a_collection_while_a_shard_of_it_is_on_its_way() =>
        Assert.Empty(ShardPlanner.Plan(2, 2, 2, [new(1, 0), new(2, 1)], [On(2, (0, 1)) with { Transfers = 1 }]).Steps);

    [Fact]
    public void A_node_leaves_the_cluster_only_when_it_is_empty_and_its_pod_only_when_it_has_left()
    {
        QdrantPeer[] peers = [new(1, 0), new(2, 1)];

        var moving = ShardPlanner.Plan(1, 2, 2, peers, [On(1, (0, 1), (1, 2))]);
        Assert.Equal([new ShardStep("c", ShardChange.Move, 1, 2, 1)], moving.Steps);
        Assert.Null(moving.Remove);
        Assert.Equal(2, moving.Replicas);

        Assert.Null(ShardPlanner.Plan(1, 2, 2, peers, [On(1, (0, 1), (1, 1)) with { Transfers = 1 }]).Remove);
        Assert.Null(ShardPlanner.Plan(1, 2, 1, peers, [On(1, (0, 1), (1, 1))]).Remove);

        var leaving = ShardPlanner.Plan(1, 2, 2, peers, [On(1, (0, 1), (1, 1))]);
        Assert.Equal(2ul, leaving.Remove);
        Assert.Equal(2, leaving.Replicas);

        Assert.Equal(1, ShardPlanner.Plan(1, 2, 2, [peers[0]], [On(1, (0, 1), (1, 1))]).Replicas);
    }

    [Fact]
    public void A_copy_that_is_not_active_is_not_what_another_one_is_dropped_for()
    {
        var collection = new PlacedCollection("c", 1, [new(0, 1, IsActive: false), new(0, 2, IsActive: true)], 0);

        Assert.DoesNotContain(ShardPlanner.Plan(1, 2, 2, [new(1, 0), new(2, 1)], [collection]).Steps, step => step.Change == ShardChange.Drop);
    }

    [Fact]
    public void From_any_placement_the_steps_end_with_every_shard_kept_copied_and_spread()
    {
        var cases =
            from pods in Gen.Choose(1, 5)
            from wanted in Gen.Choose(1, 5)
            from shards in Gen.Choose(1, 6)
            from factor in Gen.Choose(1, 4)
            from seed in Gen.Choose(0, int.MaxValue)
            select (pods, wanted, shards, factor, seed);

        Prop.ForAll(cases.ToArbitrary(), one => Settles(one.pods, one.wanted, one.shards, one.factor, one.seed)).QuickCheckThrowOnFailure();
    }

    private static bool Settles(int pods, int wanted, int shards, int factor, int seed)
    {
        var random = new Random(seed);
        var peers = Enumerable.Range(0, pods).Select(ordinal => new QdrantPeer((ulong)ordinal + 1, ordinal)).ToList();
        var replicas = Enumerable.Range(0, shards).SelectMany(shard => peers.OrderBy(_ => random.Next()).Take(random.Next(1, pods + 1)).Select(peer => (Shard: (uint)shard, Peer: peer.Id))).ToHashSet();
        for (var round = 0; round < 200; round++)
        {
            var plan = ShardPlanner.Plan(wanted, pods, pods, peers, [new("c", factor, [.. replicas.Select(replica => new PlacedShard(replica.Shard, replica.Peer, true))], 0)]);
            if (plan.Steps.Count == 0 && plan.Remove is null && plan.Replicas == pods)
            {
                var copies = Math.Min(factor, wanted);
                var loads = peers.Select(peer => replicas.Count(replica => replica.Peer == peer.Id)).ToList();
                return pods == wanted && plan.Progress is null && peers.Count == wanted
                    && replicas.GroupBy(replica => replica.Shard).Count() == shards && replicas.GroupBy(replica => replica.Shard).All(shard => shard.Count() == copies)
                    && loads.Max() - loads.Min() <= 1;
            }

            // Never two nodes at once, and never one that holds anything.
            if (plan.Replicas < pods - 1 || (plan.Remove is { } gone && replicas.Any(replica => replica.Peer == gone)))
            {
                return false;
            }

            foreach (var step in plan.Steps)
            {
                if (step.Change != ShardChange.Replicate)
                {
                    replicas.Remove((step.Shard, step.From));
                }

                if (step.Change != ShardChange.Drop)
                {
                    replicas.Add((step.Shard, step.To));
                }
            }

            peers.RemoveAll(peer => peer.Id == plan.Remove);
            for (; pods < plan.Replicas; pods++)
            {
                peers.Add(new((ulong)pods + 100, pods));
            }

            pods = plan.Replicas;
            if (replicas.Select(replica => replica.Shard).Distinct().Count() != shards)
            {
                return false;
            }
        }

        return false;
    }

    private static PlacedCollection On(int factor, params (uint Shard, ulong Peer)[] replicas) => new("c", factor, [.. replicas.Select(replica => new PlacedShard(replica.Shard, replica.Peer, true))], 0);
}
