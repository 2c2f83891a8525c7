using System.Globalization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Fit;

/// <summary>What an endpoint costs by the catalogue's prices, in exact decimals.</summary>
internal static class EndpointCost
{
    /// <summary>Price of the pods that have a node; null where the catalogue has no price for what they run on.</summary>
    /// <param name="accelerator">Accelerators of a replica of the present revision.</param>
    /// <param name="observed">Pods, catalogue and nodes.</param>
    public static CostStatus? Of(AcceleratorStatus? accelerator, EndpointObservation observed)
    {
        if (accelerator is null || observed.Catalogue.Find(accelerator.Type) is not { } known)
        {
            return null;
        }

        var members = observed.Catalogue.MembersOf(known);
        if (members.Any(member => member.PricePerHour is null))
        {
            return null;
        }

        // A pod of an earlier revision may run on another class, and one of a group on any member: the node tells. One that goes costs until it is gone, and one that waits for a node costs nothing yet.
        var (total, dearest) = (0m, (decimal?)null);
        foreach (var pod in observed.Pods.Where(pod => pod.Spec?.NodeName is not null && pod.Status?.Phase is not ("Succeeded" or "Failed")))
        {
            var labels = observed.Nodes.FirstOrDefault(node => node.Metadata.Name == pod.Spec!.NodeName)?.Metadata.Labels;
            var member = members.FirstOrDefault(member => member.Matches(labels));
            if ((member ?? observed.Catalogue.Identify(labels) ?? members[0]) is not { PricePerHour: { } price } runsOn)
            {
                return null;
            }

            total += price * (Held(pod, runsOn.Resource) ?? accelerator.Count);
            dearest = member is not null && !(price < dearest) ? price : dearest;
        }

        return new() { Currency = observed.Catalogue.Currency, PerHour = Text(total), PerReplicaHour = Text((dearest ?? members.Min(member => member.PricePerHour!.Value)) * accelerator.Count) };
    }

    /// <summary>Accelerators a pod has; null where it does not say.</summary>
    private static decimal? Held(Pod pod, string resource)
    {
        var held = (pod.Spec?.Containers ?? []).Sum(container => container.Resources?.Limits?.TryGetValue(resource, out var count) == true ? count.Value : 0);
        return held > 0 ? held : null;
    }

    /// <summary>A decimal without zeros at its end.</summary>
    private static string Text(decimal amount) => amount.ToString("0.############################", CultureInfo.InvariantCulture);
}
