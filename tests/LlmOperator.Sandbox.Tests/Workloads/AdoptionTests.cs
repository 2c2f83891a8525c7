using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Workloads;

public sealed class AdoptionTests
{
    private readonly SmallCluster _cluster = new();

    public AdoptionTests() => _cluster.AddNode("n");

    [Fact]
    public void A_deployment_made_again_takes_over_the_pods_its_predecessor_left()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("d", replicas: 2));
        _cluster.Pass(5);
        var before = _cluster.Pods().ConvertAll(pod => pod.Uid());

        _cluster.Cluster.Delete(new ObjectRef(Resources.Deployments, "default", "d"), new DeleteOptions { Propagation = DeletionPropagation.Orphan });
        _cluster.Pass(5);
        Assert.Null(Assert.Single(_cluster.Cluster.List(Resources.ReplicaSets)).ControllerRef());
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("d", replicas: 2));
        _cluster.Pass(5);

        Assert.Equal(before, _cluster.Pods().ConvertAll(pod => pod.Uid()));
        Assert.Equal("d", Assert.Single(_cluster.Cluster.List(Resources.ReplicaSets)).ControllerRef().Text("name"));
        Assert.Equal(2, _cluster.Get(Resources.Deployments, "d").Integer("status", "availableReplicas"));
    }

    [Fact]
    public void A_pod_that_is_relabelled_leaves_its_replica_set_and_is_replaced()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("d"));
        _cluster.Pass(5);
        var pod = Assert.Single(_cluster.Pods());

        _cluster.Change(Resources.Pods, pod.Name(), copy => copy["metadata"]!["labels"]!["app"] = "debug");
        _cluster.Pass(5);

        Assert.Equal(2, _cluster.Pods().Count);
        Assert.Null(_cluster.Get(Resources.Pods, pod.Name())!.ControllerRef());
        Assert.Equal(1, _cluster.Get(Resources.Deployments, "d").Integer("status", "availableReplicas"));
    }

    [Fact]
    public void A_stateful_set_made_again_takes_over_pods_and_revisions()
    {
        _cluster.Create(Resources.StatefulSets, StatefulSet);
        _cluster.Pass(5);
        var before = _cluster.Pods().ConvertAll(pod => pod.Uid());

        _cluster.Cluster.Delete(new ObjectRef(Resources.StatefulSets, "default", "s"), new DeleteOptions { Propagation = DeletionPropagation.Orphan });
        _cluster.Pass(5);
        _cluster.Create(Resources.StatefulSets, StatefulSet);
        _cluster.Pass(5);

        Assert.Equal(before, _cluster.Pods().ConvertAll(pod => pod.Uid()));
        Assert.All(_cluster.Pods(), pod => Assert.Equal("s", pod.ControllerRef().Text("name")));
        Assert.Equal("s", Assert.Single(_cluster.Cluster.List(Resources.Revisions)).ControllerRef().Text("name"));
        Assert.Equal(2, _cluster.Get(Resources.StatefulSets, "s").Integer("status", "readyReplicas"));
    }

    private const string StatefulSet = """
        {"metadata":{"name":"s"},"spec":{"serviceName":"s","replicas":2,"selector":{"matchLabels":{"app":"s"}},
         "template":{"metadata":{"labels":{"app":"s"}},"spec":{"containers":[{"name":"c","image":"q:1"}]}}}}
        """;
}
