using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Autoscalers.</summary>
internal sealed class AutoscalerBehavior : BuiltinBehavior
{
    private const int DefaultPercent = 80;
    private const int LongestWindow = 3600;

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        var spec = obj.Child("spec");
        if (Version == "v1")
        {
            return;
        }

        if (spec["metrics"] is not JsonArray { Count: > 0 })
        {
            spec["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject
                {
                    ["name"] = "cpu",
                    ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = DefaultPercent },
                },
            });
        }

        if (spec.Object("behavior") is { } behavior)
        {
            var up = behavior.Child("scaleUp");
            up["stabilizationWindowSeconds"] ??= 0;
            up["selectPolicy"] ??= "Max";
            up["policies"] ??= new JsonArray(Policy("Pods", 4), Policy("Percent", 100));
            var down = behavior.Child("scaleDown");
            down["selectPolicy"] ??= "Max";
            down["policies"] ??= new JsonArray(Policy("Percent", 100));
        }

        static JsonObject Policy(string type, int value) => new() { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15 };
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
        Rules.AtLeast(spec["minReplicas"], 1, "spec.minReplicas", errors);
        Rules.Positive(spec["maxReplicas"], "spec.maxReplicas", errors);
        if (spec.Integer("maxReplicas") is { } most && spec.Integer("minReplicas") is { } least && most < least)
        {
            errors.Invalid("spec.maxReplicas", $"{most}", "must be greater than or equal to `minReplicas`");
        }

        Rules.Positive(spec["targetCPUUtilizationPercentage"], "spec.targetCPUUtilizationPercentage", errors);
        Metrics(spec, errors);
        foreach (var side in (ReadOnlySpan<string>)["scaleUp", "scaleDown"])
        {
            Scaling(spec.Object("behavior", side), $"spec.behavior.{side}", errors);
        }
    }

    private static void Metrics(JsonObject spec, FieldErrors errors)
    {
        var index = 0;
        foreach (var metric in spec.Objects("metrics"))
        {
            var at = $"spec.metrics[{index++}]";
            var type = metric.Text("type") ?? "";
            if (type is not ("ContainerResource" or "External" or "Object" or "Pods" or "Resource"))
            {
                errors.NotSupported($"{at}.type", $"\"{type}\"", ["ContainerResource", "External", "Object", "Pods", "Resource"]);
                continue;
            }

            var source = char.ToLowerInvariant(type[0]) + type[1..];
            if (metric.Object(source) is not { } details)
            {
                errors.Required($"{at}.{source}", $"must populate information for the given metric source");
                continue;
            }

            Rules.OneOf(details.At("target", "type"), $"{at}.{source}.target.type", errors, "AverageValue", "Utilization", "Value");
            Rules.Positive(details.At("target", "averageUtilization"), $"{at}.{source}.target.averageUtilization", errors);
            if (details.Object("target") is { } target && !target.ContainsKey("averageUtilization") && !target.ContainsKey("averageValue") && !target.ContainsKey("value"))
            {
                errors.Required($"{at}.{source}.target.averageUtilization", "must set either a target raw value or a target utilization");
            }
        }
    }

    private static void Scaling(JsonObject? rules, string path, FieldErrors errors)
    {
        if (rules is null)
        {
            return;
        }

        if (rules.Integer("stabilizationWindowSeconds") is { } window and (< 0 or > LongestWindow))
        {
            errors.Invalid($"{path}.stabilizationWindowSeconds", $"{window}", window < 0 ? "must be greater than or equal to zero" : $"must be less than or equal to {LongestWindow}");
        }

        Rules.OneOf(rules["selectPolicy"], $"{path}.selectPolicy", errors, "Disabled", "Max", "Min");
        var index = 0;
        foreach (var policy in rules.Objects("policies"))
        {
            var at = $"{path}.policies[{index++}]";
            Rules.OneOf(policy["type"], $"{at}.type", errors, "Percent", "Pods");
            Rules.Positive(policy["value"], $"{at}.value", errors);
            Rules.Positive(policy["periodSeconds"], $"{at}.periodSeconds", errors);
        }
    }
}

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

/// <summary>Leases.</summary>
internal sealed class LeaseBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        Rules.Positive(obj.At("spec", "leaseDurationSeconds"), "spec.leaseDurationSeconds", errors);
        Rules.NotNegative(obj.At("spec", "leaseTransitions"), "spec.leaseTransitions", errors);
        if (obj.Text("spec", "holderIdentity") is "")
        {
            errors.Required("spec.holderIdentity");
        }

        if (obj.Text("spec", "preferredHolder") is { Length: > 0 } && string.IsNullOrEmpty(obj.Text("spec", "strategy")))
        {
            errors.Forbidden("spec.preferredHolder", "may only be specified when `strategy` is defined");
        }
    }
}

/// <summary>Events in their core form; newer writers must say who reports what.</summary>
internal sealed class EventBehavior : BuiltinBehavior
{
    private static readonly string[] Fixed = ["involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "eventTime", "related", "action", "reportingComponent", "reportingInstance", "type"];

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (obj.Text("apiVersion") != "events.k8s.io/v1")
        {
            EventConversion.Complete(obj);
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var isNew = obj.Text("apiVersion") == "events.k8s.io/v1";
        var core = isNew ? EventConversion.ToCore(obj) : obj;
        var ns = core.Text("metadata", "namespace") ?? "";
        var about = core.Text("involvedObject", "namespace") ?? "";
        var timed = core.Text("eventTime") is not null;
        if (timed ? about.Length == 0 && ns is not ("default" or "kube-system") : about.Length == 0 ? ns is not ("" or "default") : about != ns)
        {
            errors.Invalid("involvedObject.namespace", $"\"{about}\"", "does not match event.namespace");
        }

        if (timed)
        {
            Reporter(core, isNew ? "reportingController" : "reportingComponent", errors);
        }

        if (!isNew)
        {
            return;
        }

        if (!timed)
        {
            errors.Required("eventTime");
        }

        if (core.Text("type") is not ("Normal" or "Warning"))
        {
            errors.Invalid("type", "\"\"", $"has invalid value: {core.Text("type")}");
        }

        if (core.Object("series") is { } series && (series.Integer("count") ?? 0) < 2)
        {
            errors.Invalid("series.count", "\"\"", "should be at least 2");
        }

        if (old is not null)
        {
            var before = EventConversion.ToCore(old);
            foreach (var name in Fixed)
            {
                Rules.Unchanged(core[name], before[name], name, errors);
            }
        }
    }

    private static void Reporter(JsonObject core, string controllerField, FieldErrors errors)
    {
        if (core.Text("reportingComponent") is not { Length: > 0 } controller)
        {
            errors.Required(controllerField);
        }
        else if (ObjectMetaRules.QualifiedNameFault(controller) is { } fault)
        {
            errors.Invalid(controllerField, $"\"{controller}\"", fault);
        }

        foreach (var (name, longest) in new[] { ("reportingInstance", 128), ("action", 128), ("reason", 128) })
        {
            if (core.Text(name) is not { Length: > 0 } text)
            {
                errors.Required(name);
            }
            else if (text.Length > longest)
            {
                errors.Invalid(name, "\"\"", $"can have at most {longest} characters");
            }
        }

        if (core.Text("message") is { Length: > 1024 })
        {
            errors.Invalid("message", "\"\"", "can have at most 1024 characters");
        }
    }
}

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
