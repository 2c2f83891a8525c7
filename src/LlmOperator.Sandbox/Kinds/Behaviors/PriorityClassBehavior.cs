using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>PriorityClasses: pods carry the number, so it stays.</summary>
internal sealed class PriorityClassBehavior : BuiltinBehavior
{
    private const int HighestForUsers = 1_000_000_000;

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        var name = obj.Text("metadata", "name") ?? "";
        if (!name.StartsWith("system-", StringComparison.Ordinal) && obj.Integer("value") > HighestForUsers)
        {
            errors.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestForUsers}");
        }

        Rules.OneOf(obj["preemptionPolicy"], "preemptionPolicy", errors, "Never", "PreemptLowerPriority");
        if (old is null)
        {
            return;
        }

        if (obj.Integer("value") != old.Integer("value"))
        {
            errors.Forbidden("value", "may not be changed in an update.");
        }

        Rules.Unchanged(obj["preemptionPolicy"], old["preemptionPolicy"], "preemptionPolicy", errors);
    }
}
