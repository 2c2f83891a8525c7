using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>The quality-of-service class of a pod, which follows from its processor and memory figures.</summary>
internal static class PodQuality
{
    private static readonly string[] Counted = ["cpu", "memory"];

    /// <summary>Guaranteed, Burstable or BestEffort.</summary>
    public static string Of(JsonObject spec)
    {
        var any = false;
        var guaranteed = true;
        foreach (var container in spec.Objects("initContainers").Concat(spec.Objects("containers")))
        {
            foreach (var resource in Counted)
            {
                var request = Amount(container, "requests", resource);
                var limit = Amount(container, "limits", resource);
                any |= request is not null || limit is not null;
                guaranteed &= limit is not null && (request is null || request == limit);
            }
        }

        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }

    private static Quantity? Amount(JsonObject container, string side, string resource) =>
        Quantity.TryParse(Printing.Cells.Scalar(container.At("resources", side, resource)), out var quantity) && !quantity.IsZero ? quantity : null;
}
