using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Kinds that keep pods of a template running: the selector must match the template and then stays.</summary>
internal abstract class WorkloadBehavior(string noun) : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        PodDefaults.ApplyToSpec(obj.Child("spec").Child("template").Child("spec"));
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource == "status")
        {
            return;
        }

        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        if (old is not null && SelectorIsFixed)
        {
            Rules.Unchanged(spec["selector"], old.At("spec", "selector"), "spec.selector", errors);
        }

        Rules.NotNegative(spec["replicas"], "spec.replicas", errors);
        Rules.NotNegative(spec["minReadySeconds"], "spec.minReadySeconds", errors);
        Rules.NotNegative(spec["revisionHistoryLimit"], "spec.revisionHistoryLimit", errors);
        Selector(spec, errors);
        PodRules.Template(spec.Object("template"), "spec.template", errors);
        if (spec.Text("template", "spec", "restartPolicy") is { } policy && policy != "Always")
        {
            errors.NotSupported("spec.template.spec.restartPolicy", $"\"{policy}\"", ["Always"]);
        }

        if (spec.At("template", "spec", "activeDeadlineSeconds") is not null)
        {
            errors.Forbidden("spec.template.spec.activeDeadlineSeconds", $"activeDeadlineSeconds in {Kind} is not Supported");
        }
    }

    /// <summary>Whether the selector stays once set; a StatefulSet words this its own way.</summary>
    protected virtual bool SelectorIsFixed => true;

    private void Selector(JsonObject spec, FieldErrors errors)
    {
        if (spec.Object("selector") is not { } selector)
        {
            return; // Absence is the schema's to report.
        }

        Rules.Selector(selector, "spec.selector", errors);
        if (Rules.IsEmpty(selector))
        {
            errors.Invalid("spec.selector", selector.ToJsonString(), $"empty selector is invalid for {noun}");
        }
        else if (!Rules.Matches(selector, spec.At("template", "metadata", "labels")))
        {
            errors.Invalid("spec.template.metadata.labels", (spec.At("template", "metadata", "labels") ?? new JsonObject()).ToJsonString(), "`selector` does not match template `labels`");
        }
    }
}

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

/// <summary>ReplicaSets.</summary>
internal sealed class ReplicaSetBehavior() : WorkloadBehavior("replicaset");

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

/// <summary>StatefulSets: names and claims of the pods stay, so most of the spec does.</summary>
internal sealed class StatefulSetBehavior() : WorkloadBehavior("statefulset")
{
    private const string Frozen =
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

    /// <inheritdoc/>
    protected override bool SelectorIsFixed => false;

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        var strategy = obj.Child("spec").Child("updateStrategy");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Child("rollingUpdate")["partition"] ??= 0;
        }

        foreach (var claim in obj.Objects("spec", "volumeClaimTemplates"))
        {
            claim["apiVersion"] ??= "v1";
            claim["kind"] ??= "PersistentVolumeClaim";
            claim.Child("status")["phase"] ??= "Pending";
        }

        base.Default(obj);
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        if (context.Subresource == "status")
        {
            return;
        }

        var spec = obj.Child("spec");
        Rules.OneOf(spec["podManagementPolicy"], "spec.podManagementPolicy", errors, "OrderedReady", "Parallel");
        if (spec.Text("updateStrategy", "type") is { } type && type is not ("RollingUpdate" or "OnDelete"))
        {
            errors.Invalid("spec.updateStrategy", spec["updateStrategy"]!.ToJsonString(), "must be 'RollingUpdate' or 'OnDelete'");
        }
        else if (spec.Text("updateStrategy", "type") == "OnDelete" && spec.At("updateStrategy", "rollingUpdate") is { } rolling)
        {
            errors.Invalid("spec.updateStrategy.rollingUpdate", rolling.ToJsonString(), "only allowed for updateStrategy 'RollingUpdate'");
        }

        Rules.NotNegative(spec.At("updateStrategy", "rollingUpdate", "partition"), "spec.updateStrategy.rollingUpdate.partition", errors);
        if (old is not null && !JsonNode.DeepEquals(Fixed(obj), Fixed(old)))
        {
            errors.Forbidden("spec", Frozen);
        }
    }

    private static JsonObject Fixed(JsonObject obj) => Rules.Without(
        obj.Object("spec"), "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds");
}

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
