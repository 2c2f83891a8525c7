using LlmOperator.Api;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
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

    /// <summary>Ours whole, as every field is compared; of others only what tells that the name is taken.</summary>
    public static ServiceMonitor ServiceMonitor(ServiceMonitor monitor) => IsOurs(monitor)
        ? monitor with { Metadata = Trimmed(monitor.Metadata) }
        : new() { Metadata = NameOnly(monitor.Metadata) };

    /// <summary>What is wanted of ours; its status decides nothing. Of others only what tells that the name is taken.</summary>
    public static PodDisruptionBudget DisruptionBudget(PodDisruptionBudget budget) => IsOurs(budget)
        ? budget with { Metadata = Trimmed(budget.Metadata), Status = null }
        : new() { Metadata = NameOnly(budget.Metadata) };

    /// <summary>Ours whole, as every field is compared; of others only what tells that the name is taken.</summary>
    public static NetworkPolicy NetworkPolicy(NetworkPolicy policy) => IsOurs(policy)
        ? policy with { Metadata = Trimmed(policy.Metadata) }
        : new() { Metadata = NameOnly(policy.Metadata) };

    /// <summary>Whole, as every field is compared: these are watched only where they are ours.</summary>
    public static Role Role(Role role) => role with { Metadata = Trimmed(role.Metadata) };

    /// <summary>Whole, as every field is compared: these are watched only where they are ours.</summary>
    public static RoleBinding RoleBinding(RoleBinding binding) => binding with { Metadata = Trimmed(binding.Metadata) };

    /// <summary>Whole, as every field is compared: these are watched only where they are ours.</summary>
    public static ServiceAccount ServiceAccount(ServiceAccount account) => account with { Metadata = Trimmed(account.Metadata) };

    /// <summary>That it is there: its content cannot change.</summary>
    public static ConfigMap PromptTraceConfiguration(ConfigMap configuration) => new() { Metadata = NameOnly(configuration.Metadata) };

    /// <summary>Where a pod is, what accelerators it holds there, what it waits for and what became of it.</summary>
    /// <param name="resources">Resources accelerators are counted in.</param>
    public static Func<Pod, Pod> Pod(IReadOnlySet<string> resources) => pod => new()
    {
        Metadata = NameOnly(pod.Metadata) with { Labels = Only(pod.Metadata.Labels, label => label is ApiGroup.EndpointLabel or ApiGroup.RevisionLabel or ApiGroup.ModelLabel or ApiGroup.CacheLabel or ApiGroup.RagIndexLabel) },
        Spec = new() { NodeName = pod.Spec?.NodeName, Containers = Holding(pod, resources) },
        Status = pod.Status is not { } status ? null : new()
        {
            Phase = status.Phase,
            Conditions = [.. (status.Conditions ?? []).Where(condition => condition.Type is "PodScheduled" or "Ready")],
            Reason = status.Reason,
            Message = status.Phase == "Failed" ? status.Message : null,
            InitContainerStatuses = status.InitContainerStatuses?.All(container => container.Ready == true) == true ? null : status.InitContainerStatuses,
            ContainerStatuses = status.ContainerStatuses,
        },
    };

    /// <summary>
    /// What accelerators a node has, and which pods it takes: labels, for a selector may name any, but for the hundreds that feature discovery writes, and taints. The names of labels are the same
    /// on all nodes and are kept once.
    /// </summary>
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
            Labels = Only(node.Metadata.Labels, label => labels.Contains(label) || !label.StartsWith(NodeLabels.Unseen, StringComparison.Ordinal), string.Intern),
        },
        Spec = new() { Unschedulable = node.Spec?.Unschedulable, Taints = node.Spec?.Taints },
        Status = new() { Allocatable = Only(node.Status?.Allocatable ?? node.Status?.Capacity, resource => resource is "cpu" or "memory" || resources.Contains(resource), string.Intern) },
    };

    /// <summary>Whether two states of a node differ in anything a decision is made of.</summary>
    public static bool Differs(Node before, Node after) =>
        before.Spec?.Unschedulable != after.Spec?.Unschedulable
        || !Same(before.Metadata.Labels, after.Metadata.Labels)
        || !(before.Spec?.Taints ?? []).SequenceEqual(after.Spec?.Taints ?? [])
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
        Annotations = Only(metadata.Annotations, static annotation => annotation.StartsWith(ApiGroup.Name + "/", StringComparison.Ordinal)),
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

    private static List<Container>? Holding(Pod pod, IReadOnlySet<string> resources)
    {
        List<Container>? holding = null;
        foreach (var container in pod.Spec?.Containers ?? [])
        {
            if (Only(container.Resources?.Limits, resources.Contains) is { } limits)
            {
                (holding ??= []).Add(new() { Name = container.Name, Resources = new() { Limits = limits } });
            }
        }

        return holding;
    }

    private static Dictionary<string, T>? Only<T>(IReadOnlyDictionary<string, T>? all, Func<string, bool> wanted, Func<string, string>? name = null)
    {
        Dictionary<string, T>? kept = null;
        foreach (var (key, value) in all ?? new Dictionary<string, T>())
        {
            if (wanted(key))
            {
                (kept ??= []).Add(name is null ? key : name(key), value);
            }
        }

        return kept;
    }

    private static bool Same<T>(IReadOnlyDictionary<string, T>? a, IReadOnlyDictionary<string, T>? b) =>
        (a?.Count ?? 0) == (b?.Count ?? 0)
        && (a is null || a.All(entry => b!.TryGetValue(entry.Key, out var other) && EqualityComparer<T>.Default.Equals(entry.Value, other)));
}
