using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Diagnosis;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;

namespace LlmOperator.Planning.Tests.Diagnosis;

/// <summary>Pods in trouble, as a kubelet reports them.</summary>
internal static class Pods
{
    public static readonly Node Node = Cluster.Node("a10g-0", "NVIDIA-A10G");

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);

    public static Pod Of(string name, params ContainerStatus[] containers) => Cluster.Pod(name, "a10g-0") is var pod ? pod with
    {
        Metadata = pod.Metadata with { Uid = "uid-" + name },
        Status = pod.Status! with { ContainerStatuses = containers },
    } : throw new InvalidOperationException();

    public static Pod Ready(string name) => Of(name, new ContainerStatus { Name = "engine", Ready = true }) is var pod
        ? pod with { Status = pod.Status! with { Conditions = [new() { Type = "Ready", Status = "True" }] } }
        : throw new InvalidOperationException();

    public static Pod Revision(this Pod pod, string revision) =>
        pod with { Metadata = pod.Metadata with { Labels = new Dictionary<string, string> { [Api.ApiGroup.RevisionLabel] = revision } } };

    /// <summary>A container between two runs.</summary>
    public static ContainerStatus Crashed(int exitCode = 1, string? reason = "Error", int restarts = 3, double seconds = 30, string? message = null) => new()
    {
        Name = "engine",
        Image = "vllm/vllm-openai:v0.11.0",
        RestartCount = restarts,
        State = new() { Waiting = new() { Reason = "CrashLoopBackOff", Message = "back-off 40s restarting failed container=engine" } },
        LastState = new() { Terminated = Ended(exitCode, reason, seconds, message) with { ContainerID = $"containerd://{restarts}" } },
    };

    public static ContainerStateTerminated Ended(int exitCode, string? reason, double seconds, string? message = null) =>
        new() { ExitCode = exitCode, Reason = reason, Message = message, StartedAt = Start, FinishedAt = Start.AddSeconds(seconds) };

    public static ContainerStatus Waits(string reason, string? message, string image = "vllm/vllm-openai:v0.11.0") =>
        new() { Name = "engine", Image = image, State = new() { Waiting = new() { Reason = reason, Message = message } } };

    public static EndpointObservation Waiting(EndpointObservation observed, string reason, string? message, string image = "vllm/vllm-openai:v0.11.0") =>
        With(observed, Of("p", Waits(reason, message, image)));

    public static EndpointObservation Crashing(EndpointObservation observed, string log, int restarts = 3) => WithLog(With(observed, Of("p", Crashed(restarts: restarts))), log);

    /// <summary>The endpoint rolled out, with these pods.</summary>
    public static EndpointObservation With(EndpointObservation observed, params Pod[] pods)
    {
        var wanted = observed.Deployment ?? EndpointPlanner.Plan(observed).Deployment!;
        return observed with { Deployment = Cluster.Running(wanted, pods.Count(PodDiagnosis.IsReady)), Pods = pods };
    }

    /// <summary>Every run that ended left this log.</summary>
    public static EndpointObservation WithLog(EndpointObservation observed, string log) =>
        observed with { Logs = CrashedRun.Of(observed).ToDictionary(run => run.Id, _ => LogDiagnosis.Of(log, LogDiagnosis.Secrets(observed.Endpoint))) };
}
