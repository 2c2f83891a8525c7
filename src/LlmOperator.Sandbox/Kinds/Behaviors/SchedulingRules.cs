using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Rules of what a pod says about where it may run.</summary>
internal static class SchedulingRules
{
    /// <summary>Checks tolerations, affinity and spread of a pod spec.</summary>
    public static void Check(JsonObject spec, string path, FieldErrors errors)
    {
        Tolerations(spec, path, errors);
        Spread(spec, path, errors);
        NodeAffinity(spec.Object("affinity", "nodeAffinity"), $"{path}.affinity.nodeAffinity", errors);
        foreach (var name in (ReadOnlySpan<string>)["podAffinity", "podAntiAffinity"])
        {
            PodAffinity(spec.Object("affinity", name), $"{path}.affinity.{name}", errors);
        }
    }

    private static void Tolerations(JsonObject spec, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var toleration in spec.Objects("tolerations"))
        {
            var at = $"{path}.tolerations[{index++}]";
            var (key, op) = (toleration.Text("key") ?? "", toleration.Text("operator") ?? "");
            if (key.Length > 0 && ObjectMetaRules.QualifiedNameFault(key) is { } fault)
            {
                errors.Invalid($"{at}.key", $"\"{key}\"", fault);
            }

            if (key.Length == 0 && op != "Exists")
            {
                errors.Invalid($"{at}.operator", $"\"{op}\"", "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            }

            if (toleration.ContainsKey("tolerationSeconds") && toleration.Text("effect") != "NoExecute")
            {
                errors.Invalid($"{at}.effect", Rules.Quote(toleration["effect"] ?? ""), "effect must be 'NoExecute' when `tolerationSeconds` is set");
            }

            if (op == "Exists" && toleration.Text("value") is { Length: > 0 })
            {
                errors.Invalid($"{at}.operator", Rules.Quote(toleration["value"]), "value must be empty when `operator` is 'Exists'");
            }

            if (op is not ("" or "Equal" or "Exists" or "Lt" or "Gt"))
            {
                errors.NotSupported($"{at}.operator", $"\"{op}\"", ["Equal", "Exists"]);
            }

            if (toleration.Text("effect") is { Length: > 0 } effect and not ("NoSchedule" or "PreferNoSchedule" or "NoExecute"))
            {
                errors.NotSupported($"{at}.effect", $"\"{effect}\"", ["NoSchedule", "PreferNoSchedule", "NoExecute"]);
            }
        }
    }

    private static void Spread(JsonObject spec, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var constraint in spec.Objects("topologySpreadConstraints"))
        {
            var at = $"{path}.topologySpreadConstraints[{index++}]";
            Rules.Positive(constraint["maxSkew"], $"{at}.maxSkew", errors);
            Rules.OneOf(constraint["whenUnsatisfiable"], $"{at}.whenUnsatisfiable", errors, "DoNotSchedule", "ScheduleAnyway");
            Rules.Selector(constraint["labelSelector"], $"{at}.labelSelector", errors);
        }
    }

    private static void NodeAffinity(JsonObject? affinity, string path, FieldErrors errors)
    {
        const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
        const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        if (affinity.Object(Required) is { } required)
        {
            if (!required.Objects("nodeSelectorTerms").Any())
            {
                errors.Required($"{path}.{Required}.nodeSelectorTerms", "must have at least one node selector term");
            }

            var index = 0;
            foreach (var term in required.Objects("nodeSelectorTerms"))
            {
                NodeTerm(term, $"{path}.{Required}.nodeSelectorTerms[{index++}]", errors);
            }
        }

        var place = 0;
        foreach (var preference in affinity.Objects(Preferred))
        {
            var at = $"{path}.{Preferred}[{place++}]";
            Weight(preference, at, errors);
            NodeTerm(preference.Object("preference") ?? [], $"{at}.preference", errors);
        }
    }

    private static void NodeTerm(JsonObject term, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var expression in term.Objects("matchExpressions"))
        {
            Rules.Requirement(expression, $"{path}.matchExpressions[{index++}]", hasBounds: true, errors);
        }
    }

    private static void PodAffinity(JsonObject? affinity, string path, FieldErrors errors)
    {
        const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
        const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        var index = 0;
        foreach (var term in affinity.Objects(Required))
        {
            Rules.Selector(term["labelSelector"], $"{path}.{Required}[{index++}].labelSelector", errors);
        }

        index = 0;
        foreach (var preference in affinity.Objects(Preferred))
        {
            var at = $"{path}.{Preferred}[{index++}]";
            Weight(preference, at, errors);
            Rules.Selector(preference.At("podAffinityTerm", "labelSelector"), $"{at}.podAffinityTerm.labelSelector", errors);
        }
    }

    private static void Weight(JsonObject preference, string path, FieldErrors errors)
    {
        if (preference.Integer("weight") is { } weight && weight is < 1 or > 100)
        {
            errors.Invalid($"{path}.weight", $"{weight}", "must be in the range 1-100");
        }
    }
}
