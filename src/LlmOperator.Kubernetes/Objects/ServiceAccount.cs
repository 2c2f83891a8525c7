using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>An identity for pods.</summary>
public sealed record ServiceAccount : IKubeObject<ServiceAccount>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "ServiceAccount", "serviceaccounts", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<ServiceAccount> JsonTypeInfo => KubeJson.Default.ServiceAccount;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>Whether pods get its token.</summary>
    public bool? AutomountServiceAccountToken { get; set; }

    /// <summary>Registry credentials pods get.</summary>
    public IReadOnlyList<LocalObjectReference>? ImagePullSecrets { get; set; }
}
