using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>Why a pod does not answer, from what its status says and its log told.</summary>
internal sealed class PodDiagnosis(EndpointObservation observed)
{
    private readonly IReadOnlyList<string> _secrets = Redaction.PlainSecrets(observed.Endpoint.Spec?.Engine);
    private readonly EngineSpec _engine = observed.Endpoint.Spec?.Engine ?? new();
    private readonly ReferenceDiagnosis _references = new(observed);

    public static bool IsReady(Pod pod) => pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    public static bool IsOutOfMemory(ContainerStateTerminated ended) => ended.Reason == "OOMKilled";

    /// <summary>Containers in the order in which they start; an init container that has done its work is not one any more.</summary>
    public static IEnumerable<ContainerStatus> Containers(Pod pod) =>
        (pod.Status?.InitContainerStatuses ?? []).Where(container => container.State?.Terminated is not { ExitCode: 0 } && container.Ready != true).Concat(pod.Status?.ContainerStatuses ?? []);

    /// <summary>The cause; null when nothing is wrong, or nothing is seen of it yet.</summary>
    public FailureCause? Of(Pod pod)
    {
        if (IsReady(pod))
        {
            return null;
        }

        if (pod.Status?.Phase == "Failed")
        {
            return Ended(pod.Status);
        }

        return Lost(pod) ?? Containers(pod).Select(container => Waiting(container) ?? Crashed(pod, container)).FirstOrDefault(cause => cause is not null);
    }

    /// <summary>A pod that the kubelet or a controller ended for good; another takes its place.</summary>
    private FailureCause Ended(PodStatus status)
    {
        var words = LogText.Sentence(status.Message, _secrets).TrimEnd('.', ' ');
        return status.Reason switch
        {
            "Evicted" when words.Contains($"\"{EngineContainer.SharedMemoryVolume}\"", StringComparison.Ordinal) => new("SharedMemoryTooSmall", $"the pod was evicted as /dev/shm grew too large: raise spec.engine.sharedMemory; the kubelet says: {words}"),
            "Evicted" when words.Contains("storage", StringComparison.OrdinalIgnoreCase) || words.Contains("disk", StringComparison.OrdinalIgnoreCase) || words.Contains("EmptyDir", StringComparison.Ordinal) =>
                new("Evicted", $"the pod was evicted for want of disk: keep the weights on a claim of their own (spec.cache of the LlmModel), or use nodes with larger disks; the kubelet says: {words}"),
            "Evicted" => new("Evicted", $"the pod was evicted for want of a resource of its node: raise spec.engine.resources.requests, so that a node with enough is chosen; the kubelet says: {words}"),
            "UnexpectedAdmissionError" => new("AcceleratorNotHandedOut", $"the node took the pod and could not give it its accelerators: look at the device plugin of the node; the kubelet says: {words}"),
            { } reason => new("PodEnded", $"the pod was ended ({reason}){(words.Length > 0 ? $": {words}" : "")}"),
            null => new("PodEnded", $"the pod has ended{(words.Length > 0 ? $": {words}" : "")}"),
        };
    }

    private FailureCause? Lost(Pod pod)
    {
        if (pod.Spec?.NodeName is not { } name)
        {
            return null;
        }

        var node = observed.Nodes.FirstOrDefault(candidate => candidate.Metadata.Name == name);
        return pod.Status?.Reason == "NodeLost" || node?.Spec?.Taints?.Any(taint => taint.Key is "node.kubernetes.io/unreachable") == true
            ? new("NodeLost", $"node {name} does not answer: bring it back, or delete it so that the pod is made elsewhere")
            : null;
    }

    private FailureCause? Waiting(ContainerStatus container)
    {
        if (container.State?.Waiting is not { Reason: { } reason } waiting)
        {
            return null;
        }

        var words = LogText.Sentence(waiting.Message, _secrets).TrimEnd('.', ' ');
        return reason switch
        {
            "ErrImagePull" or "ImagePullBackOff" or "InvalidImageName" or "ErrImageNeverPull" or "ImageInspectError" or "RegistryUnavailable" or "SignatureValidationFailed" => _references.Image(container, reason, words),
            "CreateContainerConfigError" => _references.Configuration(words),
            "CreateContainerError" or "RunContainerError" or "PreCreateHookError" or "PreStartHookError" or "PostStartHookError" =>
                LogDiagnosis.Of(words, _secrets).Cause ?? new("ContainerNotCreated", $"the container runtime cannot start container {container.Name}: {words}"),
            "CrashLoopBackOff" when CrashedRun.DeadRun(container) is null => new("CrashLoop", $"container {container.Name} ends again and again (CrashLoopBackOff){(words.Length > 0 ? $": {words}" : "")}") { IsKnown = false, IsVague = true },
            _ => null,
        };
    }

    private FailureCause? Crashed(Pod pod, ContainerStatus container)
    {
        if (CrashedRun.DeadRun(container) is not { } ended)
        {
            return null;
        }

        var isSidecar = container.Name == PromptTraceSidecar.Name;
        if (isSidecar && IsOutOfMemory(ended))
        {
            return new("OOMKilled", "the sidecar prompt-trace took more memory than its limit and was killed: raise resources.limits.memory of init container prompt-trace in spec.podTemplate");
        }

        if (IsOutOfMemory(ended))
        {
            var limit = _engine.Resources?.Limits is { } limits && limits.TryGetValue("memory", out var most) ? most.ToString() : null;
            return new("OOMKilled", limit is null
                ? "the node's memory (not the accelerator's) ran out and the kernel killed the engine: raise spec.engine.resources.requests.memory, so that a node with enough is chosen; /dev/shm (spec.engine.sharedMemory) counts as memory too"
                : $"the engine took more of the node's memory (not the accelerator's) than spec.engine.resources.limits.memory ({limit}) and was killed: raise it; /dev/shm (spec.engine.sharedMemory) counts against it too");
        }

        var log = observed.Logs.GetValueOrDefault(CrashedRun.IdOf(pod, container));
        if (log?.Cause is { } told && log.Weight >= LogWeight.Cause)
        {
            return told;
        }

        // What the runtime says of a start that failed, or the container itself left as its last words.
        return (ended.Message is { Length: > 0 } words ? LogDiagnosis.Of(words, _secrets).Cause : null)
            ?? (isSidecar ? null : Stopped(ended, log))
            ?? log?.Cause
            ?? ByExitCode(container, ended, log);
    }

    /// <summary>Ended from outside. The kubelet leaves no trace of it in the status, so the time the run took has to tell which probe it was.</summary>
    private FailureCause? Stopped(ContainerStateTerminated ended, LogFinding? log)
    {
        if (ended.StartedAt is not { } started || ended.FinishedAt is not { } finished || ended.ExitCode is not (0 or 137 or 143 or 1))
        {
            return null;
        }

        // One period of the probe either way, and the time a server takes to stop.
        var ran = (finished - started).TotalSeconds;
        double budget = _engine.StartupTimeoutSeconds;
        var isStartup = ran >= budget - 15 && ran <= budget + 30 + _engine.TerminationGracePeriodSeconds;
        if (isStartup && (ended.ExitCode is not 1 || log is { Excerpt: "" } or null))
        {
            return new("StartupTimeout", $"the engine did not answer within spec.engine.startupTimeoutSeconds ({budget:0} s; it ran for {ran:0} s) and was started again: raise it, or make loading quicker (spec.cache of the LlmModel){LastLines(log)}");
        }

        return ended.ExitCode switch
        {
            137 or 143 when ran > budget => new("LivenessProbeFailed", $"the engine stopped answering and was started again (exit code {ended.ExitCode}), as the kubelet does when {_engine.HealthPath ?? "the health path"} fails for long{LastLines(log)}"),
            137 or 143 => new("ContainerKilled", $"the engine was killed from outside before it answered (exit code {ended.ExitCode}): by the kernel for want of memory of the node (raise spec.engine.resources.requests.memory), or by the kubelet{LastLines(log)}"),
            _ => null,
        };
    }

    private static FailureCause ByExitCode(ContainerStatus container, ContainerStateTerminated ended, LogFinding? log) => ended.ExitCode switch
    {
        126 or 127 => new("CommandNotFound", $"the image does not hold the command that starts container {container.Name} (exit code {ended.ExitCode}): correct spec.engine.image, spec.engine.type or spec.engine.command{LastLines(log)}"),
        132 => new("ProcessorNotSupported", $"the engine uses instructions the node's processor does not have (exit code 132): choose other nodes with spec.scheduling.nodeSelector, or another spec.engine.image{LastLines(log)}"),
        135 => new("SharedMemoryTooSmall", $"the engine ended with a bus error (exit code 135), as when /dev/shm is too small: raise spec.engine.sharedMemory{LastLines(log)}"),
        _ => new("CrashLoop", $"container {container.Name} ends with exit code {ended.ExitCode ?? 0}{(ended.ExitCode is 0 or null ? " although it should run on" : "")} and its log names no cause that is known{LastLines(log)}") { IsKnown = false, IsVague = log is null },
    };

    private static string LastLines(LogFinding? log) => log switch
    {
        null => "",
        { Unreadable: { } why } => $"; its log could not be read ({why})",
        { Excerpt.Length: > 0 } => $"; its last lines: {log.Excerpt}",
        _ => "; its log is empty",
    };
}
