using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Whether the cluster has nodes an endpoint's pods could ever run on.</summary>
internal static class NodeFit
{
    /// <summary>Why no node will do, with what there is instead; null when one could.</summary>
    public static string? WhyNone(EndpointSettings settings, EndpointObservation observed)
    {
        var accelerator = settings.Accelerator;
        var matching = observed.Nodes.Where(node => accelerator.Matches(node.Metadata.Labels)).ToList();
        if (matching.Count == 0)
        {
            return $"no node has accelerator {accelerator.Name}; {Present(observed)}: add a node with {accelerator.Name}, or set spec.accelerator.type to a class there is";
        }

        var most = matching.Max(node => Count(node, accelerator.Resource));
        if (most < settings.AcceleratorCount)
        {
            return most == 0
                ? $"nodes with accelerator {accelerator.Name} offer no {accelerator.Resource} ({Names(matching)}): check the device plugin on them"
                : $"a replica asks for {settings.AcceleratorCount} x {accelerator.Name} and the largest node has {most}: add a larger node, or lower spec.accelerator.count";
        }

        var open = matching.Where(node => node.Spec?.Unschedulable != true && Count(node, accelerator.Resource) >= settings.AcceleratorCount).ToList();
        return open.Count == 0 ? $"all nodes with enough {accelerator.Name} are cordoned ({Names(matching)}): uncordon one, or add a node" : null;
    }

    private static string Present(EndpointObservation observed)
    {
        var present = observed.Nodes
            .Select(node => observed.Catalogue.Identify(node.Metadata.Labels)?.Name ?? Unknown(node))
            .OfType<string>()
            .GroupBy(name => name, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key} on {group.Count()} node{(group.Count() == 1 ? "" : "s")}")
            .ToList();
        return present.Count == 0
            ? $"none of the {observed.Nodes.Count} nodes has an accelerator"
            : $"there is {string.Join(", ", present)}";
    }

    /// <summary>What a node with an accelerator outside the catalogue calls it.</summary>
    private static string? Unknown(Node node) =>
        node.Metadata.Labels?.GetValueOrDefault("nvidia.com/gpu.product") is { } product ? $"{product} (not in the catalogue)" : null;

    private static long Count(Node node, string resource) =>
        (node.Status?.Allocatable ?? node.Status?.Capacity)?.TryGetValue(resource, out var quantity) == true ? quantity.Value : 0;

    private static string Names(List<Node> nodes) =>
        string.Join(", ", nodes.Take(5).Select(node => node.Metadata.Name)) + (nodes.Count > 5 ? $" and {nodes.Count - 5} more" : "");
}
