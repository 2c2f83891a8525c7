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
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is claimed.</summary>
    public PersistentVolumeClaimSpec? Spec { get; set; }

    /// <summary>What was given.</summary>
    public PersistentVolumeClaimStatus? Status { get; set; }
}

/// <summary>What is claimed.</summary>
public sealed record PersistentVolumeClaimSpec
{
    /// <summary><c>ReadWriteOnce</c>, <c>ReadOnlyMany</c>, <c>ReadWriteMany</c> or <c>ReadWriteOncePod</c>.</summary>
    public IReadOnlyList<string>? AccessModes { get; set; }

    /// <summary>Size.</summary>
    public VolumeResourceRequirements? Resources { get; set; }

    /// <summary>Class; the default when absent, none when empty.</summary>
    public string? StorageClassName { get; set; }

    /// <summary><c>Filesystem</c> or <c>Block</c>.</summary>
    public string? VolumeMode { get; set; }

    /// <summary>Volume bound to.</summary>
    public string? VolumeName { get; set; }

    /// <summary>Volumes that may be bound.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary>What the volume starts with.</summary>
    public TypedLocalObjectReference? DataSource { get; set; }
}

/// <summary>Size of a claim.</summary>
public sealed record VolumeResourceRequirements
{
    /// <summary>At least.</summary>
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, Quantity>? Requests { get; set; }

    /// <summary>At most.</summary>
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, Quantity>? Limits { get; set; }
}

/// <summary>An object in the same namespace, of whatever kind.</summary>
public sealed record TypedLocalObjectReference
{
    /// <summary>Group of the kind.</summary>
    public string? ApiGroup { get; set; }

    /// <summary>Kind.</summary>
    public string Kind { get; set; } = "";

    /// <summary>Name.</summary>
    public string Name { get; set; } = "";
}

/// <summary>What was given for a claim.</summary>
public sealed record PersistentVolumeClaimStatus
{
    /// <summary><c>Pending</c>, <c>Bound</c> or <c>Lost</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Phase { get; set; }

    /// <summary>Modes given.</summary>
    public IReadOnlyList<string>? AccessModes { get; set; }

    /// <summary>Size given.</summary>
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, Quantity>? Capacity { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<PersistentVolumeClaimCondition>? Conditions { get; set; }
}

/// <summary>One aspect of a claim's state.</summary>
public sealed record PersistentVolumeClaimCondition : StatusCondition
{
    /// <summary>When it was last checked.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastProbeTime { get; set; }
}
