using LlmOperator.Api;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Endpoints;

/// <summary>What a LeaderWorkerSet and its pods say, in the terms of a Deployment: a group counts as one.</summary>
internal static class GroupState
{
    public static WorkloadState Of(EndpointObservation observed)
    {
        var live = observed.Pods.Where(pod => pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is not ("Succeeded" or "Failed"))
            .OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal)
            .ToList();
        if (observed.LeaderWorkerSet is not { } groups || groups.Metadata.OwnerReferences?.Any(owner => owner.Uid == observed.Endpoint.Metadata.Uid) != true)
        {
            return new() { LivePods = live, TargetPods = live };
        }

        var status = groups.Status ?? new();
        var revision = EndpointObjects.Revision(groups);
        var target = live.Where(pod => pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.RevisionLabel) == revision).ToList();
        var wanted = groups.Spec?.Replicas ?? 1;
        var ready = status.ReadyReplicas ?? 0;

        // Older controllers do not tell which generation they speak of; then a pod of another revision tells that they have not come to this one.
        var current = groups.Status is not null && (status.ObservedGeneration is { } seen ? seen >= (groups.Metadata.Generation ?? 0) : target.Count == live.Count);
        return new()
        {
            Exists = true,
            IsCurrent = current,
            Revision = revision,
            Replicas = status.Replicas ?? 0,
            Ready = ready,
            Updated = status.UpdatedReplicas ?? 0,
            IsComplete = current && target.Count == live.Count && status.UpdatedReplicas.GetValueOrDefault() >= wanted && status.Replicas.GetValueOrDefault() <= wanted && ready >= wanted,
            Available = new() { Type = "Available", Status = ready > 0 ? "True" : "False" },
            LivePods = live,
            TargetPods = target.Count > 0 ? target : live,
        };
    }
}
