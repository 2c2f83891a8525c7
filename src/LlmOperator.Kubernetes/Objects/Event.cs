using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Something that happened to an object, for a person to read.</summary>
public sealed record Event : IKubeObject<Event>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("events.k8s.io", "v1", "Event", "events", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Event> JsonTypeInfo => KubeJson.Default.Event;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>When it was first seen.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; set; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; set; }

    /// <summary>Why, as a machine word.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; set; }

    /// <summary>What was done or failed.</summary>
    public string? Action { get; set; }

    /// <summary>Sentence for a person, at most 1,024 bytes.</summary>
    public string? Note { get; set; }

    /// <summary>Object it happened to.</summary>
    public ObjectReference? Regarding { get; set; }

    /// <summary>Second object concerned.</summary>
    public ObjectReference? Related { get; set; }

    /// <summary>Who reports it.</summary>
    public string? ReportingController { get; set; }

    /// <summary>Which of them.</summary>
    public string? ReportingInstance { get; set; }

    /// <summary>That it goes on.</summary>
    public EventSeries? Series { get; set; }

    /// <summary>First time, as older reporters give it.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? DeprecatedFirstTimestamp { get; set; }

    /// <summary>Last time, as older reporters give it.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? DeprecatedLastTimestamp { get; set; }

    /// <summary>Count, as older reporters give it.</summary>
    public int? DeprecatedCount { get; set; }
}

/// <summary>That an event goes on.</summary>
public sealed record EventSeries
{
    /// <summary>How often so far.</summary>
    public required int Count { get; set; }

    /// <summary>Last time.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public required DateTimeOffset LastObservedTime { get; set; }
}
