using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A claim for storage.</summary>
public sealed record PersistentVolumeClaim : IKubeObject<PersistentVolumeClaim>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<PersistentVolumeClaim> JsonTypeInfo => KubeJson.Default.PersistentVolumeClaim;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>What is claimed.</summary>
    public PersistentVolumeClaimSpec? Spec { get; init; }

    /// <summary>What was given.</summary>
    public PersistentVolumeClaimStatus? Status { get; init; }
}

/// <summary>What is claimed.</summary>
public sealed record PersistentVolumeClaimSpec
{
    /// <summary><c>ReadWriteOnce</c>, <c>ReadOnlyMany</c>, <c>ReadWriteMany</c> or <c>ReadWriteOncePod</c>.</summary>
    public IReadOnlyList<string>? AccessModes { get; init; }

    /// <summary>Size.</summary>
    public VolumeResourceRequirements? Resources { get; init; }

    /// <summary>Class; the default when absent, none when empty.</summary>
    public string? StorageClassName { get; init; }

    /// <summary><c>Filesystem</c> or <c>Block</c>.</summary>
    public string? VolumeMode { get; init; }

    /// <summary>Volume bound to.</summary>
    public string? VolumeName { get; init; }

    /// <summary>Volumes that may be bound.</summary>
    public LabelSelector? Selector { get; init; }

    /// <summary>What the volume starts with.</summary>
    public TypedLocalObjectReference? DataSource { get; init; }
}

/// <summary>Size of a claim.</summary>
public sealed record VolumeResourceRequirements
{
    /// <summary>At least.</summary>
    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }

    /// <summary>At most.</summary>
    public IReadOnlyDictionary<string, Quantity>? Limits { get; init; }
}

/// <summary>An object in the same namespace, of whatever kind.</summary>
public sealed record TypedLocalObjectReference
{
    /// <summary>Group of the kind.</summary>
    public string? ApiGroup { get; init; }

    /// <summary>Kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }
}

/// <summary>What was given for a claim.</summary>
public sealed record PersistentVolumeClaimStatus
{
    /// <summary><c>Pending</c>, <c>Bound</c> or <c>Lost</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Phase { get; init; }

    /// <summary>Modes given.</summary>
    public IReadOnlyList<string>? AccessModes { get; init; }

    /// <summary>Size given.</summary>
    public IReadOnlyDictionary<string, Quantity>? Capacity { get; init; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<PersistentVolumeClaimCondition>? Conditions { get; init; }
}

/// <summary>One aspect of a claim's state.</summary>
public sealed record PersistentVolumeClaimCondition
{
    /// <summary>Aspect.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Type { get; init; }

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Status { get; init; }

    /// <summary>Machine word.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; init; }

    /// <summary>Sentence for a person.</summary>
    public string? Message { get; init; }

    /// <summary>When it was last checked.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastProbeTime { get; init; }

    /// <summary>When the status last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }
}
