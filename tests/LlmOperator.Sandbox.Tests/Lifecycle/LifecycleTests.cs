using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Lifecycle;

public sealed class LifecycleTests
{
    private readonly SmallCluster _cluster = new();

    public LifecycleTests() => _cluster.AddNode("cpu-0");

    [Fact]
    public void Deleting_a_deployment_takes_its_replica_sets_and_pods_along()
    {
        MakeDeployment();
        Delete(DeletionPropagation.Background);
        Assert.Null(_cluster.Get(Resources.Deployments, "r"));
        _cluster.Pass(3);

        Assert.Empty(_cluster.Cluster.List(Resources.ReplicaSets));
        Assert.Empty(_cluster.Pods());
    }

    [Fact]
    public void In_the_foreground_the_owner_goes_last()
    {
        MakeDeployment();
        var left = -1;
        using var watch = _cluster.Cluster.Subscribe(change =>
        {
            if (change.Type == WatchEventType.Deleted && change.Ref.Resource == Resources.Deployments)
            {
                left = _cluster.Cluster.List(Resources.ReplicaSets).Count + _cluster.Pods().Count;
            }
        });
        Delete(DeletionPropagation.Foreground);
        Assert.NotNull(_cluster.Get(Resources.Deployments, "r"));
        _cluster.Pass(3);

        Assert.Equal(0, left);
    }

    [Fact]
    public void Orphans_lose_their_owner_and_stay()
    {
        MakeDeployment();
        Delete(DeletionPropagation.Orphan);
        _cluster.Pass(3);

        Assert.Null(_cluster.Get(Resources.Deployments, "r"));
        Assert.Null(Assert.Single(_cluster.Cluster.List(Resources.ReplicaSets)).ControllerRef());
        Assert.Equal(2, _cluster.Pods().Count);
    }

    [Fact]
    public void An_object_whose_owner_has_another_uid_is_collected()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"owner"}}""");
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"child","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"gone"}]}}""");
        _cluster.Pass(1);

        Assert.Null(_cluster.Get(Resources.ConfigMaps, "child"));
        Assert.NotNull(_cluster.Get(Resources.ConfigMaps, "owner"));
    }

    [Fact]
    public void A_deleted_namespace_waits_for_finalizers_and_then_goes()
    {
        _cluster.Create(Resources.Namespaces, """{"metadata":{"name":"n"}}""");
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"held","namespace":"n","finalizers":["example.com/hold"]}}""");
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("r").Replace("\"name\":\"r\"", "\"name\":\"r\",\"namespace\":\"n\"", StringComparison.Ordinal));
        _cluster.Pass(3);
        _cluster.Cluster.Delete(new ObjectRef(Resources.Namespaces, null, "n"));
        _cluster.Pass(10);
        var ns = _cluster.Get(Resources.Namespaces, "n")!;
        Assert.Equal("Terminating", ns.Text("status", "phase"));
        Assert.Equal("Some resources are remaining: configmaps. has 1 resource instances", ns.Condition("NamespaceContentRemaining").Text("message"));

        _cluster.Cluster.Update(new ObjectRef(Resources.ConfigMaps, "n", "held"), obj => obj["metadata"]!.AsObject().Remove("finalizers"), "test");
        _cluster.Pass(10);

        Assert.Null(_cluster.Get(Resources.Namespaces, "n"));
    }

    private void MakeDeployment()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("r", replicas: 2));
        _cluster.Pass(3);
        Assert.Equal(2, _cluster.Pods().Count);
    }

    private void Delete(DeletionPropagation propagation) =>
        _cluster.Cluster.Delete(new ObjectRef(Resources.Deployments, "default", "r"), new DeleteOptions { Propagation = propagation });
}
