using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Tests.Fakes;

/// <summary>A custom resource as small as can be.</summary>
internal sealed record Echo : IKubeObject<Echo>
{
    public static ResourceType Resource { get; } = new("bench.example.com", "v1", "Echo", "echoes", true);

    public static JsonTypeInfo<Echo> JsonTypeInfo => FakeJson.Default.Echo;

    public string ApiVersion { get; init; } = Resource.ApiVersion;

    public string Kind { get; init; } = Resource.Kind;

    public ObjectMeta Metadata { get; init; } = new();

    public EchoSpec? Spec { get; init; }

    public EchoStatus? Status { get; init; }

    public static Echo Named(string name, string image = "a", string ns = "default")
        => new() { Metadata = new ObjectMeta { Name = name, Namespace = ns }, Spec = new EchoSpec { Image = image } };
}

internal sealed record EchoSpec
{
    public string? Image { get; init; }

    public int? Replicas { get; init; }

    public string? Reference { get; init; }
}

internal sealed record EchoStatus
{
    public int? Ready { get; init; }
}

/// <summary>A kind whose objects an <see cref="Echo"/> owns.</summary>
internal sealed record Part : IKubeObject<Part>
{
    public static ResourceType Resource { get; } = new("apps.example.com", "v1", "Part", "parts", true);

    public static JsonTypeInfo<Part> JsonTypeInfo => FakeJson.Default.Part;

    public string ApiVersion { get; init; } = Resource.ApiVersion;

    public string Kind { get; init; } = Resource.Kind;

    public ObjectMeta Metadata { get; init; } = new();

    public PartSpec? Spec { get; init; }
}

internal sealed record PartSpec
{
    public string? Image { get; init; }

    public string? Extra { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Echo))]
[JsonSerializable(typeof(Part))]
internal sealed partial class FakeJson : JsonSerializerContext;
