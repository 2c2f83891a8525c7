using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Attraction to and repulsion from nodes and pods.</summary>
public sealed record Affinity
{
    /// <summary>Nodes wanted.</summary>
    public NodeAffinity? NodeAffinity { get; init; }

    /// <summary>Pods to be near to.</summary>
    public PodAffinity? PodAffinity { get; init; }

    /// <summary>Pods to be away from.</summary>
    public PodAntiAffinity? PodAntiAffinity { get; init; }
}

/// <summary>Nodes wanted.</summary>
public sealed record NodeAffinity
{
    /// <summary>Must hold.</summary>
    public NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }

    /// <summary>Preferred, by weight.</summary>
    public IReadOnlyList<PreferredSchedulingTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; init; }
}

/// <summary>Terms on nodes, of which one must hold.</summary>
public sealed record NodeSelector
{
    /// <summary>Terms.</summary>
    public IReadOnlyList<NodeSelectorTerm>? NodeSelectorTerms { get; init; }
}

/// <summary>Requirements on a node, all of which must hold.</summary>
public sealed record NodeSelectorTerm
{
    /// <summary>On labels.</summary>
    public IReadOnlyList<NodeSelectorRequirement>? MatchExpressions { get; init; }

    /// <summary>On fields.</summary>
    public IReadOnlyList<NodeSelectorRequirement>? MatchFields { get; init; }
}

/// <summary>One requirement on a node.</summary>
public sealed record NodeSelectorRequirement
{
    /// <summary>Label or field.</summary>
    public required string Key { get; init; }

    /// <summary><c>In</c>, <c>NotIn</c>, <c>Exists</c>, <c>DoesNotExist</c>, <c>Gt</c> or <c>Lt</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Operator { get; init; }

    /// <summary>Values.</summary>
    public IReadOnlyList<string>? Values { get; init; }
}

/// <summary>A preference for nodes.</summary>
public sealed record PreferredSchedulingTerm
{
    /// <summary>1 to 100.</summary>
    public required int Weight { get; init; }

    /// <summary>The term.</summary>
    public required NodeSelectorTerm Preference { get; init; }
}

/// <summary>Pods to be near to.</summary>
public sealed record PodAffinity
{
    /// <summary>Must hold.</summary>
    public IReadOnlyList<PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }

    /// <summary>Preferred, by weight.</summary>
    public IReadOnlyList<WeightedPodAffinityTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; init; }
}

/// <summary>Pods to be away from.</summary>
public sealed record PodAntiAffinity
{
    /// <summary>Must hold.</summary>
    public IReadOnlyList<PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }

    /// <summary>Preferred, by weight.</summary>
    public IReadOnlyList<WeightedPodAffinityTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; init; }
}

/// <summary>Pods, and the area in which near is meant.</summary>
public sealed record PodAffinityTerm
{
    /// <summary>Pods.</summary>
    public LabelSelector? LabelSelector { get; init; }

    /// <summary>Their namespaces.</summary>
    public IReadOnlyList<string>? Namespaces { get; init; }

    /// <summary>Their namespaces by label.</summary>
    public LabelSelector? NamespaceSelector { get; init; }

    /// <summary>Node label whose value names the area.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string TopologyKey { get; init; }

    /// <summary>Labels of the pod itself that must match.</summary>
    public IReadOnlyList<string>? MatchLabelKeys { get; init; }

    /// <summary>Labels of the pod itself that must differ.</summary>
    public IReadOnlyList<string>? MismatchLabelKeys { get; init; }
}

/// <summary>A preference about pods.</summary>
public sealed record WeightedPodAffinityTerm
{
    /// <summary>1 to 100.</summary>
    public required int Weight { get; init; }

    /// <summary>The term.</summary>
    public required PodAffinityTerm PodAffinityTerm { get; init; }
}
