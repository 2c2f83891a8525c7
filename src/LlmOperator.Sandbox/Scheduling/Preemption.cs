using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Scheduling;

/// <summary>A node on which a pod fits once others have gone.</summary>
/// <param name="Node">The node.</param>
/// <param name="Victims">Pods that have to go, the most important first.</param>
/// <param name="Violations">How many of them a disruption budget would keep.</param>
internal sealed record PreemptionPlan(NodeState Node, List<JsonObject> Victims, int Violations);

/// <summary>
/// Finds room for a pod at the cost of less important ones, as the default scheduler does: all of lower priority go, and as
/// many as fit come back, those that budgets protect first; then the node that loses least is taken.
/// </summary>
/// <param name="pod">Pod that fits nowhere.</param>
/// <param name="budgets">Disruption budgets of its cluster.</param>
/// <param name="fits">Whether the pod fits on a node in the state given.</param>
internal sealed class Preemption(JsonObject pod, IReadOnlyCollection<JsonObject> budgets, Func<NodeState, bool> fits)
{
    /// <summary>Importance of a pod.</summary>
    public static long Priority(JsonObject pod) => pod.Integer("spec", "priority") ?? 0;

    /// <summary>The best plan; null when no node helps.</summary>
    public PreemptionPlan? Find(IEnumerable<NodeState> nodes) => nodes
        .Select(On)
        .OfType<PreemptionPlan>()
        .OrderBy(plan => plan.Violations)
        .ThenBy(plan => Priority(plan.Victims[0]))
        .ThenBy(plan => plan.Victims.Sum(Priority))
        .ThenBy(plan => plan.Victims.Count)
        .ThenByDescending(plan => plan.Victims.Where(victim => Priority(victim) == Priority(plan.Victims[0])).Min(Started))
        .FirstOrDefault();

    private PreemptionPlan? On(NodeState node)
    {
        var lower = node.Pods.Where(other => Priority(other) < Priority(pod)).ToList();
        if (lower.Count == 0)
        {
            return null;
        }

        var state = node.Without(lower);
        if (!fits(state))
        {
            return null;
        }

        var allowed = budgets.ToDictionary(budget => budget, budget => budget.Integer("status", "disruptionsAllowed") ?? 0);
        var victims = new List<JsonObject>();
        var violations = 0;
        var ranked = lower.OrderByDescending(Priority).ThenBy(Started).Select(other => (Pod: other, Protected: IsProtected(other, allowed))).ToList();
        foreach (var (other, isProtected) in ranked.OrderBy(entry => !entry.Protected))
        {
            state.Put(other);
            if (fits(state))
            {
                continue;
            }

            state.Remove(other.Uid());
            victims.Add(other);
            violations += isProtected ? 1 : 0;
        }

        return victims.Count == 0 ? null : new PreemptionPlan(node, [.. victims.OrderByDescending(Priority).ThenBy(Started)], violations);
    }

    private static bool IsProtected(JsonObject other, Dictionary<JsonObject, long> allowed)
    {
        var violated = false;
        foreach (var budget in allowed.Keys.ToList())
        {
            if (budget.Namespace() == other.Namespace()
                && LabelSelector.Of(budget.Object("spec", "selector"))?.Matches(other) == true
                && budget.Object("status", "disruptedPods")?.ContainsKey(other.Name()) != true)
            {
                violated |= --allowed[budget] < 0;
            }
        }

        return violated;
    }

    private static DateTimeOffset Started(JsonObject other) => Objects.Time(other.Text("status", "startTime")) ?? other.Created();
}
