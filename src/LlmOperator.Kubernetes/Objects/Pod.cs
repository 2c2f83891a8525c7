using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A pod: containers that share a network and are scheduled together.</summary>
public sealed record Pod : IKubeObject<Pod>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Pod", "pods", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Pod> JsonTypeInfo => KubeJson.Default.Pod;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What should run.</summary>
    public PodSpec? Spec { get; set; }

    /// <summary>What runs.</summary>
    public PodStatus? Status { get; set; }
}

/// <summary>A pod as a workload's template has it.</summary>
public sealed record PodTemplateSpec
{
    /// <summary>Labels and annotations of the pods.</summary>
    public ObjectMeta? Metadata { get; set; }

    /// <summary>What should run.</summary>
    public PodSpec? Spec { get; set; }
}
