using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.CustomResources;

/// <summary>
/// Turns stored custom objects into the versions of their kind and back. Versions differ by name only, but each shows and keeps
/// no more than its schema declares. What is read is shaped by the present schema of the version it was written in: fields that
/// schema has lost are dropped and defaults it has gained are filled in.
/// </summary>
/// <param name="schemas">Schema of each version, by <c>group/version</c>.</param>
/// <param name="converts">Whether stored objects may differ from what is shown at all.</param>
internal sealed class VersionConversion(IReadOnlyDictionary<string, Schema> schemas, bool converts)
{
    /// <summary>Schema of a version.</summary>
    public Schema SchemaOf(string apiVersion) => schemas[apiVersion];

    /// <summary>Shows a stored object in a version; null when it is shown as it is stored.</summary>
    public Func<JsonObject, JsonObject>? FromStorage(string apiVersion)
    {
        return converts ? Show : null;

        JsonObject Show(JsonObject stored)
        {
            var written = stored.Text("apiVersion") ?? apiVersion;
            if (schemas.TryGetValue(written, out var source))
            {
                Pruner.Prune(stored, source, null);
                Defaulter.Apply(stored, source);
            }

            return written == apiVersion ? stored : Become(stored, apiVersion);
        }
    }

    /// <summary>Turns an object into the version it is stored in.</summary>
    public Func<JsonObject, JsonObject> ToStorage(string apiVersion) => obj => Become(obj.Copy(), apiVersion);

    private JsonObject Become(JsonObject obj, string apiVersion)
    {
        obj["apiVersion"] = apiVersion;
        Pruner.Prune(obj, schemas[apiVersion], null);
        return obj;
    }
}
