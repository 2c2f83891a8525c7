using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A pod for those who ask only what it is called and labelled.</summary>
public sealed record PodMetadata : IKubeObject<PodMetadata>
{
    /// <inheritdoc/>
    public static ResourceType Resource => Pod.Resource;

    /// <inheritdoc/>
    public static JsonTypeInfo<PodMetadata> JsonTypeInfo => KubeJson.Default.PodMetadata;

    /// <inheritdoc/>
    public static bool IsMetadataOnly => true;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;
}
