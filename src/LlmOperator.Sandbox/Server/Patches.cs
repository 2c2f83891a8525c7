using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>The patch formats, by media type.</summary>
internal static class Patches
{
    /// <summary>What a patch makes of an object.</summary>
    /// <param name="type">Media type.</param>
    /// <param name="present">The object; not changed.</param>
    /// <param name="body">The patch.</param>
    /// <param name="schema">Shape of the object: strategic patches merge lists by its keys.</param>
    public static JsonObject Apply(string type, JsonObject present, RequestBody body, Schema schema)
    {
        var result = type switch
        {
            "application/json-patch+json" => JsonPatch.Apply(present, body.Value as JsonArray ?? throw Refusals.BadRequest("the patch is not a list of operations")),
            "application/merge-patch+json" => MergePatch.Apply(present, body.Object),
            _ => StrategicMergePatch.Apply(present, body.Object, schema),
        };
        return result as JsonObject ?? throw Refusals.BadRequest("the patch leaves no object");
    }
}
