using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Scheduling;

public sealed class SchedulerTests
{
    private const string Taints = """[{"key":"nvidia.com/gpu","value":"present","effect":"NoSchedule"}]""";
    private const string Toleration = ""","tolerations":[{"key":"nvidia.com/gpu","operator":"Exists","effect":"NoSchedule"}]""";

    private readonly SmallCluster _cluster = new();

    [Fact]
    public void A_pod_that_fits_nowhere_says_why_for_each_node()
    {
        AddGpuNodes();
        _cluster.Create(Resources.Pods, Gpu("fits", "A10G", Toleration));
        _cluster.Pass(1);
        _cluster.Create(Resources.Pods, Gpu("full", "A10G", Toleration));
        _cluster.Create(Resources.Pods, Gpu("untolerated", "A100", ""));
        _cluster.Create(Resources.Pods, Gpu("nowhere", "H100", Toleration));
        _cluster.Pass(1);

        Assert.Equal("a10g", _cluster.Get(Resources.Pods, "fits")!.Text("spec", "nodeName"));
        Assert.Equal(
            "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
            Reason("full"));
        Assert.Equal(
            "0/2 nodes are available: 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
            Reason("untolerated"));
        Assert.Equal(
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
            Reason("nowhere"));
        Assert.Contains(_cluster.Cluster.List(Resources.Events), each => each.Text("reason") == "FailedScheduling" && each.Text("involvedObject", "name") == "full");
    }

    [Fact]
    public void A_waiting_pod_is_placed_when_another_frees_its_gpu()
    {
        AddGpuNodes();
        _cluster.Create(Resources.Pods, Gpu("first", "A10G", Toleration));
        _cluster.Pass(2);
        _cluster.Create(Resources.Pods, Gpu("second", "A10G", Toleration));
        _cluster.Pass(2);
        _cluster.Cluster.Delete(new ObjectRef(Resources.Pods, "default", "first"));
        _cluster.Pass(3);

        Assert.Equal("Running", _cluster.Get(Resources.Pods, "second")!.Text("status", "phase"));
    }

    [Fact]
    public void A_waiting_pod_is_placed_when_a_node_appears()
    {
        _cluster.Create(Resources.Pods, Gpu("p", "A10G", Toleration));
        _cluster.Pass(1);
        Assert.Equal("no nodes available to schedule pods", Reason("p"));

        AddGpuNodes();
        _cluster.Pass(2);

        Assert.Equal("a10g", _cluster.Get(Resources.Pods, "p")!.Text("spec", "nodeName"));
    }

    [Fact]
    public void Topology_spread_keeps_the_skew_between_zones()
    {
        _cluster.AddNode("a", """{"zone":"a"}""");
        _cluster.AddNode("b", """{"zone":"b"}""", cpu: 200);
        const string Spread = ""","topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"r"}}}]""";
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("r", replicas: 4, podSpec: Spread));
        _cluster.Pass(3);

        Assert.Equal(["a", "a", "b", "b"], _cluster.Pods().Select(pod => pod.Text("spec", "nodeName")!).Order());
    }

    [Fact]
    public void Anti_affinity_puts_one_pod_on_each_host_and_lets_the_rest_wait()
    {
        _cluster.AddNode("a", """{"host":"a"}""");
        _cluster.AddNode("b", """{"host":"b"}""");
        const string Apart = ""","affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"host","labelSelector":{"matchLabels":{"app":"r"}}}]}}""";
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("r", replicas: 3, podSpec: Apart));
        _cluster.Pass(3);

        Assert.Equal(2, _cluster.Pods().Select(pod => pod.Text("spec", "nodeName")).OfType<string>().Distinct().Count());
        Assert.Contains("2 node(s) didn't match pod anti-affinity rules", _cluster.Pods().Select(pod => pod.Condition("PodScheduled").Text("message")).Single(message => message is not null));
    }

    private void AddGpuNodes()
    {
        _cluster.AddNode("a10g", """{"nvidia.com/gpu.product":"A10G"}""", Taints, gpus: 1);
        _cluster.AddNode("a100", """{"nvidia.com/gpu.product":"A100"}""", Taints, gpus: 8);
    }

    private string? Reason(string pod) => _cluster.Get(Resources.Pods, pod)!.Condition("PodScheduled").Text("message");

    private static string Gpu(string name, string product, string more) => $$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}"},"spec":{"containers":[{"name":"engine","image":"vllm:1","resources":{"limits":{"nvidia.com/gpu":"1"}}}],
         "nodeSelector":{"nvidia.com/gpu.product":"{{{{{product}}}}}"}{{{{{more}}}}}}}
        """;
}
