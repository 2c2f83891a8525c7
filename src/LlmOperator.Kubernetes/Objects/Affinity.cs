using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Attraction to and repulsion from nodes and pods.</summary>
public sealed record Affinity
{
    /// <summary>Nodes wanted.</summary>
    public NodeAffinity? NodeAffinity { get; set; }

    /// <summary>Pods to be near to.</summary>
    public PodAffinity? PodAffinity { get; set; }

    /// <summary>Pods to be away from.</summary>
    public PodAntiAffinity? PodAntiAffinity { get; set; }
}

/// <summary>Nodes wanted.</summary>
public sealed record NodeAffinity
{
    /// <summary>Must hold.</summary>
    public NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }

    /// <summary>Preferred, by weight.</summary>
    public IReadOnlyList<PreferredSchedulingTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; set; }
}

/// <summary>Terms on nodes, of which one must hold.</summary>
public sealed record NodeSelector
{
    /// <summary>Terms.</summary>
    public IReadOnlyList<NodeSelectorTerm>? NodeSelectorTerms { get; set; }
}

/// <summary>Requirements on a node, all of which must hold.</summary>
public sealed record NodeSelectorTerm
{
    /// <summary>On labels.</summary>
    public IReadOnlyList<NodeSelectorRequirement>? MatchExpressions { get; set; }

    /// <summary>On fields.</summary>
    public IReadOnlyList<NodeSelectorRequirement>? MatchFields { get; set; }
}

/// <summary>One requirement on a node.</summary>
public sealed record NodeSelectorRequirement
{
    /// <summary>Label or field.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Key { get; set; } = "";

    /// <summary><c>In</c>, <c>NotIn</c>, <c>Exists</c>, <c>DoesNotExist</c>, <c>Gt</c> or <c>Lt</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Operator { get; set; } = "";

    /// <summary>Values.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? Values { get; set; }
}

/// <summary>A preference for nodes.</summary>
public sealed record PreferredSchedulingTerm
{
    /// <summary>1 to 100.</summary>
    public int Weight { get; set; }

    /// <summary>The term.</summary>
    public NodeSelectorTerm Preference { get; set; } = new();
}

/// <summary>Pods to be near to.</summary>
public sealed record PodAffinity
{
    /// <summary>Must hold.</summary>
    public IReadOnlyList<PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }

    /// <summary>Preferred, by weight.</summary>
    public IReadOnlyList<WeightedPodAffinityTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; set; }
}

/// <summary>Pods to be away from.</summary>
public sealed record PodAntiAffinity
{
    /// <summary>Must hold.</summary>
    public IReadOnlyList<PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }

    /// <summary>Preferred, by weight.</summary>
    public IReadOnlyList<WeightedPodAffinityTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; set; }
}

/// <summary>Pods, and the area in which near is meant.</summary>
public sealed record PodAffinityTerm
{
    /// <summary>Pods.</summary>
    public LabelSelector? LabelSelector { get; set; }

    /// <summary>Their namespaces.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? Namespaces { get; set; }

    /// <summary>Their namespaces by label.</summary>
    public LabelSelector? NamespaceSelector { get; set; }

    /// <summary>Node label whose value names the area.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string TopologyKey { get; set; } = "";

    /// <summary>Labels of the pod itself that must match.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? MatchLabelKeys { get; set; }

    /// <summary>Labels of the pod itself that must differ.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? MismatchLabelKeys { get; set; }
}

/// <summary>A preference about pods.</summary>
public sealed record WeightedPodAffinityTerm
{
    /// <summary>1 to 100.</summary>
    public int Weight { get; set; }

    /// <summary>The term.</summary>
    public PodAffinityTerm PodAffinityTerm { get; set; } = new();
}
