using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>ControllerRevisions never change but for their number.</summary>
internal sealed class ControllerRevisionBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        Rules.NotNegative(obj["revision"], "revision", errors);
        if (old is not null)
        {
            Rules.Unchanged(obj["data"], old["data"], "data", errors);
        }
    }
}
