using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Namespaces: a finalizer of their own lets them empty themselves, a label carries their name for selectors.</summary>
internal sealed class NamespaceBehavior : BuiltinBehavior
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (obj.Text("metadata", "name") is { Length: > 0 } name)
        {
            obj.Child("metadata").Child("labels")[NameLabel] = name;
        }

        if (old is null)
        {
            var finalizers = obj.Texts("spec", "finalizers");
            obj.Child("spec").SetTexts("finalizers", finalizers.Contains("kubernetes") ? finalizers : [.. finalizers, "kubernetes"]);
            obj["status"] = new JsonObject { ["phase"] = "Active" };
        }
        else if (context.Subresource is null)
        {
            // Only the finalize path takes finalizers away.
            obj.Child("spec").SetTexts("finalizers", old.Texts("spec", "finalizers"));
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        if (context.Subresource == "status" && obj.Text("metadata", "deletionTimestamp") is null && obj.Text("status", "phase") is { } phase and not "Active")
        {
            errors.Invalid("status.Phase", $"\"{phase}\"", "may only be 'Active' if `deletionTimestamp` is empty");
        }
    }
}
