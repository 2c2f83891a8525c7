using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A report of something that happened (<c>events.k8s.io/v1</c>).</summary>
public sealed record Event : IKubeObject<Event>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("events.k8s.io", "v1", "Event", "events", true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Event> JsonTypeInfo => ObjectsJson.Default.Event;

    /// <inheritdoc/>
    public string ApiVersion { get; init; } = Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init; } = Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init; } = new();

    /// <summary>When it was first seen.</summary>
    public DateTimeOffset? EventTime { get; init; }

    /// <summary>Repetitions.</summary>
    public EventSeries? Series { get; init; }

    /// <summary>Name of the reporter.</summary>
    public string? ReportingController { get; init; }

    /// <summary>Process of the reporter.</summary>
    public string? ReportingInstance { get; init; }

    /// <summary>What the reporter was doing.</summary>
    public string? Action { get; init; }

    /// <summary>Why, as a CamelCase word.</summary>
    public string? Reason { get; init; }

    /// <summary>The object it is about.</summary>
    public ObjectReference? Regarding { get; init; }

    /// <summary>A second object that has to do with it.</summary>
    public ObjectReference? Related { get; init; }

    /// <summary>Text for people.</summary>
    public string? Note { get; init; }

    /// <summary>Normal or Warning.</summary>
    public string? Type { get; init; }
}

/// <summary>Repetitions of an event.</summary>
public sealed record EventSeries
{
    /// <summary>How often it was seen.</summary>
    public required int Count { get; init; }

    /// <summary>When it was last seen.</summary>
    public required DateTimeOffset LastObservedTime { get; init; }
}

/// <summary>Names an object of any kind.</summary>
public sealed record ObjectReference
{
    /// <summary><c>group/version</c>.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Kind.</summary>
    public string? Kind { get; init; }

    /// <summary>Namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Name.</summary>
    public string? Name { get; init; }

    /// <summary>Uid.</summary>
    public string? Uid { get; init; }

    /// <summary>Version.</summary>
    public string? ResourceVersion { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(Event))]
internal sealed partial class ObjectsJson : JsonSerializerContext;
