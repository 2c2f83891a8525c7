using LlmOperator.Api;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Diagnosis;

namespace LlmOperator.Planning.Endpoints;

/// <summary>What the Deployment and its pods say.</summary>
internal sealed record WorkloadState
{
    /// <summary>Whether there is a Deployment of this endpoint.</summary>
    public bool Exists { get; init; }

    /// <summary>Whether the Deployment's status is about its present spec.</summary>
    public bool IsCurrent { get; init; }

    /// <summary>Revision the Deployment is at.</summary>
    public string? Revision { get; init; }

    public int Replicas { get; init; }

    public int Ready { get; init; }

    public int Updated { get; init; }

    /// <summary>Whether all wanted pods are of the present revision, answer, and no other is left.</summary>
    public bool IsComplete { get; init; }

    /// <summary>The Deployment's own condition Available; null when it has none yet.</summary>
    public WorkloadCondition? Available { get; init; }

    /// <summary>The Deployment's own condition Progressing; null when it has none yet.</summary>
    public WorkloadCondition? Progressing { get; init; }

    /// <summary>The Deployment's own condition ReplicaFailure: pods that could not even be made.</summary>
    public WorkloadCondition? ReplicaFailure { get; init; }

    /// <summary>Pods that are neither ended nor being deleted, in the order of their names, so that a message made of them stays the same.</summary>
    public IReadOnlyList<Pod> LivePods { get; init; } = [];

    /// <summary>Live pods of the revision the Deployment is at; all of them while it has none yet.</summary>
    public IReadOnlyList<Pod> TargetPods { get; init; } = [];

    /// <summary>Why pods do not answer.</summary>
    public EndpointDiagnosis Diagnosis { get; init; } = new();

    public static WorkloadState Of(EndpointObservation observed)
    {
        var live = observed.Pods.Where(pod => pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is not ("Succeeded" or "Failed"))
            .OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal)
            .ToList();
        if (observed.Deployment is not { } deployment || deployment.Metadata.OwnerReferences?.Any(owner => owner.Uid == observed.Endpoint.Metadata.Uid) != true)
        {
            return new() { LivePods = live, TargetPods = live };
        }

        var status = deployment.Status ?? new();
        var revision = EndpointObjects.Revision(deployment);
        var target = live.Where(pod => pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.RevisionLabel) == revision).ToList();
        var current = status.ObservedGeneration >= (deployment.Metadata.Generation ?? 0);
        var wanted = deployment.Spec?.Replicas ?? 1;
        return new()
        {
            Exists = true,
            IsCurrent = current,
            Revision = revision,
            Replicas = status.Replicas ?? 0,
            Ready = status.ReadyReplicas ?? 0,
            Updated = status.UpdatedReplicas ?? 0,
            IsComplete = current && status.UpdatedReplicas.GetValueOrDefault() >= wanted && status.Replicas.GetValueOrDefault() <= wanted && status.AvailableReplicas.GetValueOrDefault() >= wanted,
            Available = Condition(status, "Available"),
            Progressing = Condition(status, "Progressing"),
            ReplicaFailure = Condition(status, "ReplicaFailure"),
            LivePods = live,
            TargetPods = target.Count > 0 ? target : live,
        };
    }

    private static WorkloadCondition? Condition(DeploymentStatus status, string type) => status.Conditions?.FirstOrDefault(condition => condition.Type == type);
}
