using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.Models;

/// <summary>A copy of the weights on a persistent volume, filled by a Job at the pinned revision.</summary>
public sealed record ModelCache
{
    /// <summary>Storage class of the volume. The cluster's default when absent.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    [Rule("self == oldSelf", "cache.storageClassName cannot be changed: remove cache, wait until the volume is gone, and add it again")]
    public string? StorageClassName { get; init; }

    /// <summary>Size of the volume: at least twice the weights, because a new revision is fetched beside the old. Derived from the weights when absent.</summary>
    public Quantity? Size { get; init; }

    /// <summary>How nodes mount the volume. ReadWriteOnce keeps all endpoints of the model on one node.</summary>
    [AllowedValues("ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod")]
    [Default("ReadWriteMany")]
    public string AccessMode { get; set; } = "ReadWriteMany";

    /// <summary>Service account of the pods that fetch, for a bucket that is opened by web identity. The namespace's default when absent.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    public string? ServiceAccountName { get; init; }
}
