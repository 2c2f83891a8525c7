using System.Globalization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Fit;

/// <summary>What an endpoint costs by the catalogue's prices, in exact decimals.</summary>
internal static class EndpointCost
{
    /// <summary>Price of the replicas there are; null where the catalogue has no price for what they run on.</summary>
    /// <param name="accelerator">Accelerators of a replica.</param>
    /// <param name="pods">Pods there are.</param>
    /// <param name="state">What is seen of them.</param>
    /// <param name="observed">Catalogue and nodes.</param>
    public static CostStatus? Of(AcceleratorStatus? accelerator, int pods, WorkloadState state, EndpointObservation observed)
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

        // Pods of a group may run on any member; the node tells. One without a node is reckoned at the lowest price it may come to.
        var lowest = members.Min(member => member.PricePerHour!.Value);
        var placed = members.Count == 1
            ? []
            : state.LivePods.Where(pod => pod.Spec?.NodeName is not null).Take(pods)
                .Select(pod => observed.Nodes.FirstOrDefault(node => node.Metadata.Name == pod.Spec!.NodeName)?.Metadata.Labels)
                .Select(labels => members.FirstOrDefault(member => member.Matches(labels))?.PricePerHour ?? lowest)
                .ToList();
        var total = (placed.Sum() + (lowest * (pods - placed.Count))) * accelerator.Count;
        var replica = (placed.Count > 0 ? placed.Max() : lowest) * accelerator.Count;
        return new() { Currency = observed.Catalogue.Currency, PerHour = Text(total), PerReplicaHour = Text(replica) };
    }

    /// <summary>A decimal without zeros at its end.</summary>
    private static string Text(decimal amount) => amount.ToString("0.############################", CultureInfo.InvariantCulture);
}
