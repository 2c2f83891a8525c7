using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Rules of a Job's policy for pods that fail.</summary>
internal static class JobPolicyRules
{
    private const int MostRules = 20;
    private const int MostValues = 255;

    /// <summary>Checks the policy of a Job's spec.</summary>
    public static void Check(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Object("podFailurePolicy") is not { } policy)
        {
            return;
        }

        var at = $"{path}.podFailurePolicy.rules";
        var rules = policy.Objects("rules").ToList();
        if (rules.Count > MostRules)
        {
            errors.Add("FieldValueTooMany", at, $"Too many: {rules.Count}: must have at most {MostRules} items");
        }

        for (var i = 0; i < rules.Count; i++)
        {
            Rule(spec, rules[i], $"{at}[{i}]", errors);
        }
    }

    private static void Rule(JsonObject spec, JsonObject rule, string at, FieldErrors errors)
    {
        var action = rule.Text("action") ?? "";
        if (action.Length == 0)
        {
            errors.Required($"{at}.action", "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
        }
        else if (action == "FailIndex" && !spec.ContainsKey("backoffLimitPerIndex"))
        {
            errors.Invalid($"{at}.action", "\"FailIndex\"", "requires the backoffLimitPerIndex to be set");
        }
        else if (action is not ("FailIndex" or "Count" or "FailJob" or "Ignore"))
        {
            errors.NotSupported($"{at}.action", $"\"{action}\"", ["Count", "FailIndex", "FailJob", "Ignore"]);
        }

        if (rule.Object("onExitCodes") is { } codes)
        {
            ExitCodes(spec, codes, $"{at}.onExitCodes", errors);
        }

        var conditions = rule.Objects("onPodConditions").ToList();
        for (var i = 0; i < conditions.Count; i++)
        {
            if (ObjectMetaRules.QualifiedNameFault(conditions[i].Text("type") ?? "") is { } fault)
            {
                errors.Invalid($"{at}.onPodConditions[{i}].type", Rules.Quote(conditions[i]["type"]), fault);
            }

            Rules.OneOf(conditions[i]["status"], $"{at}.onPodConditions[{i}].status", errors, "False", "True", "Unknown");
        }

        if (rule.Object("onExitCodes") is not null && conditions.Count > 0)
        {
            errors.Invalid(at, "null", "specifying both OnExitCodes and OnPodConditions is not supported");
        }
        else if (rule.Object("onExitCodes") is null && conditions.Count == 0)
        {
            errors.Invalid(at, "null", "specifying one of OnExitCodes and OnPodConditions is required");
        }
    }

    private static void ExitCodes(JsonObject spec, JsonObject codes, string at, FieldErrors errors)
    {
        var comparison = codes.Text("operator") ?? "";
        if (comparison.Length == 0)
        {
            errors.Required($"{at}.operator", "valid values: [\"In\" \"NotIn\"]");
        }
        else
        {
            Rules.OneOf(codes["operator"], $"{at}.operator", errors, "In", "NotIn");
        }

        var pod = spec.Object("template", "spec");
        if (codes.Text("containerName") is { } name
            && !pod.Objects("containers").Concat(pod.Objects("initContainers")).Any(container => container.Text("name") == name))
        {
            errors.Invalid($"{at}.containerName", $"\"{name}\"", "must be one of the container or initContainer names in the pod template");
        }

        var values = (codes["values"] as JsonArray ?? []).Select(value => value.Integer() ?? 0).ToList();
        if (values.Count == 0)
        {
            errors.Invalid($"{at}.values", "null", "at least one value is required");
        }
        else if (values.Count > MostValues)
        {
            errors.Add("FieldValueTooMany", $"{at}.values", $"Too many: {values.Count}: must have at most {MostValues} items");
        }

        var seen = new HashSet<long>();
        for (var i = 0; i < values.Count; i++)
        {
            if (comparison == "In" && values[i] == 0)
            {
                errors.Invalid($"{at}.values[{i}]", "0", "must not be 0 for the In operator");
            }

            if (!seen.Add(values[i]))
            {
                errors.Duplicate($"{at}.values[{i}]", $"{values[i]}");
            }
        }

        if (!values.Order().SequenceEqual(values))
        {
            errors.Invalid($"{at}.values", codes["values"]!.ToJsonString(), "must be ordered");
        }
    }
}
