using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Keys with values, not secret.</summary>
public sealed record ConfigMap : IKubeObject<ConfigMap>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "ConfigMap", "configmaps", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<ConfigMap> JsonTypeInfo => KubeJson.Default.ConfigMap;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>Values as text.</summary>
    public IReadOnlyDictionary<string, string>? Data { get; set; }

    /// <summary>Values as base64.</summary>
    public IReadOnlyDictionary<string, string>? BinaryData { get; set; }

    /// <summary>Never changes.</summary>
    public bool? Immutable { get; set; }
}
