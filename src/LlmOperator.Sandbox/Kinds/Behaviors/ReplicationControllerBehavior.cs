using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>ReplicationControllers: selector and labels come from the template when left out.</summary>
internal sealed class ReplicationControllerBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        var spec = obj.Child("spec");
        if (spec.Object("template") is not { } template)
        {
            return;
        }

        PodDefaults.ApplyToSpec(template.Child("spec"));
        if (template.Object("metadata", "labels") is not { Count: > 0 } labels)
        {
            return;
        }

        if (spec.Object("selector") is not { Count: > 0 })
        {
            spec["selector"] = labels.DeepClone();
        }

        if (obj.Object("metadata", "labels") is not { Count: > 0 })
        {
            obj.Child("metadata")["labels"] = labels.DeepClone();
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        Rules.NotNegative(spec["replicas"], "spec.replicas", errors);
        if (spec.Object("selector") is not { Count: > 0 } selector)
        {
            errors.Required("spec.selector");
        }
        else if (spec.Object("template") is not { } template)
        {
            errors.Required("spec.template");
        }
        else
        {
            if (selector.Any(label => template.Text("metadata", "labels", label.Key) != label.Value.Text()))
            {
                errors.Invalid("spec.template.metadata.labels", (template.At("metadata", "labels") ?? new JsonObject()).ToJsonString(), "`selector` does not match template `labels`");
            }

            PodRules.Template(template, "spec.template", errors);
        }
    }
}
