using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>PodTemplates.</summary>
internal sealed class PodTemplateBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        PodDefaults.ApplyToSpec(obj.Child("template").Child("spec"));
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        PodRules.Template(obj.Object("template"), "template", errors);
    }
}
