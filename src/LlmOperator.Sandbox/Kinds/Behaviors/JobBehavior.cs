using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Jobs: pods are told apart by the Job's own uid, which the server puts on template and selector.</summary>
internal sealed class JobBehavior : BuiltinBehavior
{
    private const string UidLabel = "batch.kubernetes.io/controller-uid";

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        ApplyToSpec(obj.Child("spec"));
        if (obj.Object("metadata", "labels") is not { Count: > 0 } && obj.Object("spec", "template", "metadata", "labels") is { Count: > 0 } labels)
        {
            obj.Child("metadata")["labels"] = labels.DeepClone();
        }
    }

    /// <summary>Defaults of a Job's spec.</summary>
    public static void ApplyToSpec(JsonObject spec)
    {
        // Neither given means one pod; completions alone left out means that any success is enough.
        if (!spec.ContainsKey("completions") && !spec.ContainsKey("parallelism"))
        {
            spec["completions"] = 1;
        }

        spec["parallelism"] ??= 1;
        spec["completionMode"] ??= "NonIndexed";
        spec["suspend"] ??= false;
        spec["backoffLimit"] ??= spec.ContainsKey("backoffLimitPerIndex") ? int.MaxValue : 6;
        spec["podReplacementPolicy"] ??= spec.ContainsKey("podFailurePolicy") ? "Failed" : "TerminatingOrFailed";
        PodDefaults.ApplyToSpec(spec.Child("template").Child("spec"));
    }

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        base.Prepare(obj, old, context);
        var spec = obj.Child("spec");
        if (old is not null || spec.Flag("manualSelector") == true)
        {
            return;
        }

        var labels = spec.Child("template").Child("metadata").Child("labels");
        foreach (var (key, value) in Generated(obj))
        {
            labels[key] = value?.DeepClone();
        }

        spec.Child("selector").Child("matchLabels")[UidLabel] ??= obj.Text("metadata", "uid");
    }

    /// <summary>The labels by which a Job knows its pods.</summary>
    private static JsonObject Generated(JsonObject obj)
    {
        var uid = obj.Text("metadata", "uid") ?? "";
        var name = obj.Text("metadata", "name") ?? "";
        return new JsonObject { ["controller-uid"] = uid, [UidLabel] = uid, ["job-name"] = name, ["batch.kubernetes.io/job-name"] = name };
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
        Check(spec, "spec", errors);
        if (spec.Object("selector") is not { } selector)
        {
            errors.Required("spec.selector");
        }
        else if (old is null && spec.Flag("manualSelector") != true && !Rules.Matches(selector, Generated(obj)))
        {
            errors.Invalid("spec.selector", selector.ToJsonString(), "`selector` not auto-generated");
        }

        if (spec.Object("selector") is { } matching && !Rules.Matches(matching, spec.At("template", "metadata", "labels")))
        {
            errors.Invalid("spec.template.metadata.labels", (spec.At("template", "metadata", "labels") ?? new JsonObject()).ToJsonString(), "`selector` does not match template `labels`");
        }

        if (old?.Object("spec") is { } before)
        {
            Changes(spec, before, old, errors);
        }
    }

    /// <summary>Rules of a Job's spec that need no selector, as a CronJob's template has none.</summary>
    public static void Check(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"])
        {
            Rules.NotNegative(spec[name], $"{path}.{name}", errors);
        }

        Rules.OneOf(spec["completionMode"], $"{path}.completionMode", errors, "NonIndexed", "Indexed");
        Rules.OneOf(spec["podReplacementPolicy"], $"{path}.podReplacementPolicy", errors, "Failed", "TerminatingOrFailed");
        if (spec.Text("completionMode") == "Indexed" && !spec.ContainsKey("completions"))
        {
            errors.Required($"{path}.completions", "when completion mode is Indexed");
        }

        if (spec.Text("completionMode") != "Indexed" && spec.ContainsKey("backoffLimitPerIndex"))
        {
            errors.Invalid($"{path}.backoffLimitPerIndex", spec["backoffLimitPerIndex"]!.ToJsonString(), "requires indexed completion mode");
        }

        JobPolicyRules.Check(spec, path, errors);
        PodRules.Template(spec.Object("template"), $"{path}.template", errors);
        switch (spec.Text("template", "spec", "restartPolicy"))
        {
            case null or "" or "Always":
                errors.Required($"{path}.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
                break;
            case "OnFailure" when spec.ContainsKey("podFailurePolicy"):
                errors.Invalid($"{path}.template.spec.restartPolicy", "\"OnFailure\"", "only \"Never\" is supported when podFailurePolicy is specified");
                break;
            case "OnFailure" or "Never":
                break;
            case var other:
                errors.NotSupported($"{path}.template.spec.restartPolicy", $"\"{other}\"", ["OnFailure", "Never"]);
                break;
        }
    }

    private static void Changes(JsonObject spec, JsonObject before, JsonObject old, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"])
        {
            Rules.Unchanged(spec[name], before[name], $"spec.{name}", errors);
        }

        // An indexed Job may grow and shrink as long as all its indexes run at once.
        var elastic = spec.Text("completionMode") == "Indexed" && before.ContainsKey("completions")
            && spec.Integer("completions") == spec.Integer("parallelism");
        if (!elastic)
        {
            Rules.Unchanged(spec["completions"], before["completions"], "spec.completions", errors);
        }

        var suspended = before.Flag("suspend") == true && old.Text("status", "startTime") is null;
        if (!JsonNode.DeepEquals(Template(spec, suspended), Template(before, suspended)))
        {
            errors.Invalid("spec.template", spec["template"]?.ToJsonString() ?? "null", "field is immutable");
        }
    }

    /// <summary>While a Job has not started, a queue may still say where its pods are to run.</summary>
    private static JsonObject Template(JsonObject spec, bool suspended)
    {
        var template = Rules.Without(spec.Object("template"), suspended ? ["metadata"] : []);
        if (suspended && template.Object("spec") is { } pod)
        {
            template["spec"] = Rules.Without(pod, "nodeSelector", "affinity", "tolerations", "schedulingGates");
        }

        return template;
    }
}
