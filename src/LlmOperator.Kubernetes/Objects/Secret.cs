using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Keys with secret values.</summary>
public sealed record Secret : IKubeObject<Secret>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Secret", "secrets", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Secret> JsonTypeInfo => KubeJson.Default.Secret;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is in it, for example <c>Opaque</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; set; }

    /// <summary>Values as bytes (base64 in JSON)</summary>
    public IReadOnlyDictionary<string, byte[]>? Data { get; set; }

    /// <summary>Values as text, for writing only.</summary>
    public IReadOnlyDictionary<string, string>? StringData { get; set; }

    /// <summary>Never changes.</summary>
    public bool? Immutable { get; set; }
}
