using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Selects objects by their labels; all parts must hold. An empty selector matches everything.</summary>
public sealed record LabelSelector
{
    /// <summary>Labels with exactly these values.</summary>
    [JsonConverter(typeof(PooledMapConverter))]
    public IReadOnlyDictionary<string, string>? MatchLabels { get; set; }

    /// <summary>Further requirements.</summary>
    public IReadOnlyList<LabelSelectorRequirement>? MatchExpressions { get; set; }

    /// <summary>Whether labels are selected; for many objects, keep the <see cref="Selector"/> of <see cref="Selector.From(LabelSelector?)"/>.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels) => Selector.From(this).Matches(labels);
}

/// <summary>One requirement on a label.</summary>
public sealed record LabelSelectorRequirement
{
    /// <summary>Label.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Key { get; set; } = "";

    /// <summary><c>In</c>, <c>NotIn</c>, <c>Exists</c> or <c>DoesNotExist</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Operator { get; set; } = "";

    /// <summary>Values of In and NotIn.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? Values { get; set; }
}
