using System.Net;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests;

/// <summary>What an endpoint has besides its Deployment and Service: the budget, the network policy, and groups of pods where a model takes several nodes.</summary>
public sealed class EndpointChildrenTests
{
    private const string OverNodes = """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G","count":1},"parallelism":{"pipeline":2}}""";

    [Fact]
    public async Task A_budget_and_a_policy_changed_or_deleted_by_hand_are_put_right()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        var policy = cluster.Api.Peek<NetworkPolicy>("twin")!;
        var peers = policy.Spec!.Ingress![0].From!;

        cluster.Api.Put(policy with { Spec = policy.Spec with { Ingress = [policy.Spec.Ingress[0] with { From = [peers[0] with { NamespaceSelector = new() }, .. peers.Skip(1)] }] } });
        await Until.TrueAsync(() => cluster.Api.Peek<NetworkPolicy>("twin")!.Spec!.Ingress![0].From![0].NamespaceSelector is null, "the hole in the policy is closed");

        cluster.Api.Put(policy with { Spec = policy.Spec with { Ingress = [policy.Spec.Ingress[0] with { Ports = [.. policy.Spec.Ingress[0].Ports!, new() { Port = 22, Protocol = "TCP" }] }] } });
        await Until.TrueAsync(() => cluster.Api.Peek<NetworkPolicy>("twin")!.Spec!.Ingress![0].Ports is { Count: 1 }, "the port is closed");

        cluster.Api.Remove<NetworkPolicy>("twin");
        await Until.TrueAsync(() => cluster.Api.Peek<NetworkPolicy>("twin") is not null, "the policy is back");

        cluster.Api.Remove<PodDisruptionBudget>("twin");
        await Until.TrueAsync(() => cluster.Api.Peek<PodDisruptionBudget>("twin") is not null, "the budget is back");

        var budget = cluster.Api.Peek<PodDisruptionBudget>("twin")!;
        cluster.Api.Put(budget with { Metadata = budget.Metadata with { Generation = (budget.Metadata.Generation ?? 1) + 1 }, Spec = budget.Spec! with { MaxUnavailable = 3 } });
        await Until.TrueAsync(() => cluster.Api.Peek<PodDisruptionBudget>("twin")!.Spec!.MaxUnavailable == 1, "the budget is as before");
    }

    [Fact]
    public async Task A_policy_that_is_switched_off_goes_and_comes_back_when_it_is_switched_on()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();

        cluster.PutEndpoint(spec: """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"networkPolicy":{"enabled":false}}""");
        await Until.TrueAsync(() => cluster.Api.Peek<NetworkPolicy>("twin") is null, "the policy is gone");
        Assert.NotNull(cluster.Api.Peek<PodDisruptionBudget>("twin"));

        cluster.PutEndpoint();
        await Until.TrueAsync(() => cluster.Api.Peek<NetworkPolicy>("twin") is not null, "the policy is back");
    }

    [Fact]
    public async Task A_policy_of_somebody_else_is_left_alone()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutNode();
        cluster.PutModel();
        cluster.Api.Put(new NetworkPolicy { Metadata = new() { Name = "twin", Namespace = "default" }, Spec = new() { PolicyTypes = ["Egress"] } });
        cluster.PutEndpoint();
        cluster.Start();
        await cluster.ConditionAsync("Ready", "False", "NameConflict");

        Assert.Equal(["Egress"], cluster.Api.Peek<NetworkPolicy>("twin")!.Spec!.PolicyTypes!);
        cluster.Api.Remove<NetworkPolicy>("twin");
        await cluster.ConditionAsync("Progressing", "True", "RollingOut");
    }

    [Fact]
    public async Task A_budgets_status_leads_to_no_look()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        cluster.Api.ForgetRequests();
        var budget = cluster.Api.Peek<PodDisruptionBudget>("twin")!;

        cluster.Api.Put(budget with { Status = new() { CurrentHealthy = 1, DisruptionsAllowed = 1 } });
        await cluster.SettleAsync();

        Assert.DoesNotContain(cluster.Api.Requests, request => request.Verb != "watch");
    }

    [Fact]
    public async Task A_model_over_several_nodes_says_what_is_missing_and_is_served_once_it_is_installed()
    {
        await using var cluster = new OperatorFixture();
        var missing = true;
        cluster.Api.Intercept = (request, _) => request.Plural == "leaderworkersets" && Volatile.Read(ref missing) ? throw FakeKubeClient.Error(HttpStatusCode.NotFound, "NotFound") : Task.CompletedTask;
        cluster.PutNode();
        cluster.PutModel();
        cluster.PutEndpoint(spec: OverNodes);
        cluster.Start();
        await cluster.ConditionAsync("Ready", "False", "LeaderWorkerSetMissing");
        Assert.Empty(cluster.Api.PeekAll<Deployment>());

        Volatile.Write(ref missing, false);
        cluster.Api.Put(OperatorFixture.DefinitionOf(LeaderWorkerSet.Resource));
        await Until.TrueAsync(() => cluster.Api.Peek<LeaderWorkerSet>("twin-nodes") is not null, "the group is made", cluster.Clock, TimeSpan.FromMilliseconds(100));
        Assert.Empty(cluster.Api.PeekAll<Deployment>());
        await Until.TrueAsync(() => cluster.Condition("Progressing") is { Reason: "RollingOut" }, "the status says so", cluster.Clock, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_group_that_answers_is_ready_and_takes_the_place_of_the_deployment()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();

        cluster.PutEndpoint(spec: OverNodes);
        await Until.TrueAsync(() => cluster.Api.Peek<LeaderWorkerSet>("twin-nodes") is not null, "the group is made");
        await cluster.SettleAsync();
        Assert.NotNull(cluster.Api.Peek<Deployment>("twin")); // It answers until the group does.

        RunGroup(cluster);
        await cluster.ConditionAsync("Ready", "True", "Serving");
        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>("twin") is null, "the Deployment is gone");
        await Until.TrueAsync(() => cluster.Condition("Scheduled") is { Status: "True", Message: "2 of 2 pods have a node" }, "both pods count", cluster.Clock, TimeSpan.FromSeconds(1));

        var status = cluster.Api.Peek<LlmEndpoint>("twin")!.Status!;
        Assert.Equal(("1/1", "2x A10G"), (status.Ready, status.Accelerator!.Summary));
        Assert.Equal(status.TargetRevision, status.ActiveRevision);
    }

    [Fact]
    public async Task A_group_changed_or_deleted_by_hand_is_put_right_and_at_rest_costs_nothing()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutNode();
        cluster.PutModel();
        cluster.PutEndpoint(spec: OverNodes);
        cluster.Start();
        await Until.TrueAsync(() => cluster.Api.Peek<LeaderWorkerSet>("twin-nodes") is not null, "the group is made");
        RunGroup(cluster);
        await cluster.ConditionAsync("Ready", "True", "Serving");
        await cluster.SettleAsync();

        cluster.Api.Remove<LeaderWorkerSet>("twin-nodes");
        await Until.TrueAsync(() => cluster.Api.Peek<LeaderWorkerSet>("twin-nodes") is not null, "the group is back");

        // What was true of the one before must not be taken for what is true of this one.
        await Until.TrueAsync(() => cluster.Condition("Available")?.Status == "False", "the new group is not there yet", cluster.Clock, TimeSpan.FromSeconds(1));
        RunGroup(cluster);
        await cluster.ConditionAsync("Progressing", "True", "RevisionAvailable");
        await cluster.ConditionAsync("Scheduled", "True", "PodsScheduled");
        await cluster.ConditionAsync("Ready", "True", "Serving");
        await cluster.SettleAsync();

        // Progress that is held back is told, too.
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await cluster.SettleAsync();
        await cluster.StopAsync();
        cluster.Api.ForgetRequests();

        cluster.Start();
        await Until.TrueAsync(() => cluster.Api.OpenWatches >= 9, "all caches are filled");
        await cluster.SettleAsync();
        Assert.Empty(cluster.Api.Writes);
    }

    /// <summary>Plays the controller of LeaderWorkerSets: leader and worker run, and the leader answers.</summary>
    private static void RunGroup(OperatorFixture cluster)
    {
        var groups = cluster.Api.Peek<LeaderWorkerSet>("twin-nodes")!;
        var template = groups.Spec!.LeaderWorkerTemplate!;
        foreach (var (pod, labels) in new[] { ("twin-nodes-0", template.LeaderTemplate), ("twin-nodes-0-1", template.WorkerTemplate) })
        {
            cluster.Api.Put(new Pod
            {
                Metadata = new() { Name = pod, Namespace = "default", Labels = labels!.Metadata!.Labels },
                Spec = new() { NodeName = "a10g-0" },
                Status = new() { Phase = "Running" },
            });
        }

        cluster.Api.Remove<Pod>("twin-pod");
        cluster.Api.Put(groups with { Status = new() { ObservedGeneration = groups.Metadata.Generation, Replicas = 1, ReadyReplicas = 1, UpdatedReplicas = 1 } });
    }
}
