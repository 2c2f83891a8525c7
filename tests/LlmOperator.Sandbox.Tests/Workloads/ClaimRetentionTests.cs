using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Workloads;

public sealed class ClaimRetentionTests
{
    private readonly SmallCluster _cluster = new();

    public ClaimRetentionTests() => _cluster.AddNode("cpu-0");

    [Theory]
    [InlineData("Delete", "Delete", 1, 0)]
    [InlineData("Delete", "Retain", 2, 1)]
    [InlineData("Retain", "Delete", 1, 1)]
    [InlineData("Retain", "Retain", 2, 2)]
    public void Claims_go_with_what_the_policy_ties_them_to(string whenDeleted, string whenScaled, int afterScaling, int afterDeletion)
    {
        _cluster.Create(Resources.StatefulSets, $$$$"""
            {"metadata":{"name":"s"},"spec":{"serviceName":"s","replicas":2,"selector":{"matchLabels":{"app":"s"}},
             "persistentVolumeClaimRetentionPolicy":{"whenDeleted":"{{{{whenDeleted}}}}","whenScaled":"{{{{whenScaled}}}}"},
             "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} } } }],
             "template":{"metadata":{"labels":{"app":"s"}},"spec":{"containers":[{"name":"c","image":"q:1"}] } } } }
            """);
        _cluster.Pass(10);
        Assert.Equal(2, _cluster.Cluster.List(Resources.Claims).Count);

        _cluster.Change(Resources.StatefulSets, "s", set => set["spec"]!["replicas"] = 1);
        _cluster.Pass(10);
        Assert.Equal(afterScaling, _cluster.Cluster.List(Resources.Claims).Count);

        _cluster.Cluster.Delete(new ObjectRef(Resources.StatefulSets, "default", "s"));
        _cluster.Pass(10);
        Assert.Equal(afterDeletion, _cluster.Cluster.List(Resources.Claims).Count);
    }

    [Fact]
    public void A_set_that_rolls_on_delete_keeps_the_revision_it_began_with()
    {
        _cluster.Create(Resources.StatefulSets, """
            {"metadata":{"name":"s"},"spec":{"serviceName":"s","replicas":1,"selector":{"matchLabels":{"app":"s"}},"updateStrategy":{"type":"OnDelete"},
             "template":{"metadata":{"labels":{"app":"s"}},"spec":{"containers":[{"name":"c","image":"q:1"}] } } } }
            """);
        _cluster.Pass(5);
        var before = _cluster.Get(Resources.StatefulSets, "s")!.Text("status", "currentRevision");
        _cluster.Change(Resources.StatefulSets, "s", set => set["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "q:2");
        _cluster.Pass(1);
        _cluster.Cluster.Delete(new ObjectRef(Resources.Pods, "default", "s-0"));
        _cluster.Pass(5);

        var set = _cluster.Get(Resources.StatefulSets, "s")!;
        Assert.Equal("q:2", _cluster.Get(Resources.Pods, "s-0")!.Objects("spec", "containers").First().Text("image"));
        Assert.Equal((before, 1), (set.Text("status", "currentRevision"), set.Integer("status", "updatedReplicas")));
        Assert.NotEqual(before, set.Text("status", "updateRevision"));
    }
}
