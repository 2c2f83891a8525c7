using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>Writes what a kubelet knows of a pod as the pod's status, fields and conditions in a kubelet's order.</summary>
internal static class PodStatusWriter
{
    /// <summary>Phase of a pod by its containers.</summary>
    public static string Phase(JsonObject pod, PodRun run)
    {
        var main = run.Containers.Where(container => !container.Init).ToList();
        if (run.Containers.Any(container => container is { Init: true, Sidecar: false, Phase: ContainerPhase.Ended } && container.ExitCode != 0))
        {
            return "Failed";
        }

        if (main.TrueForAll(container => container.Phase == ContainerPhase.Ended))
        {
            return main.Exists(container => container.ExitCode != 0) ? "Failed" : "Succeeded";
        }

        return Initialized(run) && main.Exists(container => container.Phase is ContainerPhase.Running or ContainerPhase.BackOff or ContainerPhase.Ended)
            ? "Running"
            : "Pending";
    }

    /// <summary>Whether all init containers are done and sidecars started.</summary>
    public static bool Initialized(PodRun run) => run.Containers.TrueForAll(container => !container.Init
        || (container.Sidecar ? container.IsStarted : container is { Phase: ContainerPhase.Ended, ExitCode: 0 }));

    /// <summary>Fills <c>status</c> of a private copy.</summary>
    public static void Write(JsonObject pod, PodRun run, string hostIp, DateTimeOffset now)
    {
        var status = pod.Child("status");
        var phase = Phase(pod, run);
        status["phase"] = phase;
        status["hostIP"] = hostIp;
        status["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = hostIp });
        status["startTime"] = Cluster.Timestamp(run.Accepted);
        if (run.Networked && phase is not ("Succeeded" or "Failed"))
        {
            status["podIP"] = run.Ip;
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = run.Ip });
        }

        WriteConditions(pod, status, run, phase, now);
        WriteContainers(status, "initContainerStatuses", run, init: true);
        WriteContainers(status, "containerStatuses", run, init: false);
    }

    private static void WriteConditions(JsonObject pod, JsonObject status, PodRun run, string phase, DateTimeOffset now)
    {
        var old = status["conditions"] as JsonArray ?? [];
        var conditions = new JsonArray();
        var time = Cluster.Timestamp(now);
        void Add(string type, bool value, string? reason = null, string? message = null)
        {
            var text = value ? "True" : "False";
            var before = old.FirstOrDefault(condition => condition.Text("type") == type);
            var condition = new JsonObject
            {
                ["type"] = type,
                ["status"] = text,
                ["lastProbeTime"] = null,
                ["lastTransitionTime"] = before.Text("status") == text ? before.Text("lastTransitionTime") : time,
            };
            if (pod.Generation() > 0)
            {
                condition["observedGeneration"] = pod.Generation();
            }

            if (reason is not null && !(value && phase != "Succeeded"))
            {
                condition["reason"] = reason;
            }

            if (message is not null && !value)
            {
                condition["message"] = message;
            }

            conditions.Add(condition);
        }

        var over = phase is "Succeeded" or "Failed";
        Add("PodReadyToStartContainers", run.Networked && !over);
        var waiting = run.Containers.Where(container => container.Init && !(container.Sidecar ? container.IsStarted : container is { Phase: ContainerPhase.Ended, ExitCode: 0 })).Select(container => container.Name).ToList();
        Add(
            "Initialized",
            waiting.Count == 0,
            waiting.Count > 0 ? "ContainersNotInitialized" : phase == "Succeeded" ? "PodCompleted" : null,
            $"containers with incomplete status: [{string.Join(' ', waiting)}]");
        var unready = run.Containers.Where(container => (!container.Init || container.Sidecar) && !container.Ready).Select(container => container.Name).ToList();
        var (reason, message) = phase switch
        {
            "Succeeded" => ("PodCompleted", null),
            "Failed" => ("PodFailed", null),
            _ => ("ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]"),
        };
        var containersReady = !over && waiting.Count == 0 && unready.Count == 0;
        var gates = pod.Objects("spec", "readinessGates").Select(gate => gate.Text("conditionType") ?? "").Where(gate => !pod.IsTrue(gate)).ToList();
        if (containersReady && gates.Count > 0)
        {
            Add("Ready", false, "ReadinessGatesNotReady", string.Join(", ", gates.Select(gate => $"corresponding condition of pod readiness gate \"{gate}\" does not exist.")));
        }
        else
        {
            Add("Ready", containersReady, reason, message);
        }

        Add("ContainersReady", containersReady, reason, message);
        Add("PodScheduled", true);
        foreach (var condition in old.OfType<JsonObject>())
        {
            if (!conditions.Any(each => each.Text("type") == condition.Text("type")))
            {
                conditions.Add(condition.DeepClone());
            }
        }

        status["conditions"] = conditions;
    }

    private static void WriteContainers(JsonObject status, string field, PodRun run, bool init)
    {
        var initialized = Initialized(run);
        var statuses = new JsonArray();
        foreach (var container in run.Containers)
        {
            if (container.Init != init)
            {
                continue;
            }

            var entry = new JsonObject
            {
                ["name"] = container.Name,
                ["state"] = State(container, waitsForInit: init ? container.Due == default : !initialized && container.Phase == ContainerPhase.Creating),
                ["lastState"] = container.LastState?.DeepClone() ?? new JsonObject(),
                ["ready"] = init && !container.Sidecar ? container is { Phase: ContainerPhase.Ended, ExitCode: 0 } : container.Ready,
                ["restartCount"] = container.Restarts,
                ["image"] = container.Image,
                ["imageID"] = container.Id.Length > 0 ? $"docker.io/library/{container.Image}@sha256:{Digests.Hex(container.Image)}" : "",
                ["started"] = container.IsStarted && container.Phase == ContainerPhase.Running,
            };
            if (container.Id.Length > 0)
            {
                entry["containerID"] = container.Id;
            }

            statuses.Add(entry);
        }

        if (statuses.Count > 0)
        {
            status[field] = statuses;
        }
    }

    private static JsonObject State(ContainerRun container, bool waitsForInit) => container.Phase switch
    {
        ContainerPhase.Running => new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Cluster.Timestamp(container.Started) } },
        ContainerPhase.Ended => new JsonObject { ["terminated"] = container.Terminated() },
        ContainerPhase.BackOff => container.LastState is { } last && container.Restarts == 0 && container.Due == default ? last : Waiting("CrashLoopBackOff", container),
        ContainerPhase.PullFailed => Waiting(container.Pulling ? "ErrImagePull" : "ImagePullBackOff", container),
        _ => Waiting(waitsForInit ? "PodInitializing" : container.Missing is { } missing && !missing.StartsWith("MountVolume", StringComparison.Ordinal) ? "CreateContainerConfigError" : "ContainerCreating", container),
    };

    private static JsonObject Waiting(string reason, ContainerRun container)
    {
        var waiting = new JsonObject { ["reason"] = reason };
        var message = reason switch
        {
            "CrashLoopBackOff" => $"back-off {Kubelet.Duration(Kubelet.RestartDelay(container.Restarts))} restarting failed container={container.Name}",
            "CreateContainerConfigError" => container.Missing,
            "ErrImagePull" => Kubelet.PullError(container.Image),
            "ImagePullBackOff" => $"Back-off pulling image \"{container.Image}\": ErrImagePull: {Kubelet.PullError(container.Image)}",
            _ => null,
        };
        if (message is not null)
        {
            waiting["message"] = message;
        }

        return new JsonObject { ["waiting"] = waiting };
    }
}
