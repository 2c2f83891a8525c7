using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Selects objects by their labels; all parts must hold. An empty selector matches everything.</summary>
public sealed record LabelSelector
{
    /// <summary>Labels with exactly these values.</summary>
    [JsonConverter(typeof(PooledMapConverter))]
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }

    /// <summary>Further requirements.</summary>
    public IReadOnlyList<LabelSelectorRequirement>? MatchExpressions { get; init; }

    /// <summary>Whether labels are selected; for many objects, keep the <see cref="Selector"/> of <see cref="Selector.From(LabelSelector?)"/>.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels) => Selector.From(this).Matches(labels);
}

/// <summary>One requirement on a label.</summary>
public sealed record LabelSelectorRequirement
{
    /// <summary>Label.</summary>
    public required string Key { get; init; }

    /// <summary><c>In</c>, <c>NotIn</c>, <c>Exists</c> or <c>DoesNotExist</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Operator { get; init; }

    /// <summary>Values of In and NotIn.</summary>
    public IReadOnlyList<string>? Values { get; init; }
}
