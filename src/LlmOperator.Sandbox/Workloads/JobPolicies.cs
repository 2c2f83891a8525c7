using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>What a Job says of pods that fail in known ways, and of when enough of its indexes have succeeded.</summary>
internal static class JobPolicies
{
    /// <summary>The first rule a failed pod fits: what it says is to be done, and the message when that is to fail the Job.</summary>
    public static (string? Action, string? Message) OfFailure(JsonObject job, JsonObject pod)
    {
        var index = 0;
        foreach (var rule in job.Objects("spec", "podFailurePolicy", "rules"))
        {
            var action = rule.Text("action");
            var ending = rule.Object("onExitCodes") is { } codes ? Exit(pod, codes)
                : rule.Objects("onPodConditions").FirstOrDefault(pattern => Has(pod, pattern)) is { } pattern ? $"Pod {pod.Namespace()}/{pod.Name()} has condition {pattern.Text("type")}"
                : null;
            if (ending is not null)
            {
                return (action, action == "FailJob" ? $"{ending} matching {action} rule at index {index}" : null);
            }

            index++;
        }

        return (null, null);
    }

    /// <summary>The rule that says enough indexes have succeeded; null when none does.</summary>
    public static string? OfSuccess(JsonObject job, IReadOnlySet<int> succeeded)
    {
        var index = 0;
        foreach (var rule in job.Objects("spec", "successPolicy", "rules"))
        {
            var required = rule.Text("succeededIndexes") is { } text ? JobTally.Read(text).ToHashSet() : null;
            var met = succeeded.Count(done => required?.Contains(done) != false);
            if (met > 0 && met >= (rule.Integer("succeededCount") ?? required?.Count ?? int.MaxValue))
            {
                return $"Matched rules at index {index}";
            }

            index++;
        }

        return null;
    }

    private static string? Exit(JsonObject pod, JsonObject codes)
    {
        var listed = (codes["values"] as JsonArray ?? []).Select(value => value.Integer()).ToHashSet();
        foreach (var container in pod.Objects("status", "containerStatuses").Concat(pod.Objects("status", "initContainerStatuses")))
        {
            var code = container.Object("state", "terminated").Integer("exitCode") ?? 0;
            if (code != 0
                && (codes.Text("containerName") is not { } name || name == container.Text("name"))
                && listed.Contains(code) == (codes.Text("operator") == "In"))
            {
                return $"Container {container.Text("name")} for pod {pod.Namespace()}/{pod.Name()} failed with exit code {code}";
            }
        }

        return null;
    }

    private static bool Has(JsonObject pod, JsonObject pattern) =>
        pod.Condition(pattern.Text("type") ?? "").Text("status") is { } status && status == (pattern.Text("status") ?? "True");
}
