using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Leases.</summary>
internal sealed class LeaseBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        Rules.Positive(obj.At("spec", "leaseDurationSeconds"), "spec.leaseDurationSeconds", errors);
        Rules.NotNegative(obj.At("spec", "leaseTransitions"), "spec.leaseTransitions", errors);
        if (obj.Text("spec", "holderIdentity") is "")
        {
            errors.Required("spec.holderIdentity");
        }

        if (obj.Text("spec", "preferredHolder") is { Length: > 0 } && string.IsNullOrEmpty(obj.Text("spec", "strategy")))
        {
            errors.Forbidden("spec.preferredHolder", "may only be specified when `strategy` is defined");
        }
    }
}
