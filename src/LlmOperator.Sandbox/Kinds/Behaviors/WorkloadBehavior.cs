using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Kinds that keep pods of a template running: the selector must match the template and then stays.</summary>
internal abstract class WorkloadBehavior(string noun) : BuiltinBehavior
{
    private const string Mismatch = "`selector` does not match template `labels`";

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
        PodRules.Template(spec.Object("template"), "spec.template", errors, ProvidedVolumes(spec));
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

    /// <summary>Names of volumes the controller gives pods besides those of the template.</summary>
    protected virtual IEnumerable<string> ProvidedVolumes(JsonObject spec) => [];

    private void Selector(JsonObject spec, FieldErrors errors)
    {
        if (spec.Object("selector") is not { } selector)
        {
            // Absence is the schema's to report; no selector matches no labels.
            errors.Invalid("spec.template.metadata.labels", spec.At("template", "metadata", "labels")?.ToJsonString() ?? "null", Mismatch);
            return;
        }

        Rules.Selector(selector, "spec.selector", errors);
        if (Rules.IsEmpty(selector))
        {
            errors.Invalid("spec.selector", selector.ToJsonString(), $"empty selector is invalid for {noun}");
        }
        else if (!Rules.Matches(selector, spec.At("template", "metadata", "labels")))
        {
            errors.Invalid("spec.template.metadata.labels", spec.At("template", "metadata", "labels")?.ToJsonString() ?? "null", Mismatch);
        }
    }
}
