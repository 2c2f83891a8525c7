using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Scheduling;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>
/// Taints nodes by their state (cordoned, not ready, unreachable), takes pods off nodes whose taints they do not tolerate, and
/// removes the pods of nodes that are gone.
/// </summary>
internal sealed class NodeLifecycleController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    /// <summary>How long a node may be gone before its pods are given up.</summary>
    public static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);

    private const string Unschedulable = "node.kubernetes.io/unschedulable";
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    private static readonly (string Key, string Effect)[] Own =
    [
        (Unschedulable, "NoSchedule"), (NotReady, "NoSchedule"), (NotReady, "NoExecute"), (Unreachable, "NoSchedule"), (Unreachable, "NoExecute"),
    ];

    private readonly Dictionary<string, DateTimeOffset> _gone = [];

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Nodes)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Pods && change.Type != WatchEventType.Deleted
            && change.Object.Text("spec", "nodeName") is { Length: > 0 } node && string.IsNullOrEmpty(change.Previous?.Text("spec", "nodeName")))
        {
            Enqueue(new ObjectRef(Resources.Nodes, null, node));
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } node)
        {
            GiveUp(key);
            return;
        }

        _gone.Remove(key.Name);
        node = Taint(key, node);
        var executing = node.Objects("spec", "taints").Where(taint => taint.Text("effect") == "NoExecute").ToList();
        if (executing.Count > 0)
        {
            foreach (var pod in Runtime.PodsByNode.Get(key.Name))
            {
                EvictUnlessTolerated(key, pod, executing);
            }
        }
    }

    private void GiveUp(ObjectRef key)
    {
        var pods = Runtime.PodsByNode.Get(key.Name);
        if (pods.Count == 0)
        {
            _gone.Remove(key.Name);
            return;
        }

        var since = _gone.TryGetValue(key.Name, out var known) ? known : _gone[key.Name] = Now;
        if (since + Quarantine > Now)
        {
            EnqueueAfter(key, since + Quarantine - Now);
            return;
        }

        foreach (var pod in pods)
        {
            Cluster.Delete(pod.RefIn(Resources.Pods), new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Uid() });
        }

        _gone.Remove(key.Name);
    }

    private JsonObject Taint(ObjectRef key, JsonObject node)
    {
        var ready = node.Condition("Ready").Text("status");
        bool Wanted(string taint) => taint switch
        {
            Unschedulable => node.Flag("spec", "unschedulable") == true,
            NotReady => ready == "False",
            _ => ready == "Unknown",
        };
        var has = node.Objects("spec", "taints").Select(taint => (Key: taint.Text("key"), Effect: taint.Text("effect"))).ToHashSet();
        if (Own.All(taint => Wanted(taint.Key) == has.Contains((taint.Key, taint.Effect))))
        {
            return node;
        }

        return Cluster.Update(
            key,
            copy =>
            {
                var spec = copy.Child("spec");
                var taints = spec["taints"] as JsonArray;
                if (taints is null)
                {
                    spec["taints"] = taints = [];
                }

                foreach (var (taint, effect) in Own)
                {
                    var present = taints.FirstOrDefault(one => one.Text("key") == taint && one.Text("effect") == effect);
                    if (Wanted(taint) && present is null)
                    {
                        taints.Add(new JsonObject { ["key"] = taint, ["effect"] = effect, ["timeAdded"] = Storage.Cluster.Timestamp(Now) });
                    }
                    else if (!Wanted(taint) && present is not null)
                    {
                        taints.Remove(present);
                    }
                }

                if (taints.Count == 0)
                {
                    spec.Remove("taints");
                }
            },
            Name) ?? node;
    }

    private void EvictUnlessTolerated(ObjectRef key, JsonObject pod, List<JsonObject> taints)
    {
        if (pod.IsDeleting())
        {
            return;
        }

        var due = DateTimeOffset.MaxValue;
        foreach (var taint in taints)
        {
            var tolerations = pod.Objects("spec", "tolerations").Where(toleration => NodeMatching.Bears(toleration, taint)).ToList();
            var added = Objects.Time(taint.Text("timeAdded")) ?? Now;
            if (tolerations.Count == 0)
            {
                due = Now;
            }
            else if (tolerations.All(toleration => toleration.Integer("tolerationSeconds") is not null))
            {
                var until = added.AddSeconds(Math.Max(0, tolerations.Min(toleration => toleration.Integer("tolerationSeconds") ?? 0)));
                due = until < due ? until : due;
            }
        }

        if (due <= Now)
        {
            events.Normal(pod, "taint-eviction-controller", "TaintManagerEviction", $"Marking for deletion Pod {pod.Namespace()}/{pod.Name()}");
            Cluster.Delete(pod.RefIn(Resources.Pods), new DeleteOptions { Uid = pod.Uid() });
        }
        else if (due < DateTimeOffset.MaxValue)
        {
            EnqueueAfter(key, due - Now);
        }
    }
}
