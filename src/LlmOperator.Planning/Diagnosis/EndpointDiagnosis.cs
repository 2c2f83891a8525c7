using System.Text.RegularExpressions;
using LlmOperator.Api;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>A pod that fails, and why.</summary>
/// <param name="Pod">Its name.</param>
/// <param name="Cause">Why.</param>
internal sealed record PodFailure(string Pod, FailureCause Cause)
{
    /// <summary>Always the end of a message, so that the next look finds it there.</summary>
    public override string ToString() => $"pod {Pod}: {Cause.Message}";
}

/// <summary>Why pods of an endpoint do not answer. One pod stands for those that fail with it: the one whose cause is known, the first by name of several.</summary>
internal sealed record EndpointDiagnosis
{
    /// <summary>What keeps the wanted revision from answering; null when nothing does.</summary>
    public PodFailure? Target { get; init; }

    /// <summary>What keeps pods of earlier revisions from answering; null when nothing does.</summary>
    public PodFailure? Earlier { get; init; }

    /// <summary>What there is to tell first.</summary>
    public PodFailure? First => Target ?? Earlier;

    /// <summary>Looks at the pods of an endpoint.</summary>
    /// <param name="observed">What is seen.</param>
    /// <param name="target">Revision wanted.</param>
    public static EndpointDiagnosis Of(EndpointObservation observed, string? target)
    {
        List<(Pod Pod, bool IsTarget)>? unready = null;
        foreach (var pod in observed.Pods)
        {
            if (pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase != "Succeeded" && !PodDiagnosis.IsReady(pod))
            {
                var revision = pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.RevisionLabel);
                (unready ??= []).Add((pod, revision is null || revision == target));
            }
        }

        if (unready is null)
        {
            return new();
        }

        var diagnosis = new PodDiagnosis(observed);
        var failures = unready
            .Select(candidate => (candidate.IsTarget, candidate.Pod, Cause: diagnosis.Of(candidate.Pod)))
            .Where(failure => failure.Cause is not null)
            .OrderBy(failure => failure.Pod.Status?.Phase == "Failed")
            .ThenByDescending(failure => failure.Cause!.IsKnown)
            .ThenBy(failure => failure.Pod.Metadata.Name, StringComparer.Ordinal)
            .ToList();

        // A pod that was ended is replaced; it counts only while no pod of its revision has come up since.
        var hasReady = observed.Pods.Any(pod => PodDiagnosis.IsReady(pod) && pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.RevisionLabel) is var revision && (revision is null || revision == target));
        PodFailure? First(bool isTarget) => failures
            .Where(failure => failure.IsTarget == isTarget && (failure.Pod.Status?.Phase != "Failed" || (isTarget && !hasReady)))
            .Select(failure => Steady(new(failure.Pod.Metadata.Name!, failure.Cause!), observed, target))
            .FirstOrDefault();
        return new() { Target = First(true), Earlier = First(false) };
    }

    /// <summary>
    /// Keeps the words of the last look where the failure is the same one again: runs that fail alike differ in process ids, times and the last bytes of free memory, and each difference would be a write of the status.
    /// </summary>
    private static PodFailure Steady(PodFailure failure, EndpointObservation observed, string? target)
    {
        if (observed.Endpoint.Status is not { } before || before.TargetRevision != target || before.ObservedGeneration != observed.Endpoint.Metadata.Generation)
        {
            return failure;
        }

        var start = $"pod {failure.Pod}: ";
        foreach (var told in (before.Conditions ?? []).Where(condition => condition.Type is ConditionTypes.Ready or ConditionTypes.Progressing or ConditionTypes.Available))
        {
            if (told.Message is { } message && message.LastIndexOf(start, StringComparison.Ordinal) is >= 0 and var at)
            {
                var words = message[(at + start.Length)..];
                if (Outline(words) == Outline(failure.Cause.Message) || (failure.Cause.IsVague && told.Reason == failure.Cause.Reason))
                {
                    return failure with { Cause = failure.Cause with { Message = words } };
                }
            }
        }

        return failure;
    }

    /// <summary>A text without what counts, identifies and dates.</summary>
    private static string Outline(string text) => Varying.Replace(text, "#");

    private static readonly Regex Varying = new("[0-9a-fA-F]*[0-9][0-9a-fA-F]*(?:[-.:,][0-9a-fA-F]*[0-9][0-9a-fA-F]*)*", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
