using LlmOperator.Api.Endpoints;
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

        Assert.Equal("8.9203", EndpointPlanner.Plan(observed).Status.Cost!.PerHour); // 2.7447 + 3.4309 + 2.7447
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
        return EndpointPlanner.Plan(observed with { Deployment = Cluster.Running(plan.Deployment!, 0) }).Status.Cost;
    }
}
