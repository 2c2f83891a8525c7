using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Works out and writes a Deployment's status.</summary>
internal sealed class DeploymentStatus(ICluster cluster, ObjectRef key, string manager, DateTimeOffset now)
{
    private const string Done = "NewReplicaSetAvailable";

    /// <summary>Whether all pods are of the newest template and available.</summary>
    public static bool IsComplete(JsonObject deployment, DeploymentPlan plan) =>
        Count(deployment, "updatedReplicas") == plan.Replicas && Count(deployment, "replicas") == plan.Replicas
        && Count(deployment, "availableReplicas") == plan.Replicas && (deployment.Integer("status", "observedGeneration") ?? 0) >= deployment.Generation();

    /// <summary>Writes the status.</summary>
    /// <returns>When the rollout runs out of time; null when it does not.</returns>
    public DateTimeOffset? Write(JsonObject deployment, DeploymentPlan plan, List<JsonObject> sets, JsonObject? newest)
    {
        var updated = cluster.Update(
            key,
            obj =>
            {
                var status = obj.Child("status");
                var total = sets.Sum(set => set.Integer("status", "replicas") ?? 0);
                var available = sets.Sum(DeploymentPlan.Available);
                status["observedGeneration"] = obj.Generation();
                status.SetCount("replicas", total);
                status.SetCount("updatedReplicas", newest.Integer("status", "replicas") ?? 0);
                status.SetCount("readyReplicas", sets.Sum(set => set.Integer("status", "readyReplicas") ?? 0));
                status.SetCount("availableReplicas", available);
                status.SetCount("unavailableReplicas", Math.Max(0, sets.Sum(DeploymentPlan.Wanted) - available));
                status["terminatingReplicas"] = sets.Sum(set => set.Integer("status", "terminatingReplicas") ?? 0);
                if (available >= plan.Replicas - plan.MaxUnavailable)
                {
                    WorkloadConditions.Set(status, "Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.", now);
                }
                else
                {
                    WorkloadConditions.Set(status, "Available", false, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now);
                }

                if (!plan.Paused)
                {
                    SetProgress(obj, deployment, plan, newest);
                }

                SetFailure(status, sets, newest);
            },
            manager,
            "status");
        if (plan.Deadline is not { } deadline || plan.Paused || updated?.Condition("Progressing") is not { } progressing
            || progressing.Text("status") == "False" || progressing.Text("reason") == Done)
        {
            return null;
        }

        return (Objects.Time(progressing.Text("lastUpdateTime")) ?? now) + deadline + TimeSpan.FromMilliseconds(1);
    }

    private void SetProgress(JsonObject obj, JsonObject old, DeploymentPlan plan, JsonObject? newest)
    {
        var status = obj.Child("status");
        if (plan.Deadline is not { } deadline)
        {
            WorkloadConditions.Remove(status, "Progressing");
            return;
        }

        var present = obj.Condition("Progressing");
        var reason = present.Text("reason");
        if (Count(obj, "replicas") == Count(obj, "updatedReplicas") && reason == Done)
        {
            return;
        }

        var subject = newest is null ? $"Deployment \"{obj.Name()}\"" : $"ReplicaSet \"{newest.Name()}\"";
        if (IsComplete(obj, plan))
        {
            WorkloadConditions.Set(status, "Progressing", true, Done, $"{subject} has successfully progressed.", now);
        }
        else if (Progressed(obj, old))
        {
            // Every step forward renews the time from which the deadline counts.
            var since = present.Text("status") == "True" ? present.Text("lastTransitionTime") : null;
            WorkloadConditions.Remove(status, "Progressing");
            WorkloadConditions.Set(status, "Progressing", true, "ReplicaSetUpdated", $"{subject} is progressing.", now);
            if (since is not null)
            {
                status.Objects("conditions").First(condition => condition.Text("type") == "Progressing")["lastTransitionTime"] = since;
            }
        }
        else if (present is not null && reason != Done && Objects.Time(present.Text("lastUpdateTime")) + deadline < now)
        {
            WorkloadConditions.Set(status, "Progressing", false, "ProgressDeadlineExceeded", $"{subject} has timed out progressing.", now);
        }
    }

    private void SetFailure(JsonObject status, List<JsonObject> sets, JsonObject? newest)
    {
        var failure = newest?.Condition("ReplicaFailure") ?? sets.Select(set => set.Condition("ReplicaFailure")).FirstOrDefault(condition => condition is not null);
        if (failure is null)
        {
            WorkloadConditions.Remove(status, "ReplicaFailure");
        }
        else
        {
            WorkloadConditions.Set(status, "ReplicaFailure", failure.Text("status") == "True", failure.Text("reason") ?? "", failure.Text("message") ?? "", now);
        }
    }

    private static bool Progressed(JsonObject obj, JsonObject old) => Count(obj, "updatedReplicas") > Count(old, "updatedReplicas")
        || Count(obj, "replicas") - Count(obj, "updatedReplicas") < Count(old, "replicas") - Count(old, "updatedReplicas")
        || Count(obj, "readyReplicas") > Count(old, "readyReplicas") || Count(obj, "availableReplicas") > Count(old, "availableReplicas");

    private static long Count(JsonObject deployment, string field) => deployment.Integer("status", field) ?? 0;
}
