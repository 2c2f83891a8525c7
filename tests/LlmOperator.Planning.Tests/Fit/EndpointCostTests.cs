using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Fit;

public sealed class EndpointCostTests
{
    [Fact]
    public void A_cost_is_replicas_times_accelerators_times_price_without_rounding()
    {
        var cost = Cost("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G","count":4},"replicas":3}""");

        Assert.Equal(new CostStatus { Currency = "USD", PerHour = "12.072", PerReplicaHour = "4.024" }, cost);
    }

    [Fact]
    public void Copies_beside_each_other_are_pods_and_cost_as_such() =>
        Assert.Equal("2.012", Cost("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"parallelism":{"data":2}}""")!.PerHour);

    [Fact]
    public void What_is_not_there_costs_nothing()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model()));

        Assert.Equal("0", plan.Status.Cost!.PerHour);
        Assert.Equal("1.006", plan.Status.Cost.PerReplicaHour);
    }

    [Fact]
    public void Pods_of_a_group_cost_what_the_member_does_they_run_on()
    {
        var endpoint = Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A100"},"replicas":3}""");
        var observed = Cluster.Observe(endpoint, Cluster.Model(), Cluster.Node("small", "NVIDIA-A100-SXM4-40GB"), Cluster.Node("large", "NVIDIA-A100-SXM4-80GB"));
        var plan = EndpointPlanner.Plan(observed);
        observed = observed with { Deployment = Cluster.Running(plan.Deployment!, 2), Pods = [Cluster.Pod("a", "small"), Cluster.Pod("b", "large"), Cluster.Pod("c", null)] };

        Assert.Equal("6.1756", EndpointPlanner.Plan(observed).Status.Cost!.PerHour); // 2.7447 + 3.4309, and nothing for the pod without a node
    }

    [Fact]
    public void While_a_rollout_changes_the_class_each_pod_costs_what_it_runs_on()
    {
        var observed = Cluster.Observe(
            Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A100-80GB","count":2}}"""), Cluster.Model(), Cluster.Node("small", "NVIDIA-A10G"), Cluster.Node("large", "NVIDIA-A100-SXM4-80GB", 8));
        var plan = EndpointPlanner.Plan(observed);
        Pod Holding(string name, string? node, int count, bool goes = false)
        {
            var pod = Cluster.Pod(name, node);
            return pod with
            {
                Metadata = pod.Metadata with { DeletionTimestamp = goes ? DateTimeOffset.UnixEpoch : null },
                Spec = pod.Spec! with { Containers = [new() { Name = "engine", Resources = new() { Limits = new Dictionary<string, Quantity> { ["nvidia.com/gpu"] = Quantity.FromValue(count) } } }] },
            };
        }

        observed = observed with { Deployment = Cluster.Running(plan.Deployment!, 1), Pods = [Holding("old", "small", 1), Holding("going", "small", 1, goes: true), Holding("new", "large", 2), Holding("waiting", null, 2)] };

        var cost = EndpointPlanner.Plan(observed).Status.Cost!;
        Assert.Equal(("8.8738", "6.8618"), (cost.PerHour, cost.PerReplicaHour)); // 2 x 1.006 + 2 x 3.4309
    }

    [Fact]
    public void A_class_without_a_price_has_no_cost()
    {
        var catalogue = AcceleratorCatalogue.Parse("accelerators: [{class: A10G, memoryMiB: 23028, products: [A10G]}]", "f");

        Assert.Null(EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model()) with { Catalogue = catalogue }).Status.Cost);
    }

    [Fact]
    public void Prices_are_in_the_currency_of_the_catalogue()
    {
        var catalogue = AcceleratorCatalogue.Parse("{currency: EUR, accelerators: [{class: A10G, memoryMiB: 23028, products: [A10G], pricePerHour: 0.1}]}", "f");

        Assert.Equal(("EUR", "0.1"), EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model()) with { Catalogue = catalogue }).Status.Cost is { } cost ? (cost.Currency, cost.PerReplicaHour) : default);
    }

    private static CostStatus? Cost(string spec)
    {
        var observed = Cluster.Observe(Cluster.Endpoint(spec), Cluster.Model());
        var plan = EndpointPlanner.Plan(observed);
        var pods = Enumerable.Range(0, plan.Deployment!.Spec!.Replicas!.Value).Select(number => Cluster.Pod($"p{number}", "a10g-0")).ToList();
        return EndpointPlanner.Plan(observed with { Deployment = Cluster.Running(plan.Deployment!, 0), Pods = pods }).Status.Cost;
    }
}
