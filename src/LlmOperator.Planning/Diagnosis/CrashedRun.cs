using LlmOperator.Api;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>A run of a container that ended and whose log may tell why.</summary>
/// <param name="Pod">Its pod.</param>
/// <param name="Container">Its container.</param>
/// <param name="Id">Tells it from every other run.</param>
/// <param name="IsPrevious">Whether the container runs again, so that the log asked for is the one before the present.</param>
public sealed record CrashedRun(ObjectKey Pod, string Container, string Id, bool IsPrevious)
{
    /// <summary>Pods of one endpoint whose logs are read; pods of one revision fail alike.</summary>
    private const int MaxRuns = 3;

    /// <summary>Runs whose logs a diagnosis asks for, those of the revision being brought out first. None while all pods answer.</summary>
    public static IReadOnlyList<CrashedRun> Of(EndpointObservation observed)
    {
        List<(bool IsTarget, CrashedRun Run)>? runs = null;
        var target = EndpointObjects.Revision(observed.Deployment) ?? EndpointObjects.Revision(observed.LeaderWorkerSet);
        foreach (var pod in observed.Pods)
        {
            if (PodDiagnosis.IsReady(pod) || pod.Metadata.DeletionTimestamp is not null)
            {
                continue;
            }

            foreach (var container in PodDiagnosis.Containers(pod))
            {
                if (DeadRun(container) is { } ended && !PodDiagnosis.IsOutOfMemory(ended))
                {
                    var revision = pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.RevisionLabel);
                    (runs ??= []).Add((revision == target, new(ObjectKey.Of(pod), container.Name, IdOf(pod, container), container.State?.Running is not null)));
                }
            }
        }

        return runs is null ? [] : [.. runs.OrderByDescending(run => run.IsTarget).ThenBy(run => run.Run.Pod.Name, StringComparer.Ordinal).Select(run => run.Run).Take(MaxRuns)];
    }

    /// <summary>The last run of a container that failed and does not answer since; null when there is none.</summary>
    internal static ContainerStateTerminated? DeadRun(ContainerStatus container) =>
        container.Ready == true || container.State?.Terminated is { ExitCode: 0, Reason: "Completed" } && container.RestartCount is null or 0 && container.LastState?.Terminated is null && container.State?.Terminated is not null
            ? null
            : container.State?.Terminated ?? container.LastState?.Terminated;

    internal static string IdOf(Pod pod, ContainerStatus container) => DeadRun(container)?.ContainerID is { Length: > 0 } id
        ? $"{pod.Metadata.Uid}/{id}"
        : $"{pod.Metadata.Uid}/{container.Name}/{(container.State?.Terminated is null && container.State?.Running is not null ? container.RestartCount - 1 : container.RestartCount) ?? 0}";
}
