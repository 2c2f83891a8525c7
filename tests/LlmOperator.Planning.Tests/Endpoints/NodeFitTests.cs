using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Endpoints;

public sealed class NodeFitTests
{
    private static readonly Node A10G = Cluster.Node("a10g-0", "NVIDIA-A10G", 2);

    [Fact]
    public void Each_node_says_what_keeps_the_pods_from_it_and_the_class_asked_for_comes_first()
    {
        Node[] nodes =
        [
            Cluster.Node("z-100", "NVIDIA-A100-SXM4-80GB"),
            Cluster.Node("b-cpu", null, 0),
            A10G with { Metadata = A10G.Metadata with { Name = "c-cordoned" }, Spec = new() { Unschedulable = true } },
            A10G with { Metadata = A10G.Metadata with { Name = "d-tainted" }, Spec = new() { Taints = [new() { Key = "team", Value = "x", Effect = "NoExecute" }] } },
            Cluster.Node("e-none", "NVIDIA-A10G", 0),
            Cluster.Node("f-shared", "NVIDIA-A10G-SHARED", 8),
            A10G with { Metadata = new() { Name = "g-small", Labels = A10G.Metadata.Labels }, Status = new() { Allocatable = new Dictionary<string, Quantity> { ["nvidia.com/gpu"] = Quantity.FromValue(2), ["cpu"] = Quantity.Parse("1900m") } } },
        ];

        var message = Scheduled("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}""", nodes).Message;

        Assert.Contains("no node with enough A10G takes the pods", message);
        Assert.Contains(
            "Node by node: c-cordoned is cordoned; d-tainted has taint team=x:NoExecute, which is not tolerated; e-none offers no nvidia.com/gpu; g-small has 1900m cpu and the pod asks for 2100m; "
            + "f-shared has NVIDIA-A10G-SHARED (shared with other pods; not in the catalogue); and of 1 more: 1 has A100-80GB; 1 without accelerators",
            message);
    }

    [Fact]
    public void A_node_selector_names_the_label_that_is_missing_or_other()
    {
        var labelled = A10G with { Metadata = A10G.Metadata with { Name = "b", Labels = new Dictionary<string, string>(A10G.Metadata.Labels!) { ["zone"] = "a" } } };

        var message = Scheduled("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"scheduling":{"nodeSelector":{"zone":"b"}}}""", A10G, labelled).Message;

        Assert.Contains("a10g-0 lacks label zone=b of the node selector; b has label zone=a, and the node selector wants b", message);
    }

    [Fact]
    public void Tolerated_taints_and_preferences_keep_nobody_out()
    {
        var tainted = A10G with { Spec = new() { Taints = [new() { Key = "nvidia.com/gpu", Value = "present", Effect = "NoSchedule" }, new() { Key = "sku", Value = "gpu", Effect = "NoSchedule" }, new() { Key = "soft", Effect = "PreferNoSchedule" }] } };

        Assert.Equal("PodsPending", Scheduled("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}""", tainted).Reason);
    }

    [Fact]
    public void Many_nodes_are_counted_rather_than_named()
    {
        Node[] nodes = [.. Enumerable.Range(0, 40).Select(number => Cluster.Node($"n{number:00}", number < 30 ? "NVIDIA-A100-SXM4-80GB" : "NVIDIA-L4"))];

        var message = Scheduled("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}""", nodes).Message!;

        Assert.Contains("n04 has A100-80GB; and of 35 more: 25 has A100-80GB, 10 has L4", message);
        Assert.True(message.Length < 1000);
    }

    [Fact]
    public void A_refused_pod_tells_which_endpoints_hold_the_accelerators_beside_the_schedulers_words()
    {
        var holder = new Pod
        {
            Metadata = new() { Name = "x-1", Namespace = "prod", Labels = new Dictionary<string, string> { ["llmops.dev/endpoint"] = "chat" } },
            Spec = new() { NodeName = "a10g-0", Containers = [new() { Name = "engine", Resources = new() { Limits = new Dictionary<string, Quantity> { ["nvidia.com/gpu"] = Quantity.FromValue(2) } } }] },
            Status = new() { Phase = "Running" },
        };
        var observed = Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G, Cluster.Node("free", "NVIDIA-A10G")) with
        {
            Pods = [Cluster.Pod("p", null, "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.")],
            PodsOn = node => node == "a10g-0" ? [holder] : [],
        };

        var message = EndpointPlanner.Plan(observed).Status.Conditions.Find(ConditionTypes.Scheduled)!.Message;

        Assert.Contains("the scheduler says: 0/2 nodes are available: 2 Insufficient nvidia.com/gpu. Node by node: a10g-0 has 2 of 2 nvidia.com/gpu taken by prod/chat; free seems to have room", message);
    }

    private static Condition Scheduled(string spec, params Node[] nodes) =>
        EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(spec), Cluster.Model(), nodes)).Status.Conditions.Find(ConditionTypes.Scheduled)!;
}
