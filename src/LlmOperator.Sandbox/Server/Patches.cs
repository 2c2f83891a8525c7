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
        try
        {
            switch (type)
            {
                case "application/json-patch+json":
                    return JsonPatch.Apply(present, body.Value) as JsonObject ?? throw Refusals.BadRequest("the patch leaves no object");
                case "application/merge-patch+json":
                    var target = present.Copy();
                    MergePatch.Apply(target, (JsonObject)body.Object.DeepClone());
                    return target;
                default:
                    return StrategicMergePatch.Apply(present, body.Object, schema);
            }
        }
        catch (PatchException fault)
        {
            throw fault.Code switch
            {
                422 => new StatusException(422, "Invalid", fault.Message, []),
                413 => new StatusException(413, "RequestEntityTooLarge", fault.Message),
                500 => new StatusException(500, "", fault.Message),
                _ => Refusals.BadRequest(fault.Message),
            };
        }
    }
}
