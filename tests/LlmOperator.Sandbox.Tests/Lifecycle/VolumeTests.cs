using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Lifecycle;

public sealed class VolumeTests
{
    private const string Pod = """
        {"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data"}}]}}
        """;

    private readonly SmallCluster _cluster = new();

    public VolumeTests() => _cluster.AddNode("n");

    [Fact]
    public void A_claim_of_the_default_class_is_bound_when_its_first_pod_is_placed()
    {
        Claim("5Gi");
        _cluster.Pass(30);
        Assert.Equal("Pending", Get().Text("status", "phase"));
        Assert.Contains(_cluster.Cluster.List(Resources.Events), occurrence => occurrence.Text("reason") == "WaitForFirstConsumer");

        _cluster.Create(Resources.Pods, Pod);
        _cluster.Pass(5);

        var claim = Get();
        Assert.Equal("Bound", claim.Text("status", "phase"));
        Assert.Equal("5Gi", claim.Text("status", "capacity", "storage"));
        Assert.Equal("n", claim.Annotation("volume.kubernetes.io/selected-node"));
        var volume = _cluster.Cluster.Get(new ObjectRef(Resources.Volumes, null, claim.Text("spec", "volumeName")!))!;
        Assert.Equal("Bound", volume.Text("status", "phase"));
        Assert.Equal("Running", _cluster.Get(Resources.Pods, "p").Text("status", "phase"));
    }

    [Fact]
    public void A_claim_in_use_stays_until_its_pod_is_gone_and_takes_its_volume_along()
    {
        Claim("5Gi");
        _cluster.Create(Resources.Pods, Pod);
        _cluster.Pass(5);

        _cluster.Cluster.Delete(new ObjectRef(Resources.Claims, "default", "data"));
        _cluster.Pass(5);
        Assert.True(Get().IsDeleting());

        _cluster.Cluster.Delete(new ObjectRef(Resources.Pods, "default", "p"));
        _cluster.Pass(5);
        Assert.Null(_cluster.Get(Resources.Claims, "data"));
        Assert.Empty(_cluster.Cluster.List(Resources.Volumes));
    }

    [Fact]
    public void The_smallest_volume_that_fits_is_taken_and_kept_when_its_policy_says_so()
    {
        Volume("large", "100Gi");
        Volume("fits", "10Gi");
        Volume("small", "1Gi");
        Claim("5Gi", "\"storageClassName\":\"local\",");
        _cluster.Pass(1);
        Assert.Equal("fits", Get().Text("spec", "volumeName"));

        _cluster.Cluster.Delete(new ObjectRef(Resources.Claims, "default", "data"));
        _cluster.Pass(1);
        Assert.Equal("Released", _cluster.Cluster.Get(new ObjectRef(Resources.Volumes, null, "fits")).Text("status", "phase"));
        Assert.Equal("Available", _cluster.Cluster.Get(new ObjectRef(Resources.Volumes, null, "small")).Text("status", "phase"));
    }

    [Fact]
    public void A_pod_of_a_claim_that_does_not_exist_waits_and_says_so()
    {
        _cluster.Create(Resources.Pods, Pod);
        _cluster.Pass(1);
        Assert.Contains("persistentvolumeclaim \"data\" not found", _cluster.Get(Resources.Pods, "p")!.Condition("PodScheduled").Text("message"), StringComparison.Ordinal);

        Claim("1Gi");
        _cluster.Pass(5);
        Assert.Equal("Running", _cluster.Get(Resources.Pods, "p").Text("status", "phase"));
    }

    [Fact]
    public void Each_pod_of_a_stateful_set_keeps_a_claim_of_its_own()
    {
        _cluster.Create(Resources.StatefulSets, """
            {"metadata":{"name":"q"},"spec":{"serviceName":"q","replicas":2,"selector":{"matchLabels":{"app":"q"}},
             "template":{"metadata":{"labels":{"app":"q"}},"spec":{"containers":[{"name":"c","image":"q:1","volumeMounts":[{"name":"data","mountPath":"/data"}]}]}},
             "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}}
            """);
        _cluster.Pass(10);
        Assert.Equal(2, _cluster.Get(Resources.StatefulSets, "q").Integer("status", "readyReplicas"));
        var bound = _cluster.Get(Resources.Claims, "data-q-1").Text("spec", "volumeName");
        Assert.NotNull(bound);

        _cluster.Change(Resources.StatefulSets, "q", set => set["spec"]!["replicas"] = 1);
        _cluster.Pass(5);
        _cluster.Change(Resources.StatefulSets, "q", set => set["spec"]!["replicas"] = 2);
        _cluster.Pass(10);

        Assert.Equal(bound, _cluster.Get(Resources.Claims, "data-q-1").Text("spec", "volumeName"));
        Assert.Equal(2, _cluster.Get(Resources.StatefulSets, "q").Integer("status", "readyReplicas"));
    }

    private System.Text.Json.Nodes.JsonObject Get() => _cluster.Get(Resources.Claims, "data")!;

    private void Claim(string size, string spec = "") => _cluster.Create(Resources.Claims, $$$$$$$$"""
        {"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],{{{{{{{{spec}}}}}}}}"resources":{"requests":{"storage":"{{{{{{{{size}}}}}}}}"}}}}
        """);

    private void Volume(string name, string size) => _cluster.Cluster.Create(
        Resources.Volumes,
        SmallCluster.Parse($$$$$$$$"""
            {"metadata":{"name":"{{{{{{{{name}}}}}}}}"},"spec":{"capacity":{"storage":"{{{{{{{{size}}}}}}}}"},"accessModes":["ReadWriteOnce"],"storageClassName":"local",
             "persistentVolumeReclaimPolicy":"Retain","hostPath":{"path":"/data"}}}
            """),
        "test");
}
