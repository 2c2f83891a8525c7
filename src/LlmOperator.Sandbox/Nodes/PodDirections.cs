using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>What a pod's annotations tell the kubelet stand-in to play. They are read at every step, so a failure ends when its annotation goes. Native sidecars play none of it.</summary>
internal static class PodDirections
{
    /// <summary>
    /// A failure: <c>ImagePull</c> (no image can be pulled), <c>CrashLoop</c> (containers exit with 1 soon after they start),
    /// <c>OutOfMemory</c> (the same, killed by the kernel: OOMKilled, exit code 137),
    /// <c>NeverReady</c> (containers run, readiness probes fail), <c>NeverStarts</c> (containers run, startup probes fail until they are killed), <c>Exit</c> (containers exit once with <see cref="ExitCode"/>, 1 by default).
    /// </summary>
    public const string Fail = "sandbox.llmops.dev/fail";

    /// <summary>Exit code of containers that end; given alone, it makes containers end that would otherwise run on.</summary>
    public const string ExitCode = "sandbox.llmops.dev/exit-code";

    /// <summary>Text of the containers' logs.</summary>
    public const string Log = "sandbox.llmops.dev/log";

    /// <summary>Seconds from a container's start until it is started and ready: the time a server takes to load its model.</summary>
    public const string StartSeconds = "sandbox.llmops.dev/start-seconds";

    /// <summary>Exit code of a process that was killed (128 + SIGKILL): by the kernel for want of memory, or by the kubelet.</summary>
    public const int KilledCode = 137;

    /// <summary>How long an image takes to arrive.</summary>
    public static readonly TimeSpan PullTime = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a container runs that ends.</summary>
    public static readonly TimeSpan RunTime = TimeSpan.FromSeconds(1);

    /// <summary>How long a container takes to stop when asked.</summary>
    public static readonly TimeSpan StopTime = TimeSpan.FromMilliseconds(300);

    /// <summary>Whether the pod plays a failure.</summary>
    public static bool Fails(JsonObject pod, string how) => string.Equals(pod.Annotation(Fail), how, StringComparison.OrdinalIgnoreCase);

    /// <summary>Exit code of the containers; null when they run on.</summary>
    public static int? Exit(JsonObject pod)
    {
        int? code = int.TryParse(pod.Annotation(ExitCode), CultureInfo.InvariantCulture, out var given) ? given : null;
        if (Fails(pod, "OutOfMemory"))
        {
            return KilledCode;
        }

        if (Fails(pod, "CrashLoop"))
        {
            return code is null or 0 ? 1 : code;
        }

        return Fails(pod, "Exit") ? code ?? 1 : code;
    }

    /// <summary>Time from a container's start until it is ready.</summary>
    public static TimeSpan StartTime(JsonObject pod, JsonObject container) =>
        container.Text("restartPolicy") != "Always" && double.TryParse(pod.Annotation(StartSeconds), CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 1e6
            ? TimeSpan.FromSeconds(seconds)
            : TimeSpan.FromMilliseconds(container["startupProbe"] is null && container["readinessProbe"] is null ? 0 : 400);

    /// <summary>Time a container has to start before its startup probe has it killed; null when it has none.</summary>
    public static TimeSpan? StartupBudget(JsonObject container) => container.Object("startupProbe") is { } probe
        ? TimeSpan.FromSeconds((probe.Integer("initialDelaySeconds") ?? 0) + ((probe.Integer("periodSeconds") ?? 10) * (probe.Integer("failureThreshold") ?? 3)))
        : null;
}
