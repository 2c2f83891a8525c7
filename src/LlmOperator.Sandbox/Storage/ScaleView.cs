using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Storage;

/// <summary>The <c>autoscaling/v1</c> Scale of an object that has one.</summary>
internal static class ScaleView
{
    /// <summary>The Scale of an object.</summary>
    public static JsonObject Of(KindDefinition kind, JsonObject obj)
    {
        var paths = kind.Scale!;
        var metadata = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            if (obj.At("metadata", name) is { } value)
            {
                metadata[name] = value.DeepClone();
            }
        }

        var spec = new JsonObject();
        if (obj.Integer(paths.SpecReplicas) is { } wanted && wanted != 0)
        {
            spec["replicas"] = wanted;
        }

        var status = new JsonObject { ["replicas"] = obj.Integer(paths.StatusReplicas) ?? 0 };
        if (Selector(kind, obj, paths) is { Length: > 0 } selector)
        {
            status["selector"] = selector;
        }

        return new JsonObject { ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata, ["spec"] = spec, ["status"] = status };
    }

    /// <summary>A copy of an object with the replicas of a Scale; the Scale's resourceVersion is the precondition.</summary>
    public static JsonObject Apply(KindDefinition kind, JsonObject obj, JsonObject scale)
    {
        var replicas = scale.Integer("spec", "replicas") ?? 0;
        if (!kind.Custom && replicas < 0)
        {
            var errors = new FieldErrors();
            errors.Invalid("spec.replicas", $"{replicas}", "must be greater than or equal to 0");
            throw Server.StatusException.Invalid("autoscaling", "Scale", obj.Text("metadata", "name")!, errors);
        }

        var copy = obj.Copy();
        var parent = copy;
        var path = kind.Scale!.SpecReplicas;
        foreach (var name in path.AsSpan(0, path.Length - 1))
        {
            parent = parent.Child(name);
        }

        parent[path[^1]] = replicas;
        if (scale.Text("metadata", "resourceVersion") is { Length: > 0 } version)
        {
            copy.Child("metadata")["resourceVersion"] = version;
        }

        if (scale.Text("metadata", "uid") is { Length: > 0 } uid)
        {
            copy.Child("metadata")["uid"] = uid;
        }

        return copy;
    }

    /// <summary>The rules for replica counts that hold whatever a definition's schema says.</summary>
    public static void ValidateReplicas(JsonObject obj, ScalePaths paths, FieldErrors errors)
    {
        foreach (var path in (ReadOnlySpan<string[]>)[paths.SpecReplicas, paths.StatusReplicas])
        {
            if (obj.Integer(path) is not { } replicas)
            {
                continue;
            }

            var field = "." + string.Join('.', path);
            if (replicas < 0)
            {
                errors.Invalid(field, $"{replicas}", "should be a non-negative integer");
            }
            else if (replicas > int.MaxValue)
            {
                errors.Invalid(field, $"{replicas}", $"should be less than or equal to {int.MaxValue}");
            }
        }
    }

    private static string? Selector(KindDefinition kind, JsonObject obj, ScalePaths paths) => paths.Selector is not { } path
        ? null
        : obj.At(path) is JsonObject selector && !kind.Custom ? SelectorText(selector) : obj.Text(path);

    /// <summary>A selector object as text; a plain map of labels (ReplicationController) counts too.</summary>
    private static string SelectorText(JsonObject selector)
    {
        var plain = !selector.ContainsKey("matchLabels") && !selector.ContainsKey("matchExpressions");
        var labels = (plain ? selector : selector.Object("matchLabels")) ?? [];
        var terms = labels.Select(label => $"{label.Key}={label.Value.Text()}").Order(StringComparer.Ordinal).ToList();
        foreach (var expression in selector.Objects("matchExpressions"))
        {
            var key = expression.Text("key");
            var values = string.Join(',', expression.Texts("values").Order(StringComparer.Ordinal));
            terms.Add(expression.Text("operator") switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => $"{key}",
                _ => $"!{key}",
            });
        }

        return string.Join(',', terms);
    }
}
