using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Fit;

/// <summary>What a node has for pods.</summary>
internal static class NodeResources
{
    /// <summary>How many of a resource pods may have; 0 when the node does not have it.</summary>
    public static long Count(Node node, string resource) => Amount(node, resource)?.Value ?? 0;

    /// <summary>How much of a resource pods may have; null when the node does not say.</summary>
    public static Quantity? Amount(Node node, string resource) =>
        (node.Status?.Allocatable ?? node.Status?.Capacity)?.TryGetValue(resource, out var quantity) == true ? quantity : null;
}
