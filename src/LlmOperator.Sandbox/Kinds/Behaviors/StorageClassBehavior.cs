using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>StorageClasses describe how volumes were made, and so do not change.</summary>
internal sealed class StorageClassBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        Rules.OneOf(obj["reclaimPolicy"], "reclaimPolicy", errors, "Delete", "Retain");
        Rules.OneOf(obj["volumeBindingMode"], "volumeBindingMode", errors, "Immediate", "WaitForFirstConsumer");
        if (old is null)
        {
            return;
        }

        foreach (var name in (ReadOnlySpan<string>)["parameters", "provisioner", "reclaimPolicy"])
        {
            if (!JsonNode.DeepEquals(obj[name], old[name]))
            {
                errors.Forbidden(name, $"updates to {name} are forbidden.");
            }
        }

        Rules.Unchanged(obj["volumeBindingMode"], old["volumeBindingMode"], "volumeBindingMode", errors);
    }
}
