using System.Text.Json.Serialization.Metadata;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A lease: who leads, and until when others wait.</summary>
public sealed record Lease : IFullObject<Lease>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("coordination.k8s.io", "v1", "Lease", "leases", true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Lease> JsonTypeInfo => ObjectsJson.Default.Lease;

    /// <inheritdoc/>
    public string ApiVersion { get; init; } = Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init; } = Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init; } = new();

    /// <summary>Holder and times.</summary>
    public LeaseSpec? Spec { get; init; }
}

/// <summary>Holder and times of a lease.</summary>
public sealed record LeaseSpec
{
    /// <summary>Who holds it; empty when nobody does.</summary>
    public string? HolderIdentity { get; init; }

    /// <summary>Seconds others wait after a renewal.</summary>
    public int? LeaseDurationSeconds { get; init; }

    /// <summary>When the holder took it.</summary>
    public DateTimeOffset? AcquireTime { get; init; }

    /// <summary>When the holder renewed it last.</summary>
    public DateTimeOffset? RenewTime { get; init; }

    /// <summary>How often the holder changed.</summary>
    public int? LeaseTransitions { get; init; }
}
