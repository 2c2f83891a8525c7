using System.Text.Json.Nodes;

namespace LlmOperator.Cli;

/// <summary>A condition as the table shows it.</summary>
/// <param name="Type">Type.</param>
/// <param name="Status">Status.</param>
/// <param name="Reason">Reason.</param>
/// <param name="Message">Message.</param>
/// <param name="IsTrouble">Whether it tells of trouble because it holds.</param>
internal readonly record struct ConditionState(string Type, string Status, string? Reason, string? Message, bool IsTrouble = false);

/// <summary>
/// Whether an object is what its kind calls ready, in the sense of <c>kubectl wait</c>: the condition the kind summarises itself with is True
/// and speaks of the present generation. Kinds without such a condition (Service, ConfigMap) are ready when they exist.
/// </summary>
internal sealed record ResourceReadiness(bool Ready, string Summary, IReadOnlyList<ConditionState> Conditions)
{
    /// <summary>Condition by which a built-in kind is judged; everything of our group, and other custom kinds that have one, go by Ready.</summary>
    private static readonly Dictionary<string, string> SummaryConditions = new()
    {
        ["Deployment"] = "Available",
        ["Job"] = "Complete",
        ["CustomResourceDefinition"] = "Established",
        ["APIService"] = "Available",
        ["Pod"] = "Ready",
        ["Node"] = "Ready",
    };

    /// <summary>Conditions that tell of trouble when they hold. When they do not, there is nothing to tell.</summary>
    private static readonly HashSet<string> Troubles = ["Conflict", "Degraded", "SchemaConflict"];

    /// <summary>Judges an object.</summary>
    /// <param name="obj">The object as read from the API server; null when it is not there.</param>
    public static ResourceReadiness Of(JsonObject? obj)
    {
        if (obj is null)
        {
            return new(false, "not found", []);
        }

        var kind = obj["kind"]?.GetValue<string>() ?? "";
        var group = (obj["apiVersion"]?.GetValue<string>() ?? "").Split('/') is [var g, _] ? g : "";
        var generation = obj["metadata"]?["generation"]?.GetValue<long>() ?? 0;
        var conditions = Read(obj);
        if (kind == "StatefulSet" && group == "apps")
        {
            return OfStatefulSet(obj, generation, conditions);
        }

        var summarises = SummaryConditions.GetValueOrDefault(kind, "Ready");
        var summary = conditions.FirstOrDefault(condition => condition.Type == summarises);
        if (summary.Type is null)
        {
            var expected = SummaryConditions.ContainsKey(kind) || group == "llmops.dev";
            var obstacle = conditions.FirstOrDefault(condition => condition is { Status: "False", Message.Length: > 0 });
            return new(!expected, expected ? obstacle.Type is null ? "no status yet" : Text(obstacle) : "exists", conditions);
        }

        // A rollout in progress keeps Available=True from the old pods, so the generation must have been seen, too.
        var observed = ObservedGeneration(obj, summarises) ?? generation;
        if (observed < generation)
        {
            return new(false, "not yet reconciled", conditions);
        }

        var ready = summary.Status == "True";
        return new(ready, ready ? summarises : Text(summary), conditions);
    }

    private static string Text(ConditionState condition) =>
        $"{condition.Reason ?? "not " + condition.Type}{(condition.Message is { Length: > 0 } message ? ": " + message : "")}";

    private static ResourceReadiness OfStatefulSet(JsonObject obj, long generation, IReadOnlyList<ConditionState> conditions)
    {
        var wanted = obj["spec"]?["replicas"]?.GetValue<long>() ?? 1;
        var ready = obj["status"]?["readyReplicas"]?.GetValue<long>() ?? 0;
        var observed = obj["status"]?["observedGeneration"]?.GetValue<long>() ?? 0;
        return new(observed >= generation && ready >= wanted, $"{ready}/{wanted} ready", conditions);
    }

    private static long? ObservedGeneration(JsonObject obj, string condition)
    {
        var own = (obj["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => c?["type"]?.GetValue<string>() == condition);
        return own?["observedGeneration"]?.GetValue<long>() ?? obj["status"]?["observedGeneration"]?.GetValue<long>();
    }

    private static List<ConditionState> Read(JsonObject obj)
    {
        var list = new List<ConditionState>();
        foreach (var condition in obj["status"]?["conditions"] as JsonArray ?? [])
        {
            var status = condition?["status"]?.GetValue<string>() ?? "Unknown";
            if (condition?["type"]?.GetValue<string>() is { } type && !(Troubles.Contains(type) && status == "False"))
            {
                list.Add(new(type, status, condition["reason"]?.GetValue<string>(), condition["message"]?.GetValue<string>(), Troubles.Contains(type)));
            }
        }

        return list;
    }
}
