using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Scheduling;

/// <summary>Whether a node's labels and taints suit a pod.</summary>
internal static class NodeMatching
{
    /// <summary>Node selector and required node affinity.</summary>
    public static bool Selects(JsonObject pod, JsonObject node)
    {
        foreach (var (label, value) in pod.Object("spec", "nodeSelector") ?? [])
        {
            if (node.Label(label) is not { } present || present != value.Text())
            {
                return false;
            }
        }

        return pod.Object("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution") is not { } required
            || required.Objects("nodeSelectorTerms").Any(term => Term(term, node));
    }

    /// <summary>Sum of the weights of the preferred terms that fit.</summary>
    public static long Preference(JsonObject pod, JsonObject node) =>
        pod.Objects("spec", "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution")
            .Where(preferred => preferred.Object("preference") is { } term && Term(term, node))
            .Sum(preferred => preferred.Integer("weight") ?? 0);

    /// <summary>The first taint that keeps the pod away; null when none does.</summary>
    public static JsonObject? Untolerated(JsonObject pod, JsonObject node)
    {
        foreach (var taint in node.Objects("spec", "taints"))
        {
            if (taint.Text("effect") is "NoSchedule" or "NoExecute" && !Tolerates(pod, taint))
            {
                return taint;
            }
        }

        return null;
    }

    /// <summary>Number of taints that only advise against the node.</summary>
    public static int Discouraging(JsonObject pod, JsonObject node) =>
        node.Objects("spec", "taints").Count(taint => taint.Text("effect") == "PreferNoSchedule" && !Tolerates(pod, taint));

    /// <summary>Whether a pod bears a taint.</summary>
    public static bool Tolerates(JsonObject pod, JsonObject taint) => pod.Objects("spec", "tolerations").Any(toleration => Bears(toleration, taint));

    /// <summary>Whether a toleration covers a taint.</summary>
    public static bool Bears(JsonObject toleration, JsonObject taint) =>
        (toleration.Text("effect") is null or "" || toleration.Text("effect") == taint.Text("effect"))
        && (toleration.Text("key") is null or "" ? toleration.Text("operator") == "Exists" : toleration.Text("key") == taint.Text("key"))
        && (toleration.Text("operator") == "Exists" || (toleration.Text("value") ?? "") == (taint.Text("value") ?? ""));

    private static bool Term(JsonObject term, JsonObject node)
    {
        var any = false;
        foreach (var expression in term.Objects("matchExpressions"))
        {
            any = true;
            if (!Fits(expression, node.Label(expression.Text("key") ?? "")))
            {
                return false;
            }
        }

        foreach (var field in term.Objects("matchFields"))
        {
            any = true;
            if (!Fits(field, field.Text("key") == "metadata.name" ? node.Name() : null))
            {
                return false;
            }
        }

        // A term that says nothing selects nothing.
        return any;
    }

    private static bool Fits(JsonObject expression, string? value) => expression.Text("operator") switch
    {
        "In" => value is not null && expression.Texts("values").Contains(value),
        "NotIn" => value is null || !expression.Texts("values").Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value, expression) > 0,
        "Lt" => Compare(value, expression) < 0,
        _ => false,
    };

    private static int Compare(string? value, JsonObject expression) =>
        long.TryParse(value, CultureInfo.InvariantCulture, out var number)
        && long.TryParse(expression.Texts("values") is [var first, ..] ? first : null, CultureInfo.InvariantCulture, out var bound)
            ? number.CompareTo(bound)
            : 0;
}
