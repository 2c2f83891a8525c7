using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Disruption budgets.</summary>
internal sealed class DisruptionBudgetBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource == "status")
        {
            return;
        }

        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        if (spec.ContainsKey("minAvailable") && spec.ContainsKey("maxUnavailable"))
        {
            errors.Invalid("spec", spec.ToJsonString(), "minAvailable and maxUnavailable cannot be both set");
        }

        Rules.NumberOrPercent(spec["minAvailable"], "spec.minAvailable", errors);
        Rules.NumberOrPercent(spec["maxUnavailable"], "spec.maxUnavailable", errors);
        Rules.Selector(spec["selector"], "spec.selector", errors);
        Rules.OneOf(spec["unhealthyPodEvictionPolicy"], "spec.unhealthyPodEvictionPolicy", errors, "AlwaysAllow", "IfHealthyBudget");
    }
}
