using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Lifecycle;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Scheduling;

/// <summary>
/// Puts pods on nodes: filters as the default scheduler does and in its order, then takes the node that would be least
/// filled. What fits nowhere says why and is tried again when nodes or pods change.
/// </summary>
internal sealed class Scheduler(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    private const string Component = "default-scheduler";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, NodeState> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, JsonObject>> _homeless = [];
    private readonly HashSet<ObjectRef> _waiting = [];

    /// <inheritdoc/>
    public override string Name => "kube-scheduler";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Pods)
        {
            ObservePod(change);
        }
        else if (change.Ref.Resource == Resources.Nodes)
        {
            ObserveNode(change);
        }
        else if (change.Ref.Resource == Resources.Claims)
        {
            RetryAll();
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } pod || !IsMine(pod))
        {
            Forget(key);
            return;
        }

        if (pod.Objects("spec", "schedulingGates").Any())
        {
            SetUnscheduled(key, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates");
            return;
        }

        NodeState? chosen;
        PreemptionPlan? plan;
        string message;
        lock (_gate)
        {
            if (AwaitsVictims(pod))
            {
                _waiting.Add(key);
                return;
            }

            chosen = Choose(pod, out message, out plan);
        }

        if (chosen is null)
        {
            lock (_gate)
            {
                _waiting.Add(key);
            }

            SetUnscheduled(key, "Unschedulable", message, plan?.Node.Name);
            if (pod.Condition("PodScheduled")?.Text("message") != message)
            {
                events.Warning(pod, Component, "FailedScheduling", message);
            }

            if (plan is not null)
            {
                Preempt(pod, plan);
            }

            return;
        }

        if (!ClaimsReady(pod, chosen.Name))
        {
            lock (_gate)
            {
                _waiting.Add(key);
            }

            return;
        }

        Forget(key);
        Bind(key, chosen.Name);
        events.Normal(pod, Component, "Scheduled", $"Successfully assigned {pod.Namespace()}/{pod.Name()} to {chosen.Name}");
    }

    private static bool IsMine(JsonObject pod) => string.IsNullOrEmpty(pod.Text("spec", "nodeName"))
        && !pod.IsDeleting() && !pod.IsTerminal() && pod.Text("spec", "schedulerName") is null or "" or "default-scheduler";

    private void ObservePod(in ClusterEvent change)
    {
        var pod = change.Object;
        var gone = change.Type == WatchEventType.Deleted || pod.IsTerminal();
        if (pod.Text("spec", "nodeName") is not { Length: > 0 } node)
        {
            if (!gone && (change.Previous is not { } before || !JsonNode.DeepEquals(before["spec"], pod["spec"]) || !JsonNode.DeepEquals(before["metadata"]?["labels"], pod["metadata"]?["labels"])))
            {
                Enqueue(change.Ref);
            }

            return;
        }

        var freed = false;
        var joined = false;
        lock (_gate)
        {
            var uid = pod.Uid();
            if (_nodes.TryGetValue(node, out var state))
            {
                if (gone)
                {
                    freed = state.Remove(uid);
                }
                else
                {
                    joined = string.IsNullOrEmpty(change.Previous?.Text("spec", "nodeName"));
                    state.Put(pod);
                }
            }
            else if (gone)
            {
                _homeless.GetValueOrDefault(node)?.Remove(uid);
            }
            else
            {
                if (!_homeless.TryGetValue(node, out var pods))
                {
                    _homeless[node] = pods = [];
                }

                pods[uid] = pod;
            }
        }

        if (freed)
        {
            RetryAll();
        }
        else if (joined)
        {
            RetryAll(waiting => waiting.Object("spec", "affinity", "podAffinity") is not null || waiting.Objects("spec", "topologySpreadConstraints").Any());
        }
    }

    private void ObserveNode(in ClusterEvent change)
    {
        var node = change.Object;
        lock (_gate)
        {
            if (change.Type == WatchEventType.Deleted)
            {
                if (_nodes.Remove(node.Name(), out var lost))
                {
                    _homeless[node.Name()] = lost.Pods.ToDictionary(pod => pod.Uid());
                }
            }
            else if (_nodes.TryGetValue(node.Name(), out var state))
            {
                state.Set(node);
                if (change.Previous is { } before && JsonNode.DeepEquals(before["spec"], node["spec"])
                    && JsonNode.DeepEquals(before["metadata"]?["labels"], node["metadata"]?["labels"])
                    && JsonNode.DeepEquals(before["status"]?["allocatable"], node["status"]?["allocatable"]))
                {
                    return;
                }
            }
            else
            {
                _nodes[node.Name()] = state = new NodeState(node);
                if (_homeless.Remove(node.Name(), out var pods))
                {
                    foreach (var pod in pods.Values)
                    {
                        state.Put(pod);
                    }
                }
            }
        }

        RetryAll();
    }

    private void RetryAll(Func<JsonObject, bool>? concerned = null)
    {
        List<ObjectRef> waiting;
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                return;
            }

            waiting = [.. _waiting
                .OrderByDescending(key => Cluster.Get(key) is { } pod ? Preemption.Priority(pod) : 0)
                .ThenBy(key => key.Namespace, StringComparer.Ordinal)
                .ThenBy(key => key.Name, StringComparer.Ordinal)];
        }

        foreach (var key in waiting)
        {
            if (concerned is null || (Cluster.Get(key) is { } pod && concerned(pod)))
            {
                Enqueue(key);
            }
        }
    }

    private void Forget(ObjectRef key)
    {
        lock (_gate)
        {
            _waiting.Remove(key);
        }
    }

    /// <summary>Whether the pod has been promised a node on which others are still stopping for it.</summary>
    private bool AwaitsVictims(JsonObject pod) => pod.Text("status", "nominatedNodeName") is { Length: > 0 } name
        && _nodes.TryGetValue(name, out var node)
        && node.Pods.Any(other => other.IsDeleting() && Preemption.Priority(other) < Preemption.Priority(pod));

    private void Preempt(JsonObject pod, PreemptionPlan plan)
    {
        foreach (var victim in plan.Victims)
        {
            var key = victim.RefIn(Resources.Pods);
            Cluster.Update(
                key,
                copy => SetCondition(copy, new JsonObject
                {
                    ["type"] = "DisruptionTarget",
                    ["status"] = "True",
                    ["reason"] = "PreemptionByScheduler",
                    ["message"] = $"{Component}: preempting to accommodate a higher priority pod",
                }),
                Name,
                "status");
            Cluster.Delete(key, new DeleteOptions { Uid = victim.Uid() });
            events.Normal(victim, Component, "Preempted", $"Preempted by pod {pod.Uid()} on node {plan.Node.Name}");
        }
    }

    private NodeState? Choose(JsonObject pod, out string message, out PreemptionPlan? plan)
    {
        plan = null;
        message = "no nodes available to schedule pods";
        if (_nodes.Count == 0)
        {
            return null;
        }

        var demand = PodDemand.Of(pod);
        if (UnboundClaim(pod) is { } claim)
        {
            message = $"0/{_nodes.Count} nodes are available: {claim}. {NoPreemption([(_nodes.Count, true)])}";
            return null;
        }

        var neighbours = new PodNeighbours(pod, _nodes.Values, Cluster);
        NodeState? best = null;
        var bestScore = (double.MinValue, 0.0);
        var reasons = new Dictionary<string, int>();
        var final = 0;
        var open = new List<NodeState>();
        foreach (var node in _nodes.Values)
        {
            if (Filter(pod, demand, node, neighbours) is not { } refusals)
            {
                // Preferences weigh more than load; the name decides between equals, for the nodes come in its order.
                var score = (NodeMatching.Preference(pod, node.Node) - (NodeMatching.Discouraging(pod, node.Node) * 100.0), Free(node, demand));
                if (best is null || score.CompareTo(bestScore) > 0)
                {
                    (best, bestScore) = (node, score);
                }

                continue;
            }

            foreach (var refusal in refusals)
            {
                reasons[refusal.Reason] = reasons.GetValueOrDefault(refusal.Reason) + 1;
            }

            if (refusals.Any(refusal => refusal.Final))
            {
                final++;
            }
            else
            {
                open.Add(node);
            }
        }

        if (best is null)
        {
            var texts = reasons.Select(reason => $"{reason.Value} {reason.Key}").Order(StringComparer.Ordinal);
            message = $"0/{_nodes.Count} nodes are available: {string.Join(", ", texts)}.";
            if (pod.Text("spec", "preemptionPolicy") == "Never")
            {
                message += " no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.";
            }
            else if ((plan = new Preemption(pod, [.. Cluster.List(Resources.Budgets)], state => Fits(pod, demand, state)).Find(open)) is null)
            {
                message += $" {NoPreemption([(open.Count, false), (final, true)])}";
            }
        }

        return best;
    }

    /// <summary>Whether a pod fits on a node whose pods are not those it has now.</summary>
    private bool Fits(JsonObject pod, PodDemand demand, NodeState state)
    {
        var nodes = _nodes.Values.Select(node => node.Name == state.Name ? state : node).ToList();
        return Filter(pod, demand, state, new PodNeighbours(pod, nodes, Cluster)) is null;
    }

    private string NoPreemption(IEnumerable<(int Count, bool Final)> nodes)
    {
        var texts = nodes.Where(group => group.Count > 0)
            .Select(group => $"{group.Count} {(group.Final ? "Preemption is not helpful for scheduling" : "No preemption victims found for incoming pod")}")
            .Order(StringComparer.Ordinal);
        return $"no new claims to deallocate, preemption: 0/{_nodes.Count} nodes are available: {string.Join(", ", texts)}.";
    }

    private static List<Refusal>? Filter(JsonObject pod, PodDemand demand, NodeState state, PodNeighbours neighbours)
    {
        var node = state.Node;
        if (node.Flag("spec", "unschedulable") == true
            && !NodeMatching.Tolerates(pod, new JsonObject { ["key"] = "node.kubernetes.io/unschedulable", ["effect"] = "NoSchedule" }))
        {
            return [new Refusal("node(s) were unschedulable", Final: true)];
        }

        if (NodeMatching.Untolerated(pod, node) is not null)
        {
            return [new Refusal("node(s) had untolerated taint(s)", Final: true)];
        }

        if (!NodeMatching.Selects(pod, node))
        {
            return [new Refusal("node(s) didn't match Pod's node affinity/selector", Final: true)];
        }

        if (state.HasConflict(demand))
        {
            return [new Refusal("node(s) didn't have free ports for the requested pod ports", Final: false)];
        }

        var lacking = new List<Refusal>();
        if (state.Allocatable.TryGetValue("pods", out var pods) && state.PodCount + 1 > pods)
        {
            lacking.Add(new Refusal("Too many pods", Final: false));
        }

        foreach (var (name, amount) in demand.Amounts)
        {
            var offered = state.Allocatable.GetValueOrDefault(name);
            if (amount > 0 && amount > offered - state.Used(name))
            {
                lacking.Add(new Refusal($"Insufficient {name}", Final: amount > offered));
            }
        }

        return lacking.Count > 0 ? lacking : neighbours.Check(node) is { } refusal ? [refusal] : null;
    }

    /// <summary>Mean free share of CPU and memory, and of pod places where a pod asks for nothing.</summary>
    private static double Free(NodeState node, PodDemand demand)
    {
        double Share(string resource, long more) => node.Allocatable.GetValueOrDefault(resource) is var offered and > 0
            ? (double)(offered - node.Used(resource) - more) / offered
            : 0;
        return Share("cpu", Math.Max(demand.Amounts.GetValueOrDefault("cpu"), 100))
            + Share("memory", Math.Max(demand.Amounts.GetValueOrDefault("memory"), 200 << 20))
            + (node.Allocatable.GetValueOrDefault("pods") is var places and > 0 ? (double)(places - node.PodCount) / places : 0);
    }

    private string? UnboundClaim(JsonObject pod)
    {
        foreach (var name in VolumeController.ClaimNames(pod))
        {
            if (Cluster.Get(new ObjectRef(Resources.Claims, pod.Namespace(), name)) is not { } claim)
            {
                return $"persistentvolumeclaim \"{name}\" not found";
            }

            if (claim.IsDeleting())
            {
                return $"persistentvolumeclaim \"{name}\" is being deleted";
            }

            if (claim.Text("status", "phase") != "Bound" && !WaitsForPod(claim))
            {
                return "pod has unbound immediate PersistentVolumeClaims";
            }
        }

        return null;
    }

    private bool WaitsForPod(JsonObject claim) => VolumeController.WaitsForPod(
        Cluster.Get(new ObjectRef(Resources.StorageClasses, null, claim.Text("spec", "storageClassName") ?? "")));

    /// <summary>Tells claims that waited for their first pod where it will run. The pod follows when they are bound.</summary>
    private bool ClaimsReady(JsonObject pod, string node)
    {
        var ready = true;
        foreach (var name in VolumeController.ClaimNames(pod))
        {
            var key = new ObjectRef(Resources.Claims, pod.Namespace(), name);
            if (Cluster.Get(key) is { } claim && claim.Text("status", "phase") != "Bound")
            {
                ready = false;
                Cluster.Update(key, copy => copy.Child("metadata").Child("annotations")[VolumeController.SelectedNode] = node, Name);
            }
        }

        return ready;
    }

    private void Bind(ObjectRef key, string node) => Cluster.Update(
        key,
        pod =>
        {
            pod.Child("spec")["nodeName"] = node;
            pod.Child("status").Remove("nominatedNodeName");
            SetCondition(pod, new JsonObject { ["type"] = "PodScheduled", ["status"] = "True" });
        },
        Name,
        "binding");

    private void SetUnscheduled(ObjectRef key, string reason, string message, string? nominated = null) => Cluster.Update(
        key,
        pod =>
        {
            SetCondition(pod, new JsonObject { ["type"] = "PodScheduled", ["status"] = "False", ["reason"] = reason, ["message"] = message });
            if (nominated is not null)
            {
                pod.Child("status")["nominatedNodeName"] = nominated;
            }
        },
        Name,
        "status");

    private void SetCondition(JsonObject pod, JsonObject condition)
    {
        var status = pod.Child("status");
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        var present = conditions.FirstOrDefault(each => each.Text("type") == condition.Text("type"));
        condition["lastProbeTime"] = null;
        condition["lastTransitionTime"] = present.Text("status") == condition.Text("status")
            ? present.Text("lastTransitionTime")
            : Storage.Cluster.Timestamp(Now);
        if (pod.Generation() > 0)
        {
            condition["observedGeneration"] = pod.Generation();
        }

        if (present is null)
        {
            conditions.Add(condition);
        }
        else
        {
            conditions[conditions.IndexOf(present)] = condition;
        }
    }
}
