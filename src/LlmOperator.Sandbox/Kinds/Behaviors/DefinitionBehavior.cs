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

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        // Status is written by the server itself, and a definition that is being deleted must stay deletable.
        if (context.Subresource is null && obj.Text("metadata", "deletionTimestamp") is null)
        {
            DefinitionRules.Validate(obj, old, errors);
        }
    }
}
