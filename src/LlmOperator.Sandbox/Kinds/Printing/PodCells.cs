using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tables;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Columns of pods. One word sums up phase, containers and deletion; the order of the rules is kubectl's.</summary>
internal static class PodCells
{
    /// <summary>The columns.</summary>
    public static IReadOnlyList<Column> Columns { get; } =
    [
        Cells.Name,
        Cells.Text("Ready", "Containers that are ready, of all.", pod => Summary.Of(pod).Ready),
        Cells.Text("Status", "What the pod is doing, or why it is not.", pod => Summary.Of(pod).Status),
        Cells.Timed("Restarts", "Restarts of its containers, and when the last was.", (pod, now) => Summary.Of(pod).Restarted(now)),
        Cells.Age,
        Cells.Text("IP", "Address of the pod.", pod => Cells.OrNone(pod.Objects("status", "podIPs").FirstOrDefault()?.Text("ip") ?? pod.Text("status", "podIP")), 1),
        Cells.Text("Node", "Node it runs on.", pod => Cells.OrNone(pod.Text("spec", "nodeName")), 1),
        Cells.Text("Nominated Node", "Node on which room is being made for it.", pod => Cells.OrNone(pod.Text("status", "nominatedNodeName")), 1),
        Cells.Text("Readiness Gates", "Further conditions that hold, of those it waits for.", ReadinessGates, 1),
    ];

    private static string ReadinessGates(JsonObject pod)
    {
        var gates = pod.Objects("spec", "readinessGates").ToList();
        return gates.Count == 0 ? Cells.None : $"{gates.Count(gate => Cells.Condition(pod, gate.Text("conditionType") ?? "") == "True")}/{gates.Count}";
    }

    private sealed class Summary
    {
        private readonly JsonObject _pod;
        private string _status;
        private long _restarts;
        private long _sidecarRestarts;
        private DateTimeOffset? _lastRestart;
        private DateTimeOffset? _lastSidecarRestart;
        private int _ready;
        private int _total;

        private Summary(JsonObject pod)
        {
            _pod = pod;
            _status = pod.Text("status", "reason") is { Length: > 0 } reason ? reason : pod.Text("status", "phase") ?? "";
            if (pod.Objects("status", "conditions").Any(condition => condition.Text("type") == "PodScheduled" && condition.Text("reason") == "SchedulingGated"))
            {
                _status = "SchedulingGated";
            }
        }

        public string Ready => $"{_ready}/{_total}";

        public string Status => _status;

        public static Summary Of(JsonObject pod)
        {
            var summary = new Summary(pod);
            summary._total = pod.Objects("spec", "containers").Count();
            var initializing = summary.LookAtInitContainers();
            if (!initializing || Cells.Condition(pod, "Initialized") == "True")
            {
                summary.LookAtContainers();
            }

            if (pod.Text("metadata", "deletionTimestamp") is not null)
            {
                summary._status = pod.Text("status", "reason") == "NodeLost" ? "Unknown"
                    : pod.Text("status", "phase") is "Succeeded" or "Failed" ? summary._status : "Terminating";
            }

            return summary;
        }

        public string Restarted(DateTimeOffset now) =>
            _restarts != 0 && _lastRestart is { } last ? $"{_restarts} ({HumanTime.Since(last, now)} ago)" : $"{_restarts}";

        private bool LookAtInitContainers()
        {
            var specs = _pod.Objects("spec", "initContainers").ToList();
            var sidecars = specs.Where(spec => spec.Text("restartPolicy") == "Always").Select(spec => spec.Text("name")).ToHashSet();
            _total += sidecars.Count;
            var index = -1;
            foreach (var container in _pod.Objects("status", "initContainerStatuses"))
            {
                index++;
                var sidecar = sidecars.Contains(container.Text("name"));
                _restarts += container.Integer("restartCount") ?? 0;
                _lastRestart = Later(_lastRestart, container);
                if (sidecar)
                {
                    _sidecarRestarts += container.Integer("restartCount") ?? 0;
                    _lastSidecarRestart = Later(_lastSidecarRestart, container);
                }

                var terminated = container.Object("state", "terminated");
                if (terminated is not null && (terminated.Integer("exitCode") ?? 0) == 0)
                {
                    continue;
                }

                if (sidecar && container.Flag("started") == true)
                {
                    _ready += container.Flag("ready") == true ? 1 : 0;
                    continue;
                }

                _status = terminated is not null ? "Init:" + Ending(terminated)
                    : container.Text("state", "waiting", "reason") is { Length: > 0 } waiting and not "PodInitializing" ? "Init:" + waiting
                    : $"Init:{index}/{specs.Count}";
                return true;
            }

            return false;
        }

        private void LookAtContainers()
        {
            _restarts = _sidecarRestarts;
            _lastRestart = _lastSidecarRestart;
            var running = false;
            foreach (var container in _pod.Objects("status", "containerStatuses").Reverse())
            {
                _restarts += container.Integer("restartCount") ?? 0;
                _lastRestart = Later(_lastRestart, container);
                if (container.Text("state", "waiting", "reason") is { Length: > 0 } waiting)
                {
                    _status = waiting;
                }
                else if (container.Object("state", "terminated") is { } terminated)
                {
                    _status = Ending(terminated);
                }
                else if (container.Flag("ready") == true && container.Object("state", "running") is not null)
                {
                    running = true;
                    _ready++;
                }
            }

            if (_status == "Completed" && running)
            {
                _status = Cells.Condition(_pod, "Ready") == "True" ? "Running" : "NotReady";
            }
        }

        private static string Ending(JsonObject terminated) => terminated.Text("reason") is { Length: > 0 } reason ? reason
            : terminated.Integer("signal") is { } signal and not 0 ? $"Signal:{signal}"
            : $"ExitCode:{terminated.Integer("exitCode") ?? 0}";

        private static DateTimeOffset? Later(DateTimeOffset? known, JsonObject container) =>
            Cells.Moment(container.At("lastState", "terminated", "finishedAt")) is { } finished && (known is null || finished > known) ? finished : known;
    }
}
