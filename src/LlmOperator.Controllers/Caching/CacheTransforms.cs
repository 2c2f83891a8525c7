using LlmOperator.Api;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Controllers.Caching;

/// <summary>What is kept of cached objects: what a decision is made of, and nothing else. This is what bounds the operator's memory in a large cluster.</summary>
internal static class CacheTransforms
{
    /// <summary>Ours whole, as every field is compared; of others only what tells that the name is taken.</summary>
    public static Deployment Deployment(Deployment deployment) => IsOurs(deployment)
        ? deployment with { Metadata = Trimmed(deployment.Metadata) }
        : new() { Metadata = NameOnly(deployment.Metadata) };

    /// <summary>Ours whole, as every field is compared; of others only what tells that the name is taken.</summary>
    public static Service Service(Service service) => IsOurs(service)
        ? service with { Metadata = Trimmed(service.Metadata) }
        : new() { Metadata = NameOnly(service.Metadata) };

    /// <summary>Ours whole, as every field is compared; of others only what tells that the name is taken.</summary>
    public static LeaderWorkerSet LeaderWorkerSet(LeaderWorkerSet groups) => IsOurs(groups)
        ? groups with { Metadata = Trimmed(groups.Metadata) }
        : new() { Metadata = NameOnly(groups.Metadata) };

    /// <summary>What is wanted of ours; its status decides nothing. Of others only what tells that the name is taken.</summary>
    public static PodDisruptionBudget DisruptionBudget(PodDisruptionBudget budget) => IsOurs(budget)
        ? budget with { Metadata = Trimmed(budget.Metadata), Status = null }
        : new() { Metadata = NameOnly(budget.Metadata) };

    /// <summary>Ours whole, as every field is compared; of others only what tells that the name is taken.</summary>
    public static NetworkPolicy NetworkPolicy(NetworkPolicy policy) => IsOurs(policy)
        ? policy with { Metadata = Trimmed(policy.Metadata) }
        : new() { Metadata = NameOnly(policy.Metadata) };

    /// <summary>Where a pod is and what it waits for.</summary>
    public static Pod Pod(Pod pod) => new()
    {
        Metadata = NameOnly(pod.Metadata) with { Labels = Only(pod.Metadata.Labels, label => label is ApiGroup.EndpointLabel or ApiGroup.RevisionLabel) },
        Spec = new() { NodeName = pod.Spec?.NodeName },
        Status = pod.Status is not { } status ? null : new()
        {
            Phase = status.Phase,
            Conditions = [.. (status.Conditions ?? []).Where(condition => condition.Type is "PodScheduled" or "Ready")],
            ContainerStatuses = status.ContainerStatuses,
        },
    };

    /// <summary>What accelerators a node has, and whether it takes pods.</summary>
    /// <param name="labels">Labels accelerators are told by.</param>
    /// <param name="resources">Resources accelerators are counted in.</param>
    public static Func<Node, Node> Node(IReadOnlySet<string> labels, IReadOnlySet<string> resources) => node => new()
    {
        Metadata = new()
        {
            Name = node.Metadata.Name,
            Uid = node.Metadata.Uid,
            ResourceVersion = node.Metadata.ResourceVersion,
            DeletionTimestamp = node.Metadata.DeletionTimestamp,
            Labels = Only(node.Metadata.Labels, labels.Contains),
        },
        Spec = new() { Unschedulable = node.Spec?.Unschedulable },
        Status = new() { Allocatable = Only(node.Status?.Allocatable ?? node.Status?.Capacity, resources.Contains) },
    };

    /// <summary>Whether two states of a node differ in anything a decision is made of.</summary>
    public static bool Differs(Node before, Node after) =>
        before.Spec?.Unschedulable != after.Spec?.Unschedulable
        || !Same(before.Metadata.Labels, after.Metadata.Labels)
        || !Same(before.Status?.Allocatable, after.Status?.Allocatable);

    /// <summary>The spec alone of a custom resource is kept with its status; annotations, where clients keep a copy of the spec, are not.</summary>
    public static ObjectMeta Trimmed(ObjectMeta metadata) => new()
    {
        Name = metadata.Name,
        Namespace = metadata.Namespace,
        Uid = metadata.Uid,
        ResourceVersion = metadata.ResourceVersion,
        Generation = metadata.Generation,
        DeletionTimestamp = metadata.DeletionTimestamp,
        Labels = metadata.Labels,
        Annotations = Only(metadata.Annotations, annotation => annotation == ApiGroup.ContentHashAnnotation),
        OwnerReferences = metadata.OwnerReferences,
        Finalizers = metadata.Finalizers,
    };

    private static bool IsOurs(IKubeObject obj) =>
        obj.Metadata.Labels?.TryGetValue("app.kubernetes.io/managed-by", out var manager) == true && manager == ObjectNames.ManagedBy
        || obj.Metadata.Annotations?.ContainsKey(ApiGroup.ContentHashAnnotation) == true;

    private static ObjectMeta NameOnly(ObjectMeta metadata) => new()
    {
        Name = metadata.Name,
        Namespace = metadata.Namespace,
        Uid = metadata.Uid,
        ResourceVersion = metadata.ResourceVersion,
        DeletionTimestamp = metadata.DeletionTimestamp,
        OwnerReferences = metadata.OwnerReferences,
    };

    private static Dictionary<string, T>? Only<T>(IReadOnlyDictionary<string, T>? all, Func<string, bool> wanted)
    {
        Dictionary<string, T>? kept = null;
        foreach (var (key, value) in all ?? new Dictionary<string, T>())
        {
            if (wanted(key))
            {
                (kept ??= []).Add(key, value);
            }
        }

        return kept;
    }

    private static bool Same<T>(IReadOnlyDictionary<string, T>? a, IReadOnlyDictionary<string, T>? b) =>
        (a?.Count ?? 0) == (b?.Count ?? 0)
        && (a is null || a.All(entry => b!.TryGetValue(entry.Key, out var other) && EqualityComparer<T>.Default.Equals(entry.Value, other)));
}
