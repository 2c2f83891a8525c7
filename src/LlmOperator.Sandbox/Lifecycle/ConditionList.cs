using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Lifecycle;

/// <summary>Conditions that keep their place in the list.</summary>
internal static class ConditionList
{
    /// <summary>Sets a condition; its transition time moves only when its status does.</summary>
    /// <param name="status">Object that holds <c>conditions</c>.</param>
    /// <param name="type">Type.</param>
    /// <param name="value">True, False or Unknown.</param>
    /// <param name="reason">Reason.</param>
    /// <param name="message">Message, null for none.</param>
    /// <param name="now">The moment.</param>
    /// <param name="generation">Generation of the spec observed, null where the kind has none.</param>
    public static void Set(JsonObject status, string type, string value, string reason, string? message, DateTimeOffset now, long? generation = null)
    {
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        var present = conditions.FirstOrDefault(condition => condition.Text("type") == type) as JsonObject;
        var condition = new JsonObject { ["type"] = type, ["status"] = value };
        if (generation is not null)
        {
            condition["observedGeneration"] = generation;
        }

        condition["lastTransitionTime"] = present.Text("status") == value ? present.Text("lastTransitionTime") : Cluster.Timestamp(now);
        condition["reason"] = reason;
        if (message is not null)
        {
            condition["message"] = message;
        }

        if (present is null)
        {
            conditions.Add(condition);
        }
        else
        {
            conditions[conditions.IndexOf(present)] = condition;
        }
    }
}
