using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>One aspect of an object's state (metav1.Condition).</summary>
public sealed record Condition
{
    /// <summary>Aspect, in CamelCase.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; set; } = "";

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Status { get; set; } = "";

    /// <summary>Generation of the object the condition speaks of.</summary>
    public long? ObservedGeneration { get; set; }

    /// <summary>When <see cref="Status"/> last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; set; }

    /// <summary>Machine word for the state, in CamelCase.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; set; }

    /// <summary>Sentence for a person.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Message { get; set; }
}
