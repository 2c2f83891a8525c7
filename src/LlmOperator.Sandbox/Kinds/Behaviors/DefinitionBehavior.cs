using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>CustomResourceDefinitions: names left out follow from the kind.</summary>
internal sealed class DefinitionBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        if (obj.Object("spec", "names") is { } names && names.Text("kind") is { Length: > 0 } kind)
        {
            names["singular"] ??= kind.ToLowerInvariant();
            names["listKind"] ??= kind + "List";
        }
    }

    /// <summary>The version objects are stored in is remembered at once; everything else of status comes later.</summary>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (context.Subresource is not null)
        {
            return;
        }

        if (old is null)
        {
            obj["status"] = new JsonObject
            {
                ["conditions"] = null,
                ["acceptedNames"] = new JsonObject { ["plural"] = "", ["kind"] = "" },
                ["storedVersions"] = null,
            };
        }

        var storage = obj.Objects("spec", "versions").FirstOrDefault(version => version.Flag("storage") == true).Text("name");
        var stored = obj.Texts("status", "storedVersions");
        if (storage is not null && !stored.Contains(storage))
        {
            obj.Child("status")["storedVersions"] = stored.Append(storage).ToJson();
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        // Status is written by the server itself, and a definition that is being deleted must stay deletable.
        if (context.Subresource is null && obj.Text("metadata", "deletionTimestamp") is null)
        {
            DefinitionRules.Validate(obj, old, errors);
            if (obj.Texts("status", "storedVersions").Count == 0)
            {
                errors.Invalid("status.storedVersions", "null", "must have at least one stored version");
            }
        }
    }
}
