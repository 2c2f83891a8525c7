using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Scheduling;

public sealed class PreemptionTests
{
    private static readonly ResourceName Classes = new("scheduling.k8s.io", "priorityclasses");

    private readonly SmallCluster _cluster = new();

    public PreemptionTests()
    {
        foreach (var (name, value) in new[] { ("low", 1), ("middle", 10), ("high", 100) })
        {
            _cluster.Cluster.Create(Classes, SmallCluster.Parse($$"""{"metadata":{"name":"{{name}}"},"value":{{value}}}"""), "test");
        }
    }

    [Fact]
    public void A_pod_takes_the_place_of_a_less_important_one()
    {
        _cluster.AddNode("a", gpus: 1);
        Create("small", "low");
        _cluster.Pass(3);
        Create("big", "high");
        _cluster.Pass(0.1);

        var waiting = _cluster.Get(Resources.Pods, "big")!;
        Assert.Equal("a", waiting.Text("status", "nominatedNodeName"));
        Assert.Equal("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", waiting.Condition("PodScheduled").Text("message"));
        var victim = _cluster.Get(Resources.Pods, "small")!;
        Assert.True(victim.IsDeleting());
        Assert.Equal("PreemptionByScheduler", victim.Condition("DisruptionTarget").Text("reason"));

        _cluster.Pass(40);

        Assert.Null(_cluster.Get(Resources.Pods, "small"));
        var placed = _cluster.Get(Resources.Pods, "big")!;
        Assert.Equal(("a", null), (placed.Text("spec", "nodeName"), placed.Text("status", "nominatedNodeName")));
        Assert.Contains(_cluster.Cluster.List(Resources.Events), each => each.Text("reason") == "Preempted" && each.Text("involvedObject", "name") == "small");
    }

    [Fact]
    public void The_least_important_pod_goes_and_no_more_than_needed()
    {
        _cluster.AddNode("a", gpus: 1);
        _cluster.AddNode("b", gpus: 2);
        Create("middle-0", "middle", "a");
        Create("low-0", "low", "b");
        Create("low-1", "low", "b");
        _cluster.Pass(3);
        Create("big", "high");
        _cluster.Pass(40);

        Assert.Equal("b", _cluster.Get(Resources.Pods, "big")!.Text("spec", "nodeName"));
        Assert.NotNull(_cluster.Get(Resources.Pods, "middle-0"));
        Assert.Single(_cluster.Pods(), pod => pod.Name().StartsWith("low", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("low")]
    [InlineData("never")]
    public void Who_is_not_more_important_or_does_not_preempt_waits(string className)
    {
        _cluster.Cluster.Create(Classes, SmallCluster.Parse("""{"metadata":{"name":"never"},"value":1000,"preemptionPolicy":"Never"}"""), "test");
        _cluster.AddNode("a", gpus: 1);
        Create("small", "low");
        _cluster.Pass(3);
        Create("other", className);
        _cluster.Pass(40);

        Assert.Null(_cluster.Get(Resources.Pods, "other")!.Text("spec", "nodeName"));
        Assert.False(_cluster.Get(Resources.Pods, "small")!.IsDeleting());
    }

    private void Create(string name, string className, string? node = null) => _cluster.Create(Resources.Pods, $$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}"},"spec":{"priorityClassName":"{{{{{className}}}}}"{{{{{(node is null ? "" : $",\"nodeName\":\"{node}\"")}}}}},
         "containers":[{"name":"c","image":"a:1","resources":{"limits":{"nvidia.com/gpu":"1"}}}]}}
        """);
}
