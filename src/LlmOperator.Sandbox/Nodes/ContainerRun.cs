using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>Where a container is.</summary>
internal enum ContainerPhase
{
    /// <summary>Not begun: its turn has not come, or its image is on the way.</summary>
    Creating,

    /// <summary>The image cannot be had; tried again later.</summary>
    PullFailed,

    /// <summary>Runs.</summary>
    Running,

    /// <summary>Ended for good.</summary>
    Ended,

    /// <summary>Ended and waits to be started again.</summary>
    BackOff,
}

/// <summary>One container of a pod on a node.</summary>
internal sealed class ContainerRun(JsonObject spec, bool init)
{
    /// <summary>Container of the pod spec.</summary>
    public JsonObject Spec { get; set; } = spec;

    /// <summary>Whether it is an init container (sidecars included).</summary>
    public bool Init => init;

    /// <summary>An init container that runs on beside the others.</summary>
    public bool Sidecar => init && Spec.Text("restartPolicy") == "Always";

    /// <summary>Name.</summary>
    public string Name => Spec.Text("name") ?? "";

    /// <summary>Image.</summary>
    public string Image => Spec.Text("image") ?? "";

    /// <summary>Phase.</summary>
    public ContainerPhase Phase { get; set; }

    /// <summary>Whether the image has been asked for.</summary>
    public bool Pulling { get; set; }

    /// <summary>When the next step is due.</summary>
    public DateTimeOffset Due { get; set; }

    /// <summary>Start of the present or last run.</summary>
    public DateTimeOffset Started { get; set; }

    /// <summary>End of the last run.</summary>
    public DateTimeOffset Ended { get; set; }

    /// <summary>Exit code of the last run.</summary>
    public int ExitCode { get; set; }

    /// <summary>Whether the kernel ended the last run for want of memory.</summary>
    public bool OutOfMemory { get; set; }

    /// <summary>Times it was started again.</summary>
    public int Restarts { get; set; }

    /// <summary>Times its image could not be pulled.</summary>
    public int FailedPulls { get; set; }

    /// <summary>Whether startup is over.</summary>
    public bool IsStarted { get; set; }

    /// <summary>Whether readiness succeeded.</summary>
    public bool Ready { get; set; }

    /// <summary>Whether a readiness probe has failed since it last succeeded.</summary>
    public bool ProbeFailed { get; set; }

    /// <summary>Id the runtime gave the present run.</summary>
    public string Id { get; set; } = "";

    /// <summary>The run, where the container really runs; null where it is simulated. Stays until nothing of an ended one is left.</summary>
    public HostedRun? Hosted { get; set; }

    /// <summary>What it finds when it starts, where it really runs.</summary>
    public ContainerContext? Prepared { get; set; }

    /// <summary>What keeps it from being made; null when nothing does.</summary>
    public string? Missing { get; set; }

    /// <summary>State of the run before, as statuses show it.</summary>
    public JsonObject? LastState { get; set; }

    /// <summary>Last words of an ended run; null for none.</summary>
    public string? LastWords { get; set; }

    /// <summary>State of an ended run.</summary>
    public JsonObject Terminated()
    {
        var ended = Ending();
        if (LastWords is not null)
        {
            ended["message"] = LastWords;
        }

        return ended;
    }

    private JsonObject Ending() => new()
    {
        ["exitCode"] = ExitCode,
        ["reason"] = OutOfMemory ? "OOMKilled" : ExitCode == 0 ? "Completed" : "Error",
        ["startedAt"] = Cluster.Timestamp(Started),
        ["finishedAt"] = Cluster.Timestamp(Ended),
        ["containerID"] = Id,
    };
}

/// <summary>A pod on a node: what the kubelet remembers of it between steps.</summary>
internal sealed class PodRun
{
    /// <summary>When the kubelet took it.</summary>
    public DateTimeOffset Accepted { get; init; }

    /// <summary>Uid of the pod.</summary>
    public required string Uid { get; init; }

    /// <summary>Address.</summary>
    public required string Ip { get; init; }

    /// <summary>Address of its node.</summary>
    public string HostIp { get; set; } = "10.0.0.1";

    /// <summary>Init containers in order, then the others.</summary>
    public required List<ContainerRun> Containers { get; init; }

    /// <summary>When what its containers have mounted is brought up to date; null while nothing of it can change.</summary>
    public DateTimeOffset? RefreshDue { get; set; }

    /// <summary>What kept a volume from being brought up to date the last time; null when nothing did.</summary>
    public string? RefreshProblem { get; set; }

    /// <summary>The end of its containers that really run; null while it is not being deleted.</summary>
    public Task? Stopping { get; set; }

    /// <summary>When its containers are stopped; null while it is not being deleted.</summary>
    public DateTimeOffset? Stop { get; set; }

    /// <summary>Whether what it had was given back.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>Whether the sandbox of the pod exists.</summary>
    public bool Networked { get; set; }
}
