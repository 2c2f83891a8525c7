using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;

namespace LlmOperator.Planning.Endpoints;

/// <summary>How an accelerator class becomes part of a pod: where it may run and what it tolerates.</summary>
internal static class PodPlacement
{
    /// <summary>Each way in which nodes say that they have the class is a term of its own; a node needs to pass one.</summary>
    public static Affinity Affinity(AcceleratorClass accelerator) => new()
    {
        NodeAffinity = new()
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new()
            {
                NodeSelectorTerms =
                [
                    .. accelerator.Terms.Select(term => new NodeSelectorTerm
                    {
                        MatchExpressions =
                        [
                            .. term.Matches.Select(match => new NodeSelectorRequirement { Key = match.Key, Operator = match.Operator.ToString(), Values = match.Values.Count > 0 ? match.Values : null }),
                        ],
                    }),
                ],
            },
        },
    };

    /// <summary>Pods of an endpoint rather on different nodes, and nodes in different zones: the loss of one takes the least away. Where that is not to be had they still run.</summary>
    public static IReadOnlyList<TopologySpreadConstraint> Spread(LlmEndpoint endpoint) =>
    [
        .. ((string[])["kubernetes.io/hostname", "topology.kubernetes.io/zone"]).Select(area => new TopologySpreadConstraint
        {
            MaxSkew = 1,
            TopologyKey = area,
            WhenUnsatisfiable = "ScheduleAnyway",
            LabelSelector = new() { MatchLabels = ObjectNames.Selector(endpoint) },
            MatchLabelKeys = [ApiGroup.RevisionLabel], // Pods that are about to go do not count.
        }),
    ];

    /// <summary>Taints of accelerator nodes: named after the resource everywhere but on AKS, whose convention is sku=gpu. Then what the user adds.</summary>
    public static IReadOnlyList<Toleration> Tolerations(EndpointSettings settings) => Tolerations(settings.Accelerator, settings.Spec.Scheduling);

    /// <summary>Taints tolerated by pods with accelerators of a class.</summary>
    public static IReadOnlyList<Toleration> Tolerations(AcceleratorClass accelerator, SchedulingSpec? scheduling) =>
    [
        new() { Key = accelerator.Resource, Operator = "Exists" },
        new() { Key = "sku", Operator = "Equal", Value = "gpu", Effect = "NoSchedule" },
        .. (scheduling?.Tolerations ?? []).Select(toleration => new Toleration
        {
            Key = toleration.Key,
            Operator = toleration.Operator,
            Value = toleration.Value,
            Effect = toleration.Effect,
            TolerationSeconds = toleration.TolerationSeconds,
        }),
    ];
}
