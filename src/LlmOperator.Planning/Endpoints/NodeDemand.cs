using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Fit;

namespace LlmOperator.Planning.Endpoints;

/// <summary>What a pod asks of a node, as far as a node can be told to lack it. The scheduler has the last word; this finds words for its refusal.</summary>
internal sealed record NodeDemand
{
    /// <summary>What is said of a node that has no accelerators.</summary>
    public const string Nothing = "has no accelerators";

    public required AcceleratorClass Accelerator { get; init; }

    public required int Count { get; init; }

    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    public IReadOnlyList<Toleration> Tolerations { get; init; } = [];

    /// <summary>Other resources the pod requests.</summary>
    public IReadOnlyDictionary<string, Quantity> Requests { get; init; } = new Dictionary<string, Quantity>();

    /// <summary>What the pod of an endpoint asks: as it is written where there is one, for a template may change it.</summary>
    public static NodeDemand Of(EndpointSettings settings, PodSpec? pod)
    {
        var requests = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var resource in (ReadOnlySpan<string>)["cpu", "memory"])
        {
            var sum = Quantity.Zero;
            // Sidecars run beside the containers; what an init container asks for is given back when it ends.
            foreach (var container in (pod?.Containers ?? []).Concat((pod?.InitContainers ?? []).Where(container => container.RestartPolicy == "Always")))
            {
                if (container.Resources?.Requests?.TryGetValue(resource, out var asked) == true || container.Resources?.Limits?.TryGetValue(resource, out asked) == true)
                {
                    sum += asked;
                }
            }

            requests[resource] = sum;
        }

        return new()
        {
            Accelerator = settings.Accelerator,
            Count = settings.AcceleratorCount,
            NodeSelector = pod is null ? settings.Spec.Scheduling?.NodeSelector : pod.NodeSelector,
            Tolerations = pod?.Tolerations ?? PodPlacement.Tolerations(settings),
            Requests = requests,
        };
    }

    /// <summary>What a node has of accelerators, in the catalogue's words or its own; null when it has none.</summary>
    public static string? Has(Node node, AcceleratorCatalogue catalogue)
    {
        var labels = node.Metadata.Labels;
        if (catalogue.Identify(labels)?.Name is { } known)
        {
            return known;
        }

        if (labels?.GetValueOrDefault("nvidia.com/gpu.product") is not { } product)
        {
            return null;
        }

        return product.EndsWith("-SHARED", StringComparison.Ordinal) ? $"{product} (shared with other pods; not in the catalogue)"
            : product.Contains("-MIG-", StringComparison.Ordinal) ? $"{product} (a slice; not in the catalogue)"
            : $"{product} (not in the catalogue)";
    }

    /// <summary>Whether labels, taints and cordon of a node let the pod in.</summary>
    public bool MayEnter(Node node) => Accelerator.Matches(node.Metadata.Labels) && node.Spec?.Unschedulable != true && Untolerated(node) is null && Unselected(node) is null;

    /// <summary>Why a node cannot take the pod whatever else runs on it; null when it could.</summary>
    public string? WhyNever(Node node, AcceleratorCatalogue catalogue)
    {
        if (!Accelerator.Matches(node.Metadata.Labels))
        {
            return Has(node, catalogue) is { } other ? $"has {other}" : Nothing;
        }

        var count = NodeResources.Count(node, Accelerator.Resource);
        if (count < Count)
        {
            return count == 0 ? $"offers no {Accelerator.Resource}" : $"offers {count} of {Count} {Accelerator.Resource}";
        }

        if (node.Spec?.Unschedulable == true)
        {
            return "is cordoned";
        }

        if (Untolerated(node) is { } taint)
        {
            return $"has taint {taint.Key}{(taint.Value is { Length: > 0 } value ? $"={value}" : "")}:{taint.Effect}, which is not tolerated";
        }

        if (Unselected(node) is { } label)
        {
            return node.Metadata.Labels?.GetValueOrDefault(label.Key) is { } other
                ? $"has label {label.Key}={other}, and the node selector wants {label.Value}"
                : $"lacks label {label.Key}={label.Value} of the node selector";
        }

        foreach (var (resource, asked) in Requests)
        {
            if (NodeResources.Amount(node, resource) is { } all && asked > all)
            {
                return $"has {all} {resource} and the pod asks for {asked}";
            }
        }

        return null;
    }

    /// <summary>What pods of ours hold of a node that could otherwise take the pod.</summary>
    public string WhyNotNow(Node node, EndpointObservation observed)
    {
        var holders = NodeFit.Holders(node, Accelerator.Resource, observed).ToList();
        var all = NodeResources.Count(node, Accelerator.Resource);
        var taken = holders.Sum(holder => holder.Count);
        return all - taken >= Count
            ? "seems to have room; what is in the way there the operator does not see"
            : $"has {taken} of {all} {Accelerator.Resource} taken by {string.Join(", ", holders.Take(3).Select(holder => holder.Endpoint))}{(holders.Count > 3 ? $" and {holders.Count - 3} more" : "")}";
    }

    private Taint? Untolerated(Node node) =>
        node.Spec?.Taints?.FirstOrDefault(taint => taint.Effect is "NoSchedule" or "NoExecute" && taint.Key != "node.kubernetes.io/unschedulable" && !Tolerations.Any(toleration => Tolerates(toleration, taint)));

    /// <summary>As the scheduler compares: no key tolerates every taint, no effect every effect.</summary>
    private static bool Tolerates(Toleration toleration, Taint taint) =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) ? toleration.Operator == "Exists" : toleration.Key == taint.Key)
        && (toleration.Operator == "Exists" || (toleration.Value ?? "") == (taint.Value ?? ""));

    private KeyValuePair<string, string>? Unselected(Node node)
    {
        foreach (var label in (NodeSelector ?? new Dictionary<string, string>()).OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            if (!label.Key.StartsWith(NodeLabels.Unseen, StringComparison.Ordinal) && node.Metadata.Labels?.GetValueOrDefault(label.Key) != label.Value)
            {
                return label;
            }
        }

        return null;
    }
}
