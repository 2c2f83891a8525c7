using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>What is seen of a managed Qdrant.</summary>
public sealed record ManagedQdrantObservation
{
    /// <summary>The index it is for.</summary>
    public required RagIndex Index { get; init; }

    /// <summary>Its API key.</summary>
    public required byte[] Key { get; init; }

    /// <summary>Its pods.</summary>
    public StatefulSet? StatefulSet { get; init; }

    /// <summary>Volume claims of the index.</summary>
    public IReadOnlyList<PersistentVolumeClaim> Claims { get; init; } = [];

    /// <summary>Pods the cluster's state asks for; null while the cluster is not known.</summary>
    public int? Replicas { get; init; }

    /// <summary>Name of the image without its tag.</summary>
    public required string ImageRepository { get; init; }

    /// <summary>Labels by which a Prometheus chooses what it reads; null for none but ours.</summary>
    public IReadOnlyDictionary<string, string>? MonitorLabels { get; init; }

    /// <summary>Namespace of the operator's pods; null when it runs in none.</summary>
    public string? OperatorNamespace { get; init; }
}

/// <summary>The objects of a managed Qdrant, in the order in which they are made.</summary>
public sealed record ManagedQdrantPlan
{
    /// <summary>Who may reach the pods; null when everybody may.</summary>
    public NetworkPolicy? NetworkPolicy { get; init; }

    /// <summary>How many pods may be evicted at a time.</summary>
    public required PodDisruptionBudget DisruptionBudget { get; init; }

    /// <summary>Names of the pods.</summary>
    public required Service Headless { get; init; }

    /// <summary>The address.</summary>
    public required Service Service { get; init; }

    /// <summary>The pods.</summary>
    public required StatefulSet StatefulSet { get; init; }

    /// <summary>What tells Prometheus of the metrics, to be made where the cluster has the kind.</summary>
    public required ServiceMonitor Monitor { get; init; }

    /// <summary>What becomes of the volumes.</summary>
    public required QdrantVolumePlan Volumes { get; init; }
}

/// <summary>Decides what a managed Qdrant is made of.</summary>
public static class QdrantPlanner
{
    /// <summary>Decides what a managed Qdrant is made of.</summary>
    public static ManagedQdrantPlan Plan(ManagedQdrantObservation observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var index = observed.Index;
        var managed = index.Spec!.Qdrant.Managed!;
        var volumes = QdrantVolumes.Plan(index, managed, observed.StatefulSet, observed.Claims);

        // Fewer pods are the business of whoever has seen that their shards have left.
        var replicas = observed.Replicas ?? Math.Max(managed.Replicas, observed.StatefulSet?.Spec?.Replicas ?? managed.Replicas);
        return new()
        {
            NetworkPolicy = QdrantObjects.NetworkPolicy(index, managed, observed.OperatorNamespace),
            DisruptionBudget = QdrantObjects.DisruptionBudget(index),
            Headless = QdrantObjects.Headless(index),
            Service = QdrantObjects.Service(index),
            StatefulSet = QdrantObjects.StatefulSet(index, managed, observed.ImageRepository, observed.Key, replicas, volumes.Templates),
            Monitor = QdrantObjects.ServiceMonitor(index, observed.MonitorLabels),
            Volumes = volumes,
        };
    }

    /// <summary>Why volumes that the API server refuses to enlarge stay as they are.</summary>
    public static SpecProblemText GrowthRefused(string message) => QdrantVolumes.Refused(message);
}
