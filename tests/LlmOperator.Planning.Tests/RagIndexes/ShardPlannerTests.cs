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
        Assert.Empty(ShardPlanner.Plan(2, 2, 2, [new(1, 0), new(2, 1)], [On(2, (0, 1)) with { Transfers = [new(0, 1, 2)] }]).Steps);

    [Fact]
    public void A_node_leaves_the_cluster_only_when_it_is_empty_and_its_pod_only_when_it_has_left()
    {
        QdrantPeer[] peers = [new(1, 0), new(2, 1)];

        var moving = ShardPlanner.Plan(1, 2, 2, peers, [On(1, (0, 1), (1, 2))]);
        Assert.Equal([new ShardStep("c", ShardChange.Move, 1, 2, 1)], moving.Steps);
        Assert.Null(moving.Remove);
        Assert.Equal(2, moving.Replicas);

        Assert.Null(ShardPlanner.Plan(1, 2, 2, peers, [On(1, (0, 1), (1, 1)) with { Transfers = [new(0, 1, 2)] }]).Remove);
        Assert.Null(ShardPlanner.Plan(1, 2, 1, [new(1, 0, IsUp: false), new(2, 1)], [On(1, (0, 1), (1, 1))]).Remove);

        var leaving = ShardPlanner.Plan(1, 2, 2, peers, [On(1, (0, 1), (1, 1))]);
        Assert.Equal(2ul, leaving.Remove);
        Assert.Equal(2, leaving.Replicas);

        Assert.Equal(1, ShardPlanner.Plan(1, 2, 2, [peers[0]], [On(1, (0, 1), (1, 1))]).Replicas);
    }

    [Fact]
    public void A_copy_that_is_not_active_is_not_what_another_one_is_dropped_for()
    {
        var collection = new PlacedCollection("c", 1, [new(0, 1, IsActive: false), new(0, 2, IsActive: true)]);

        Assert.DoesNotContain(ShardPlanner.Plan(1, 2, 2, [new(1, 0), new(2, 1)], [collection]).Steps, step => step.Change == ShardChange.Drop);
    }

    [Fact]
    public void What_a_lost_node_had_is_dropped_where_others_have_it_then_it_leaves_and_then_the_copies_are_made_again()
    {
        QdrantPeer[] peers = [new(1, 0), new(2, 1, IsUp: false, IsLost: true), new(3, 2)];
        Assert.Equal([new ShardStep("c", ShardChange.Drop, 0, 2, 0)], ShardPlanner.Plan(3, 3, 2, peers, [On(2, (0, 1), (0, 2), (1, 1), (1, 3))]).Steps);

        var leaves = ShardPlanner.Plan(3, 3, 2, peers, [On(2, (0, 1), (1, 1), (1, 3))]);
        Assert.Equal((2ul, 3, null), (leaves.Remove, leaves.Replicas, leaves.Problem));

        QdrantPeer[] back = [peers[0], peers[2], new(4, 1)];
        Assert.Equal([new ShardStep("c", ShardChange.Replicate, 0, 1, 4)], ShardPlanner.Plan(3, 3, 3, back, [On(2, (0, 1), (1, 1), (1, 3))]).Steps);
    }

    [Fact]
    public void The_last_copy_of_a_shard_stays_with_a_lost_node_and_is_named()
    {
        var plan = ShardPlanner.Plan(3, 3, 2, [new(1, 0), new(2, 1, IsUp: false, IsLost: true), new(3, 2)], [On(1, (0, 1), (1, 2), (2, 3))]);

        Assert.Empty(plan.Steps);
        Assert.Null(plan.Remove);
        Assert.Equal(ShardLosses.ShardsLost, plan.Problem!.Reason);
        Assert.Contains("shard 1 of c was on node 1 alone, whose volume is gone", plan.Problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transfer_from_or_to_a_lost_node_is_broken_off()
    {
        QdrantPeer[] peers = [new(1, 0), new(2, 1, IsUp: false, IsLost: true), new(3, 2)];

        Assert.Equal([new ShardStep("c", ShardChange.Abort, 0, 1, 2)], ShardPlanner.Plan(3, 3, 2, peers, [On(2, (0, 1)) with { Transfers = [new(0, 1, 2)] }]).Steps);
        Assert.Empty(ShardPlanner.Plan(3, 3, 2, peers, [On(2, (0, 1), (0, 3)) with { Transfers = [new(0, 1, 3)] }]).Steps);
    }

    [Fact]
    public void Shards_whose_nodes_do_not_answer_are_named_and_wait()
    {
        var plan = ShardPlanner.Plan(2, 2, 1, [new(1, 0), new(2, 1, IsUp: false)], [On(1, (0, 1), (1, 2))]);

        Assert.Equal((ShardLosses.ShardsUnavailable, 0), (plan.Problem!.Reason, plan.Steps.Count));
        Assert.Contains("shard 1 of c is on node 1, which does not answer", plan.Problem.Message, StringComparison.Ordinal);
        Assert.Null(ShardPlanner.Plan(2, 2, 1, [new(1, 0), new(2, 1, IsUp: false)], [On(2, (0, 1), (0, 2))]).Problem);
    }

    [Fact]
    public void Shards_without_any_copy_and_ready_pods_that_are_in_no_cluster_are_named()
    {
        Assert.Contains("1 of the 2 shards of c have no copy", ShardPlanner.Plan(1, 1, 1, [new(1, 0)], [On(1, (0, 1)) with { Shards = 2 }]).Problem!.Message, StringComparison.Ordinal);

        var apart = ShardPlanner.Plan(3, 3, 3, [new(1, 1), new(2, 2)], [On(1, (0, 1))]).Problem!;
        Assert.Equal(ShardLosses.NodesApart, apart.Reason);
        Assert.Contains("the pods of node 0 are ready and not in the cluster", apart.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_does_not_answer_may_leave_when_others_have_all_it_had()
    {
        QdrantPeer[] peers = [new(1, 0), new(2, 1), new(3, 2, IsUp: false)];

        Assert.Equal([new ShardStep("c", ShardChange.Drop, 0, 3, 0)], ShardPlanner.Plan(2, 3, 2, peers, [On(1, (0, 1), (0, 3))]).Steps);
        Assert.Equal(3ul, ShardPlanner.Plan(2, 3, 2, peers, [On(1, (0, 1))]).Remove);
        Assert.Equal(2, ShardPlanner.Plan(2, 3, 2, peers[..2], [On(1, (0, 1))]).Replicas);
        Assert.Empty(ShardPlanner.Plan(2, 3, 2, peers, [On(1, (0, 3))]).Steps);
    }

    [Fact]
    public void From_any_placement_with_lost_nodes_everything_that_somebody_has_is_kept_and_the_rest_is_named()
    {
        var cases =
            from pods in Gen.Choose(2, 5)
            from gone in Gen.Choose(0, 4)
            from shards in Gen.Choose(1, 6)
            from factor in Gen.Choose(1, 3)
            from seed in Gen.Choose(0, int.MaxValue)
            select (pods, gone: gone % pods, shards, factor, seed);

        Prop.ForAll(cases.ToArbitrary(), one => Mends(one.pods, one.gone, one.shards, one.factor, one.seed)).QuickCheckThrowOnFailure();
    }

    private static bool Mends(int pods, int gone, int shards, int factor, int seed)
    {
        var random = new Random(seed);
        var peers = Enumerable.Range(0, pods).Select(ordinal => new QdrantPeer((ulong)ordinal + 1, ordinal, IsUp: ordinal != gone, IsLost: ordinal == gone)).ToList();
        var lost = (ulong)gone + 1;
        var replicas = Enumerable.Range(0, shards).SelectMany(shard => peers.OrderBy(_ => random.Next()).Take(random.Next(1, pods + 1)).Select(peer => (Shard: (uint)shard, Peer: peer.Id))).ToHashSet();
        var only = replicas.GroupBy(replica => replica.Shard).Where(shard => shard.All(replica => replica.Peer == lost)).Select(shard => shard.Key).ToHashSet();
        for (var round = 0; round < 200; round++)
        {
            var isBack = peers.TrueForAll(peer => !peer.IsLost);
            var plan = ShardPlanner.Plan(pods, pods, isBack ? pods : pods - 1, peers, [new("c", factor, [.. replicas.Select(replica => new PlacedShard(replica.Shard, replica.Peer, true))])]);
            if (only.Count > 0 != (plan.Problem?.Reason == ShardLosses.ShardsLost) || plan.Steps.Any(step => step.Change != ShardChange.Drop && (step.From == lost || step.To == lost)))
            {
                return false;
            }

            if (plan.Steps.Count == 0 && plan.Remove is null)
            {
                return only.Count > 0
                    ? replicas.Where(replica => replica.Peer == lost).Select(replica => replica.Shard).ToHashSet().SetEquals(only)
                    : isBack && replicas.GroupBy(replica => replica.Shard).Count() == shards && replicas.GroupBy(replica => replica.Shard).All(shard => shard.Count() == Math.Min(factor, pods));
            }

            foreach (var step in plan.Steps)
            {
                _ = step.Change != ShardChange.Replicate && replicas.Remove((step.Shard, step.From));
                _ = step.Change != ShardChange.Drop && replicas.Add((step.Shard, step.To));
            }

            if (plan.Remove is { } removed)
            {
                if (removed != lost || replicas.Any(replica => replica.Peer == lost))
                {
                    return false;
                }

                // Its pod joins as a new node.
                peers.RemoveAll(peer => peer.Id == removed);
                peers.Add(new(100, gone));
            }
        }

        return false;
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
            var plan = ShardPlanner.Plan(wanted, pods, pods, peers, [new("c", factor, [.. replicas.Select(replica => new PlacedShard(replica.Shard, replica.Peer, true))])]);
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

    private static PlacedCollection On(int factor, params (uint Shard, ulong Peer)[] replicas) => new("c", factor, [.. replicas.Select(replica => new PlacedShard(replica.Shard, replica.Peer, true))]);
}
