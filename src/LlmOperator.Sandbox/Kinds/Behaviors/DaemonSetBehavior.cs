using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>DaemonSets.</summary>
internal sealed class DaemonSetBehavior() : WorkloadBehavior("daemonset")
{
    private const string TemplateGeneration = "deprecated.daemonset.template.generation";

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        var strategy = obj.Child("spec").Child("updateStrategy");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Child("rollingUpdate");
            rolling["maxUnavailable"] ??= 1;
            rolling["maxSurge"] ??= 0;
        }

        base.Default(obj);
    }

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        base.Prepare(obj, old, context);
        if (context.Subresource is not null)
        {
            return;
        }

        _ = long.TryParse(old.Text("metadata", "annotations", TemplateGeneration), out var generation);
        var changed = old is null || !JsonNode.DeepEquals(obj.At("spec", "template"), old.At("spec", "template"));
        obj.Child("metadata").Child("annotations")[TemplateGeneration] = $"{generation + (changed ? 1 : 0)}";
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        Rules.OneOf(obj.At("spec", "updateStrategy", "type"), "spec.updateStrategy.type", errors, "OnDelete", "RollingUpdate");
        if (obj.Object("spec", "updateStrategy", "rollingUpdate") is { } rolling && Rules.IsZero(rolling["maxUnavailable"]) && Rules.IsZero(rolling["maxSurge"]))
        {
            errors.Required("spec.updateStrategy.rollingUpdate.maxUnavailable", "cannot be 0 when maxSurge is 0");
        }
    }
}
