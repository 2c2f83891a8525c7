using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Workloads;

public sealed class DaemonSetTests
{
    private readonly SmallCluster _cluster = new();

    [Fact]
    public void Every_node_that_suits_runs_one_pod()
    {
        _cluster.AddNode("a");
        _cluster.AddNode("b");
        _cluster.AddNode("gpu", taints: """[{"key":"nvidia.com/gpu","value":"present","effect":"NoSchedule"}]""");
        Create("x:1");

        _cluster.Pass(5);
        Assert.Equal(["a", "b"], _cluster.Pods().Select(pod => pod.Text("spec", "nodeName")).Order());
        Assert.Equal(2, Status("desiredNumberScheduled"));
        Assert.Equal(2, Status("numberAvailable"));

        _cluster.AddNode("c");
        _cluster.Pass(5);
        Assert.Equal(3, Status("numberReady"));
    }

    [Fact]
    public void A_new_template_replaces_the_pods_one_at_a_time()
    {
        _cluster.AddNode("a");
        _cluster.AddNode("b");
        Create("x:1");
        _cluster.Pass(5);

        _cluster.Change(Resources.DaemonSets, "d", set => set["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "x:2");
        _cluster.Runtime.RunUntilIdle();
        Assert.Single(_cluster.Pods(), pod => pod.IsDeleting());

        _cluster.Pass(10);
        Assert.All(_cluster.Pods(), pod => Assert.Equal("x:2", pod.At("spec", "containers")![0].Text("image")));
        Assert.Equal(2, Status("updatedNumberScheduled"));
    }

    private long? Status(string field) => _cluster.Get(Resources.DaemonSets, "d").Integer("status", field);

    private void Create(string image) => _cluster.Create(Resources.DaemonSets, $$$$$$$$"""
        {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"app":"d"}},
         "template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"c","image":"{{{{{{{{image}}}}}}}}"}]}}}}
        """);
}
