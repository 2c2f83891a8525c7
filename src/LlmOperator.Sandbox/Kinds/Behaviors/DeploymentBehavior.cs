using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Deployments: annotations count as a change of the desired state, since tools roll by them.</summary>
internal sealed class DeploymentBehavior() : WorkloadBehavior("deployment")
{
    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        var strategy = obj.Child("spec").Child("strategy");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Child("rollingUpdate");
            rolling["maxUnavailable"] ??= "25%";
            rolling["maxSurge"] ??= "25%";
        }

        base.Default(obj);
    }

    /// <inheritdoc/>
    public override bool IsNewGeneration(JsonObject obj, JsonObject old) =>
        base.IsNewGeneration(obj, old) || !JsonNode.DeepEquals(obj.At("metadata", "annotations"), old.At("metadata", "annotations"));

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        if (context.Subresource == "status")
        {
            return;
        }

        var spec = obj.Child("spec");
        var strategy = spec.Object("strategy") ?? [];
        Rules.OneOf(strategy["type"], "spec.strategy.type", errors, "Recreate", "RollingUpdate");
        var rolling = strategy.Object("rollingUpdate");
        if (strategy.Text("type") == "Recreate" && rolling is not null)
        {
            errors.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
        }
        else if (strategy.Text("type") == "RollingUpdate" && rolling is not null)
        {
            Rules.NumberOrPercent(rolling["maxUnavailable"], "spec.strategy.rollingUpdate.maxUnavailable", errors);
            Rules.NumberOrPercent(rolling["maxSurge"], "spec.strategy.rollingUpdate.maxSurge", errors);
            if (Rules.IsZero(rolling["maxUnavailable"]) && Rules.IsZero(rolling["maxSurge"]))
            {
                errors.Invalid("spec.strategy.rollingUpdate.maxUnavailable", Rules.Quote(rolling["maxUnavailable"]), "may not be 0 when `maxSurge` is 0");
            }

            if (rolling.Text("maxUnavailable") is { } share && int.TryParse(share.TrimEnd('%'), out var percent) && percent > 100)
            {
                errors.Invalid("spec.strategy.rollingUpdate.maxUnavailable", $"\"{share}\"", "must not be greater than 100%");
            }
        }

        if (spec.Integer("progressDeadlineSeconds") is { } deadline)
        {
            Rules.NotNegative(spec["progressDeadlineSeconds"], "spec.progressDeadlineSeconds", errors);
            if (deadline <= (spec.Integer("minReadySeconds") ?? 0))
            {
                errors.Invalid("spec.progressDeadlineSeconds", $"{deadline}", "must be greater than minReadySeconds");
            }
        }
    }
}
