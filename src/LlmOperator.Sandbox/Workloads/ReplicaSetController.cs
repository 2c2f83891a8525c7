using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Keeps as many pods as a ReplicaSet asks for.</summary>
internal sealed class ReplicaSetController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    private const string Component = "replicaset-controller";

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.ReplicaSets)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Pods)
        {
            var owner = change.Object.ControllerRef() ?? change.Previous?.ControllerRef();
            if (owner.Text("kind") == "ReplicaSet")
            {
                Enqueue(new ObjectRef(Resources.ReplicaSets, change.Ref.Namespace, owner.Text("name")!));
            }

            if (change.Type != WatchEventType.Deleted && change.Object.ControllerRef() is null)
            {
                foreach (var adopter in Adoption.Adopters(Cluster, Resources.ReplicaSets, change.Object))
                {
                    Enqueue(adopter);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } set)
        {
            return;
        }

        if (!set.IsDeleting())
        {
            var selector = LabelSelector.Of(set.Object("spec", "selector"));
            Adoption.Settle(
                Cluster,
                set,
                "apps/v1",
                "ReplicaSet",
                Resources.Pods,
                Runtime.PodsByOwner.Get(set.Uid()),
                Runtime.PodsMatching(set.Namespace(), set.Object("spec", "selector", "matchLabels"), selector).Where(pod => pod.IsActive()));
        }

        var pods = Runtime.PodsByOwner.Get(set.Uid());
        var active = pods.Where(pod => pod.IsActive()).ToList();
        var failure = set.IsDeleting() ? null : Manage(set, active);

        // What was just created or deleted comes back as an event; the status tells of now.
        pods = Runtime.PodsByOwner.Get(set.Uid());
        WriteStatus(key, set, pods.Where(pod => pod.IsActive()).ToList(), pods.Count(pod => pod.IsDeleting() && !pod.IsTerminal()), failure);
        if (failure is not null)
        {
            throw failure;
        }
    }

    private StatusException? Manage(JsonObject set, List<JsonObject> active)
    {
        var wanted = set.Integer("spec", "replicas") ?? 1;
        try
        {
            for (var count = active.Count; count < wanted; count++)
            {
                var pod = PodTemplates.NewPod(set, set.Object("spec", "template") ?? [], "apps/v1", "ReplicaSet");
                var created = Cluster.Create(Resources.Pods, pod, Name);
                events.Normal(set, Component, "SuccessfulCreate", $"Created pod: {created.Name()}");
            }
        }
        catch (StatusException refused)
        {
            events.Warning(set, Component, "FailedCreate", $"Error creating: {refused.Message}");
            return refused;
        }

        if (active.Count > wanted)
        {
            foreach (var pod in active.Order(new VictimOrder(active)).Take((int)(active.Count - wanted)))
            {
                if (Cluster.Delete(pod.RefIn(Resources.Pods), new DeleteOptions { Uid = pod.Uid() }))
                {
                    events.Normal(set, Component, "SuccessfulDelete", $"Deleted pod: {pod.Name()}");
                }
            }
        }

        return null;
    }

    private void WriteStatus(ObjectRef key, JsonObject set, List<JsonObject> pods, int terminating, StatusException? failure)
    {
        var minReady = set.Integer("spec", "minReadySeconds") ?? 0;
        var labels = set.Object("spec", "template", "metadata", "labels") ?? [];
        var available = 0;
        DateTimeOffset? next = null;
        foreach (var pod in pods)
        {
            if (pod.AvailableAt(minReady) is { } at)
            {
                if (at <= Now)
                {
                    available++;
                }
                else
                {
                    next = next is { } present && present < at ? present : at;
                }
            }
        }

        Cluster.Update(
            key,
            obj =>
            {
                var status = obj.Child("status");
                status["replicas"] = pods.Count;
                status.SetCount("fullyLabeledReplicas", pods.Count(pod => labels.All(label => pod.Label(label.Key) == label.Value.Text())));
                status.SetCount("readyReplicas", pods.Count(pod => pod.IsReady()));
                status.SetCount("availableReplicas", available);
                status["terminatingReplicas"] = terminating;
                status["observedGeneration"] = set.Generation();
                if (failure is not null)
                {
                    WorkloadConditions.Set(status, "ReplicaFailure", true, "FailedCreate", failure.Message, Now, updateTime: false);
                }
                else
                {
                    WorkloadConditions.Remove(status, "ReplicaFailure");
                }
            },
            Name,
            "status");
        if (next is { } due)
        {
            EnqueueAfter(key, due - Now);
        }
    }
}
