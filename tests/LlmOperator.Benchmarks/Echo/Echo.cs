using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Echo;

/// <summary>The custom resource of the workload all operators are compared by: it asks for one Deployment and one Service.</summary>
internal sealed record Echo : IKubeObject<Echo>
{
    /// <summary>Plural is what the cluster's definition says; set before the first request.</summary>
    public static ResourceType Resource { get; set; } = new("bench.example.com", "v1", "Echo", "echoes", Namespaced: true);

    public static JsonTypeInfo<Echo> JsonTypeInfo => EchoJson.Default.Echo;

    public string ApiVersion => Resource.ApiVersion;

    public string Kind => Resource.Kind;

    public ObjectMeta Metadata { get; init; } = new();

    public EchoSpec? Spec { get; init; }

    public EchoStatus? Status { get; init; }
}

internal sealed record EchoSpec
{
    public int? Replicas { get; init; }

    public string? Image { get; init; }
}

internal sealed record EchoStatus
{
    /// <summary>Says that the children are applied: boolean, or the replicas asked for, as the cluster's definition has it.</summary>
    public JsonElement? Ready { get; init; }
}

[JsonSerializable(typeof(Echo))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class EchoJson : JsonSerializerContext;
