using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Endpoints;

/// <summary>Of an LlmEndpoint only whether it is Ready.</summary>
internal sealed record EndpointView : IKubeObject<EndpointView>
{
    public static ResourceType Resource { get; } = new("llmops.dev", "v1alpha1", "LlmEndpoint", "llmendpoints", Namespaced: true);

    public static JsonTypeInfo<EndpointView> JsonTypeInfo => EndpointJson.Default.EndpointView;

    public string ApiVersion => Resource.ApiVersion;

    public string Kind => Resource.Kind;

    public ObjectMeta Metadata { get; init; } = new();

    public EndpointViewStatus? Status { get; init; }

    [JsonIgnore]
    public bool IsReady => Status?.Conditions?.Any(static condition => condition is { Type: "Ready", Status: "True" }) ?? false;
}

internal sealed record EndpointViewStatus
{
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

[JsonSerializable(typeof(EndpointView))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class EndpointJson : JsonSerializerContext;
