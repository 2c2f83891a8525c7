using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Which pods go first: those that serve least, then those on the fullest node, then the youngest.</summary>
internal sealed class VictimOrder(IReadOnlyCollection<JsonObject> pods) : IComparer<JsonObject>
{
    private readonly Dictionary<string, int> _onNode = pods.GroupBy(pod => pod.Text("spec", "nodeName") ?? "").ToDictionary(group => group.Key, group => group.Count());

    /// <inheritdoc/>
    public int Compare(JsonObject? x, JsonObject? y)
    {
        foreach (var rank in (ReadOnlySpan<Func<JsonObject, long>>)
        [
            pod => pod.Text("spec", "nodeName") is { Length: > 0 } ? 1 : 0,
            pod => pod.Text("status", "phase") switch { "Pending" => 0, "Unknown" => 1, _ => 2 },
            pod => pod.IsReady() ? 1 : 0,
            pod => int.TryParse(pod.Annotation("controller.kubernetes.io/pod-deletion-cost"), CultureInfo.InvariantCulture, out var cost) ? cost : 0,
            pod => -_onNode.GetValueOrDefault(pod.Text("spec", "nodeName") ?? ""),
            pod => -(Objects.Time(pod.Condition("Ready").Text("lastTransitionTime"))?.Ticks ?? 0),
            pod => pod.Objects("status", "containerStatuses").Select(status => -(status.Integer("restartCount") ?? 0)).DefaultIfEmpty(0).Min(),
            pod => -pod.Created().Ticks,
        ])
        {
            if (rank(x!).CompareTo(rank(y!)) is not 0 and var order)
            {
                return order;
            }
        }

        return string.CompareOrdinal(y!.Name(), x!.Name());
    }
}
