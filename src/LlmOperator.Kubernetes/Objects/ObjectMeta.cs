using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Metadata every object has. <c>managedFields</c> is never read: it is most of an object's bytes and nothing here uses it.</summary>
public sealed record ObjectMeta
{
    /// <summary>Metadata of an object that has none.</summary>
    public static ObjectMeta Empty { get; } = new();

    /// <summary>Name, unique among the kind in the namespace.</summary>
    public string? Name { get; set; }

    /// <summary>Prefix the server completes when <see cref="Name"/> is absent.</summary>
    public string? GenerateName { get; set; }

    /// <summary>Namespace; null for cluster-scoped kinds.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Namespace { get; set; }

    /// <summary>Identity over the object's life, set by the server.</summary>
    public string? Uid { get; set; }

    /// <summary>Opaque version for optimistic locking and for resuming watches.</summary>
    public string? ResourceVersion { get; set; }

    /// <summary>Counts changes of the desired state.</summary>
    public long? Generation { get; set; }

    /// <summary>When the server created the object.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? CreationTimestamp { get; set; }

    /// <summary>When deletion was asked for; the object lives on until its finalizers are gone.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? DeletionTimestamp { get; set; }

    /// <summary>Seconds a pod may take to stop, once deletion was asked for.</summary>
    public long? DeletionGracePeriodSeconds { get; set; }

    /// <summary>Labels: short values to select by.</summary>
    [JsonConverter(typeof(PooledMapConverter))]
    public IReadOnlyDictionary<string, string>? Labels { get; set; }

    /// <summary>Annotations: values nobody selects by.</summary>
    [JsonConverter(typeof(PooledMapConverter))]
    public IReadOnlyDictionary<string, string>? Annotations { get; set; }

    /// <summary>Owners; the object is collected when all of them are gone.</summary>
    public IReadOnlyList<OwnerReference>? OwnerReferences { get; set; }

    /// <summary>Names of those who must agree before the object goes.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? Finalizers { get; set; }

    /// <summary>Fields not modelled above, kept where an object is written back. Settable because the serializer fills it after construction.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Extra { get; set; }

    /// <summary>Named so that it is skipped when read, and not kept in <see cref="Extra"/>; an absent field leaves the server's record as it is.</summary>
    [JsonIgnore]
    [SuppressMessage("Performance", "CA1822", Justification = "The serializer looks for instance members only.")]
    public object? ManagedFields => null;
}

/// <summary>An owner of an object, in the same namespace or cluster-scoped.</summary>
public sealed record OwnerReference
{
    /// <summary><c>group/version</c> of the owner.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string ApiVersion { get; set; } = "";

    /// <summary>Kind of the owner.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get; set; } = "";

    /// <summary>Name of the owner.</summary>
    public string Name { get; set; } = "";

    /// <summary>Uid of the owner; a namesake with another uid is not the owner.</summary>
    public string Uid { get; set; } = "";

    /// <summary>Whether this owner is the managing controller; at most one is.</summary>
    public bool? Controller { get; set; }

    /// <summary>Whether the owner's foreground deletion waits for this object.</summary>
    public bool? BlockOwnerDeletion { get; set; }
}
