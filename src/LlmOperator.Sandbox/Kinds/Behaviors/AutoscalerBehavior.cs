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
