using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Nodes;

public sealed class NodeTests
{
    private readonly SmallCluster _cluster = new();

    [Fact]
    public void The_default_nodes_are_accepted_and_offer_what_their_machines_have()
    {
        foreach (var node in DefaultNodes.All)
        {
            _cluster.Cluster.Create(Resources.Nodes, node, "test");
        }

        _cluster.Pass(1);

        var gpus = _cluster.Cluster.List(Resources.Nodes).ToDictionary(node => node.Name(), node => (node.Label("nvidia.com/gpu.product"), node.Text("status", "allocatable", "nvidia.com/gpu")));
        Assert.Equal(6, gpus.Count);
        Assert.Equal(2, gpus.Values.Count(node => node == ("NVIDIA-A10G", "1")));
        Assert.Contains(("NVIDIA-A10G", "4"), gpus.Values);
        Assert.Contains(("NVIDIA-A100-SXM4-80GB", "8"), gpus.Values);
        Assert.Equal(2, gpus.Values.Count(node => node == (null, null)));
        Assert.All(_cluster.Cluster.List(Resources.Nodes), node => Assert.True(node.IsTrue("Ready")));
        Assert.Equal(6, _cluster.Cluster.List(new("coordination.k8s.io", "leases"), "kube-node-lease").Count);
    }

    [Fact]
    public void A_cordoned_node_takes_no_pods_until_it_is_released()
    {
        _cluster.AddNode("n");
        Cordon(true);
        _cluster.Create(Resources.Pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        _cluster.Pass(5);
        Assert.Contains(Taints(), taint => taint.Text("key") == "node.kubernetes.io/unschedulable");
        Assert.Contains("1 node(s) were unschedulable", _cluster.Get(Resources.Pods, "p")!.Condition("PodScheduled").Text("message"), StringComparison.Ordinal);

        Cordon(false);
        _cluster.Pass(5);
        Assert.Empty(Taints());
        Assert.Equal("Running", _cluster.Get(Resources.Pods, "p").Text("status", "phase"));
    }

    [Fact]
    public void Pods_leave_a_node_that_stays_unready_after_the_time_they_tolerate_it()
    {
        _cluster.AddNode("n");
        _cluster.Create(Resources.Pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        _cluster.Pass(5);

        _cluster.Cluster.Update(new ObjectRef(Resources.Nodes, null, "n"), node => node.Condition("Ready")!["status"] = "False", "test", "status");
        _cluster.Pass(290);
        Assert.NotNull(_cluster.Get(Resources.Pods, "p"));
        _cluster.Pass(20);
        Assert.Null(_cluster.Get(Resources.Pods, "p"));
    }

    [Fact]
    public void Pods_of_a_node_that_is_gone_are_removed_after_a_while_and_run_elsewhere()
    {
        _cluster.AddNode("n");
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("d"));
        _cluster.Pass(5);

        _cluster.Cluster.Delete(new ObjectRef(Resources.Nodes, null, "n"));
        _cluster.AddNode("m");
        _cluster.Pass(30);
        Assert.Equal("n", Assert.Single(_cluster.Pods()).Text("spec", "nodeName"));
        _cluster.Pass(30);
        Assert.Equal("m", Assert.Single(_cluster.Pods()).Text("spec", "nodeName"));
    }

    [Fact]
    public void Pods_of_a_node_with_a_kubelet_of_its_own_are_left_alone()
    {
        _cluster.Create(Resources.Nodes, """
            {"metadata":{"name":"n","annotations":{"sandbox.llmops.dev/kubelet":"none"}},"status":{"capacity":{"cpu":"8","memory":"8Gi","pods":"10"}}}
            """);
        _cluster.Create(Resources.Pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        _cluster.Pass(60);

        Assert.Equal("n", _cluster.Get(Resources.Pods, "p").Text("spec", "nodeName"));
        Assert.Equal("Pending", _cluster.Get(Resources.Pods, "p").Text("status", "phase"));
        Assert.Null(_cluster.Get(Resources.Nodes, "n")!.Condition("Ready"));
    }

    [Fact]
    public void A_container_out_of_memory_says_so_and_is_started_again()
    {
        _cluster.AddNode("n");
        _cluster.Create(Resources.Pods, """
            {"metadata":{"name":"p","annotations":{"sandbox.llmops.dev/fail":"OutOfMemory"}},"spec":{"containers":[{"name":"c","image":"i"}]}}
            """);
        _cluster.Pass(8);

        var status = _cluster.Get(Resources.Pods, "p").At("status", "containerStatuses")![0];
        Assert.Equal("CrashLoopBackOff", status.Text("state", "waiting", "reason"));
        Assert.Equal("OOMKilled", status.Text("lastState", "terminated", "reason"));
        Assert.Equal(137, status.Integer("lastState", "terminated", "exitCode"));
    }

    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}""", "apiVersion and kind must be v1 and Node")]
    [InlineData("""{"apiVersion":"v1","kind":"Node","metadata":{}}""", "metadata.name is missing")]
    [InlineData("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"},"status":{"capacity":{"cpu":"8"}}}""", "status.capacity.memory is missing")]
    [InlineData("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"},"status":{"capacity":{"cpu":"eight","memory":"1Gi"}}}""", "status.capacity[\"cpu\"] is eight")]
    [InlineData("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"},"spec":{"taints":[{"key":"k","effect":"Never"}]},"status":{"capacity":{"cpu":"8","memory":"1Gi"}}}""", "spec.taints[0].effect is Never")]
    [InlineData("""{"apiVersion":"v1","kind":"List","items":[]}""", "no nodes given")]
    public void A_node_that_cannot_run_pods_is_refused_with_the_field_at_fault(string json, string wanted)
    {
        var fault = Assert.Throws<ArgumentException>(() => NodeCatalog.Read([SmallCluster.Parse(json)]));

        Assert.Contains(wanted, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_stands_for_its_nodes()
    {
        var list = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "NodeList", ["items"] = new JsonArray([.. DefaultNodes.All.Select(node => (JsonNode)node)]) };

        Assert.Equal(DefaultNodes.All.Select(node => node.Name()), NodeCatalog.Read([list]).Select(node => node.Name()));
    }

    private IEnumerable<JsonObject> Taints() => _cluster.Get(Resources.Nodes, "n")!.Objects("spec", "taints");

    private void Cordon(bool on) => _cluster.Cluster.Update(
        new ObjectRef(Resources.Nodes, null, "n"),
        node =>
        {
            if (on)
            {
                node["spec"]!["unschedulable"] = true;
            }
            else
            {
                node["spec"]!.AsObject().Remove("unschedulable");
            }
        },
        "test");
}
