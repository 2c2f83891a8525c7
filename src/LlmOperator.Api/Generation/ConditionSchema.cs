using System.Text.Json.Nodes;

namespace LlmOperator.Api.Generation;

/// <summary>Schema of a condition, with the bounds Kubernetes itself puts on one.</summary>
internal static class ConditionSchema
{
    public static JsonObject Create() => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject
        {
            ["lastTransitionTime"] = new JsonObject { ["description"] = "When the condition last went from one status to another.", ["type"] = "string", ["format"] = "date-time" },
            ["message"] = new JsonObject { ["description"] = "What is the case and, where something is wrong, what to change.", ["type"] = "string", ["maxLength"] = 32768 },
            ["observedGeneration"] = new JsonObject { ["description"] = "Generation of the spec the condition is about.", ["type"] = "integer", ["format"] = "int64", ["minimum"] = 0 },
            ["reason"] = new JsonObject
            {
                ["description"] = "Cause of the last transition, as one CamelCase word.",
                ["type"] = "string",
                ["pattern"] = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                ["maxLength"] = 1024,
                ["minLength"] = 1,
            },
            ["status"] = new JsonObject { ["description"] = "Whether it is so: True, False or Unknown.", ["type"] = "string", ["enum"] = new JsonArray("True", "False", "Unknown") },
            ["type"] = new JsonObject
            {
                ["description"] = "What the condition is about, in CamelCase.",
                ["type"] = "string",
                ["pattern"] = "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                ["maxLength"] = 316,
            },
        },
        ["required"] = new JsonArray("lastTransitionTime", "message", "reason", "status", "type"),
    };
}
