using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Fit;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Whether the cluster has nodes an endpoint's pods could run on, and why each that could not.</summary>
internal static class NodeFit
{
    /// <summary>Nodes a message names one by one.</summary>
    private const int MostNamed = 5;

    /// <summary>Why no node will ever do as the cluster is, with what there is instead; null when one could.</summary>
    /// <param name="settings">The endpoint.</param>
    /// <param name="pod">Its pod as it is asked for; null when none is.</param>
    /// <param name="observed">What is seen.</param>
    public static string? WhyNone(EndpointSettings settings, PodSpec? pod, EndpointObservation observed)
    {
        var accelerator = settings.Accelerator;
        var demand = NodeDemand.Of(settings, pod);
        var verdicts = observed.Nodes.Select(node => (Node: node, Why: demand.WhyNever(node, observed.Catalogue), IsNear: accelerator.Matches(node.Metadata.Labels))).ToList();
        if (verdicts.Exists(verdict => verdict.Why is null))
        {
            return null;
        }

        var matching = observed.Nodes.Where(node => accelerator.Matches(node.Metadata.Labels)).ToList();
        return $"{Headline(settings, demand, matching, observed)}{NodeByNode(verdicts)}";
    }

    /// <summary>Why no node takes a pod now, node by node; empty when there are no nodes to tell of.</summary>
    public static string WhyNotNow(EndpointSettings settings, PodSpec? pod, EndpointObservation observed)
    {
        var demand = NodeDemand.Of(settings, pod);
        return NodeByNode([.. observed.Nodes.Select(node => (node, demand.WhyNever(node, observed.Catalogue) ?? demand.WhyNotNow(node, observed), demand.Accelerator.Matches(node.Metadata.Labels)))]);
    }

    /// <summary>What pods of an endpoint would ask of nodes if they had accelerators of a class.</summary>
    public static NodeDemand Demand(AcceleratorClass accelerator, int count, LlmEndpointSpec spec) =>
        new() { Accelerator = accelerator, Count = count, NodeSelector = spec.Scheduling?.NodeSelector, Tolerations = PodPlacement.Tolerations(accelerator, spec.Scheduling) };

    /// <summary>Accelerators that a node has for pods that may go there, taken or not; 0 when they may not.</summary>
    public static long Offers(Node node, NodeDemand demand) => demand.MayEnter(node) ? NodeResources.Count(node, demand.Accelerator.Resource) : 0;

    /// <summary>Accelerators of a node that pods of the operator hold.</summary>
    public static long Taken(Node node, AcceleratorClass accelerator, EndpointObservation observed) => Holders(node, accelerator.Resource, observed).Sum(holder => holder.Count);

    /// <summary>What holds accelerators of a node, by endpoint.</summary>
    public static IEnumerable<(string Endpoint, long Count)> Holders(Node node, string resource, EndpointObservation observed) => observed.PodsOn(node.Metadata.Name!)
        .Where(pod => pod.Status?.Phase is not ("Succeeded" or "Failed"))
        .Select(pod => (
            Endpoint: $"{pod.Metadata.Namespace}/{pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.EndpointLabel) ?? pod.Metadata.Name}",
            Count: (pod.Spec?.Containers ?? []).Sum(container => container.Resources?.Limits?.TryGetValue(resource, out var held) == true ? held.Value : 0)))
        .Where(holder => holder.Count > 0)
        .GroupBy(holder => holder.Endpoint, StringComparer.Ordinal)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => (group.Key, group.Sum(holder => holder.Count)));

    /// <summary>Why <c>auto</c> has nothing to choose from.</summary>
    public static string NothingToChoose(EndpointObservation observed, LlmEndpointSpec spec, MemoryDemand memory)
    {
        var verdicts = observed.Nodes.Select(node =>
        {
            var known = observed.Catalogue.Identify(node.Metadata.Labels);
            var demand = known is null ? null : Demand(known, spec.Accelerator?.Count ?? ((spec.Parallelism?.Tensor ?? 1) * (spec.Parallelism?.Pipeline ?? 1)), spec);
            var why = demand is null
                ? NodeDemand.Has(node, observed.Catalogue) is { } odd ? $"has {odd}" : NodeDemand.Nothing
                : !AcceleratorChoice.RunsImage(known!, spec) ? $"has {known!.Name}, for which spec.engine.image has to be given"
                : demand.WhyNever(node, observed.Catalogue)
                ?? (FitRemedies.Loads(known!, memory.Quantization)
                    ? $"has {known!.Name}, over {demand.Count} of which the attention heads cannot be dealt out evenly"
                    : $"has {known!.Name}, which cannot load weights as {memory.Quantization}");
            return (Node: node, Why: (string?)why, IsNear: demand is not null);
        }).ToList();
        return $"{Present(observed)}, and no class of the catalogue is marked provisionable: add a node with accelerators, or set provisionable for classes a node autoscaler brings{NodeByNode(verdicts)}";
    }

    private static string Headline(EndpointSettings settings, NodeDemand demand, List<Node> matching, EndpointObservation observed)
    {
        var (accelerator, count) = (settings.Accelerator, settings.AcceleratorCount);
        if (matching.Count == 0)
        {
            return $"no node has accelerator {accelerator.Name}; {Present(observed)}: add a node with {accelerator.Name}, or set spec.accelerator.type to a class there is";
        }

        var most = matching.Max(node => NodeResources.Count(node, accelerator.Resource));
        if (most < count)
        {
            return most == 0
                ? $"nodes with accelerator {accelerator.Name} offer no {accelerator.Resource} ({Names(matching)}): check the device plugin on them"
                : settings.Spec.Accelerator?.Count is null && count > 1
                    ? $"a pod asks for {count} x {accelerator.Name}, as spec.parallelism says, and the largest node has {most}: add a larger node, lower spec.parallelism, or set spec.accelerator.count to what a node has, to run one copy of the model on several"
                    : $"a pod asks for {count} x {accelerator.Name} and the largest node has {most}: add a larger node, or lower spec.accelerator.count";
        }

        var enough = matching.Where(node => NodeResources.Count(node, accelerator.Resource) >= count).ToList();
        return enough.TrueForAll(node => node.Spec?.Unschedulable == true)
            ? $"all nodes with enough {accelerator.Name} are cordoned ({Names(matching)}): uncordon one, or add a node"
            : $"no node with enough {accelerator.Name} takes the pods: change spec.scheduling or spec.engine.resources to what one has, or add a node";
    }

    private static string Present(EndpointObservation observed)
    {
        var present = observed.Nodes
            .Select(node => NodeDemand.Has(node, observed.Catalogue))
            .OfType<string>()
            .GroupBy(name => name, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key} on {group.Count()} node{(group.Count() == 1 ? "" : "s")}")
            .ToList();
        return present.Count == 0
            ? $"none of the {observed.Nodes.Count} nodes has an accelerator"
            : $"there is {string.Join(", ", present)}";
    }

    /// <summary>Each node that has accelerators with what keeps pods from it, those of the class asked for first.</summary>
    private static string NodeByNode(IReadOnlyList<(Node Node, string? Why, bool IsNear)> verdicts)
    {
        var told = verdicts.Where(verdict => verdict.Why is not null and not NodeDemand.Nothing)
            .OrderByDescending(verdict => verdict.IsNear)
            .ThenBy(verdict => verdict.Node.Metadata.Name, StringComparer.Ordinal)
            .ToList();
        if (told.Count == 0)
        {
            return "";
        }

        var rest = told.Skip(MostNamed).GroupBy(verdict => verdict.Why!, StringComparer.Ordinal).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).ToList();
        var more = rest.Count == 0 ? "" : $"; and of {told.Count - MostNamed} more: {string.Join(", ", rest.Take(MostNamed).Select(group => $"{group.Count()} {group.Key}"))}{(rest.Count > MostNamed ? " …" : "")}";
        var without = verdicts.Count(verdict => verdict.Why == NodeDemand.Nothing);
        return $". Node by node: {string.Join("; ", told.Take(MostNamed).Select(verdict => $"{verdict.Node.Metadata.Name} {verdict.Why}"))}{more}{(without > 0 ? $"; {without} without accelerators" : "")}";
    }

    private static string Names(List<Node> nodes) =>
        string.Join(", ", nodes.Take(MostNamed).Select(node => node.Metadata.Name)) + (nodes.Count > MostNamed ? $" and {nodes.Count - MostNamed} more" : "");
}
