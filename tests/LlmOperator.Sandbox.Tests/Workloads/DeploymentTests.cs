using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Workloads;

public sealed class DeploymentTests
{
    private readonly SmallCluster _cluster = new();

    public DeploymentTests() => _cluster.AddNode("cpu-0");

    [Fact]
    public void A_deployment_becomes_available_with_the_conditions_of_a_finished_rollout()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("r", replicas: 3));

        _cluster.Pass(5);

        var deployment = _cluster.Get(Resources.Deployments, "r")!;
        Assert.Equal(3, deployment.Integer("status", "availableReplicas"));
        Assert.Equal(3, deployment.Integer("status", "updatedReplicas"));
        Assert.Equal("1", deployment.Annotation("deployment.kubernetes.io/revision"));
        Assert.Equal(
            ["Available/True/MinimumReplicasAvailable", "Progressing/True/NewReplicaSetAvailable"],
            deployment.Objects("status", "conditions").Select(each => $"{each.Text("type")}/{each.Text("status")}/{each.Text("reason")}"));
    }

    [Fact]
    public void A_changed_template_rolls_over_to_a_second_replica_set_and_going_back_reuses_the_first()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("r", replicas: 3));
        _cluster.Pass(5);
        SetImage("app:2");
        _cluster.Pass(10);

        var deployment = _cluster.Get(Resources.Deployments, "r")!;
        Assert.Equal("2", deployment.Annotation("deployment.kubernetes.io/revision"));
        Assert.Equal(3, deployment.Integer("status", "availableReplicas"));
        Assert.Equal(3, deployment.Integer("status", "replicas"));
        Assert.Null(deployment.Integer("status", "unavailableReplicas"));
        Assert.All(_cluster.Pods(), pod => Assert.Equal("app:2", pod.Objects("spec", "containers").First().Text("image")));

        SetImage("app:1");
        _cluster.Pass(10);

        Assert.Equal("3", _cluster.Get(Resources.Deployments, "r")!.Annotation("deployment.kubernetes.io/revision"));
        Assert.Equal(2, _cluster.Cluster.List(Resources.ReplicaSets).Count);
    }

    [Fact]
    public void A_rollout_that_cannot_proceed_says_so_and_keeps_the_old_pods()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("s", replicas: 2, spec: ""","progressDeadlineSeconds":3"""));
        _cluster.Pass(5);
        _cluster.Change(Resources.Deployments, "s", obj => obj["spec"]!["template"]!["spec"]!["nodeSelector"] = SmallCluster.Parse("""{"no":"where"}"""));
        _cluster.Pass(6);

        var deployment = _cluster.Get(Resources.Deployments, "s")!;
        Assert.Equal(2, deployment.Integer("status", "availableReplicas"));
        Assert.Equal(1, deployment.Integer("status", "updatedReplicas"));
        Assert.Equal(3, deployment.Integer("status", "replicas"));
        Assert.Equal(1, deployment.Integer("status", "unavailableReplicas"));
        Assert.Equal(
            ["Available/True/MinimumReplicasAvailable", "Progressing/False/ProgressDeadlineExceeded"],
            deployment.Objects("status", "conditions").Select(each => $"{each.Text("type")}/{each.Text("status")}/{each.Text("reason")}"));
    }

    [Fact]
    public void Scaling_to_nothing_removes_all_pods()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("r", replicas: 3));
        _cluster.Pass(5);
        _cluster.Change(Resources.Deployments, "r", obj => obj["spec"]!["replicas"] = 0);
        _cluster.Pass(5);

        Assert.Empty(_cluster.Pods());
    }

    [Fact]
    public void Recreate_starts_new_pods_only_after_the_old_ones_are_gone()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("r", replicas: 2, spec: ""","strategy":{"type":"Recreate"}"""));
        _cluster.Pass(5);
        var most = 0;
        using var watch = _cluster.Cluster.Subscribe(_ => most = Math.Max(most, _cluster.Cluster.List(Resources.Pods).Count));
        SetImage("app:2");
        _cluster.Pass(5);

        Assert.Equal(2, most);
        Assert.Equal(2, _cluster.Get(Resources.Deployments, "r")!.Integer("status", "availableReplicas"));
        Assert.All(_cluster.Pods(), pod => Assert.Equal("app:2", pod.Objects("spec", "containers").First().Text("image")));
    }

    private void SetImage(string image) => _cluster.Change(
        Resources.Deployments, "r", obj => obj["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image);

    [Fact]
    public void Scaled_in_the_middle_of_a_rollout_both_replica_sets_grow_by_their_share()
    {
        var cluster = new SmallCluster();
        cluster.AddNode("n");
        cluster.Create(Resources.Deployments, SmallCluster.Deployment("d", replicas: 10, spec: ""","strategy":{"rollingUpdate":{"maxSurge":3,"maxUnavailable":2}}"""));
        cluster.Pass(10);
        cluster.Change(Resources.Deployments, "d", copy => copy["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject { ["sandbox.llmops.dev/fail"] = "NeverReady" });
        cluster.Pass(10);
        Assert.Equal([5, 8], Sizes());

        cluster.Change(Resources.Deployments, "d", copy => copy["spec"]!["replicas"] = 15);
        cluster.Pass(1);

        // 18 pods may exist, 13 did: the five more are shared as 8 to 5.
        Assert.Equal([7, 11], Sizes());

        IEnumerable<long> Sizes() => cluster.Cluster.List(Resources.ReplicaSets).Select(set => set.Integer("spec", "replicas") ?? -1).Order();
    }
}
