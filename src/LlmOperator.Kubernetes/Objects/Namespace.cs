using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A scope for names.</summary>
public sealed record Namespace : IKubeObject<Namespace>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Namespace", "namespaces", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<Namespace> JsonTypeInfo => KubeJson.Default.Namespace;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public NamespaceSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public NamespaceStatus? Status { get; set; }
}

/// <summary>What is wanted of a namespace.</summary>
public sealed record NamespaceSpec
{
    /// <summary>Names of those who must agree before it goes.</summary>
    public IReadOnlyList<string>? Finalizers { get; set; }
}

/// <summary>What there is of a namespace.</summary>
public sealed record NamespaceStatus
{
    /// <summary><c>Active</c> or <c>Terminating</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Phase { get; set; }

    /// <summary>Aspects of its deletion.</summary>
    public IReadOnlyList<NamespaceCondition>? Conditions { get; set; }
}

/// <summary>One aspect of a namespace's deletion.</summary>
public sealed record NamespaceCondition : StatusCondition;
