using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>What the conditions of the built-in kinds have in common; they came before <see cref="Condition"/>, and each kind has times of its own besides.</summary>
public abstract record StatusCondition
{
    /// <summary>Aspect, for example <c>Ready</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; set; } = "";

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Status { get; set; } = "";

    /// <summary>Machine word.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reason { get; set; }

    /// <summary>Sentence for a person.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Message { get; set; }

    /// <summary>When the status last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; set; }
}
