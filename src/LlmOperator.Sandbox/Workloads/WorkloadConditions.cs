using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Conditions in the form workload controllers write them.</summary>
internal static class WorkloadConditions
{
    /// <summary>Sets a condition. One whose status and reason stay keeps its place and times; a changed one goes to the end, as controllers do it.</summary>
    public static void Set(JsonObject status, string type, bool value, string reason, string message, DateTimeOffset now, bool updateTime = true)
    {
        var conditions = status["conditions"] as JsonArray;
        if (conditions is null)
        {
            status["conditions"] = conditions = [];
        }

        var text = value ? "True" : "False";
        var time = Cluster.Timestamp(now);
        var present = conditions.FirstOrDefault(condition => condition.Text("type") == type) as JsonObject;
        if (present is not null && present.Text("status") == text && present.Text("reason") == reason)
        {
            return;
        }

        var condition = new JsonObject { ["type"] = type, ["status"] = text };
        if (updateTime)
        {
            condition["lastUpdateTime"] = time;
        }

        condition["lastTransitionTime"] = present.Text("status") == text ? present.Text("lastTransitionTime") : time;
        condition["reason"] = reason;
        condition["message"] = message;
        if (present is not null)
        {
            conditions.Remove(present);
        }

        conditions.Add(condition);
    }

    /// <summary>Removes a condition.</summary>
    public static void Remove(JsonObject status, string type)
    {
        if (status["conditions"] is JsonArray conditions)
        {
            conditions.RemoveAll(condition => condition.Text("type") == type);
            if (conditions.Count == 0)
            {
                status.Remove("conditions");
            }
        }
    }
}
