using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Scheduling;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Runs one pod of a DaemonSet on every node that suits it.</summary>
internal sealed class DaemonSetController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    private const string Component = "daemonset-controller";
    private const string GenerationLabel = "pod-template-generation";
    private const string HashLabel = "controller-revision-hash";

    /// <summary>Taints that never keep a daemon away: it is there to mend or watch such nodes.</summary>
    private static readonly (string Key, string Effect)[] Borne =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"), ("node.kubernetes.io/pid-pressure", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];

    private readonly ObjectIndex _sets = runtime.AddIndex(Resources.DaemonSets, _ => [""]);

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.DaemonSets)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Pods && change.Object.ControllerRef() is { } owner && owner.Text("kind") == "DaemonSet")
        {
            Enqueue(new ObjectRef(Resources.DaemonSets, change.Ref.Namespace, owner.Text("name") ?? ""));
        }
        else if (change.Ref.Resource == Resources.Nodes && !IsHeartbeat(change))
        {
            foreach (var set in _sets.Get(""))
            {
                Enqueue(set.RefIn(Resources.DaemonSets));
            }
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } set)
        {
            return;
        }

        var hash = PodTemplates.Hash(set.Object("spec", "template") ?? [], 0);
        var nodes = Cluster.List(Resources.Nodes);
        var model = Pod(set, hash, "");
        var suited = nodes.Where(node => NodeMatching.Selects(model, node) && NodeMatching.Untolerated(model, node) is null).Select(node => node.Name()).ToHashSet(StringComparer.Ordinal);
        if (!set.IsDeleting())
        {
            Place(set, hash, suited);
            Roll(set, hash);
        }

        WriteStatus(key, set, hash, suited);
    }

    private static bool IsHeartbeat(in ClusterEvent change) => change is { Type: WatchEventType.Modified, Previous: { } before }
        && JsonNode.DeepEquals(before["spec"], change.Object["spec"]) && JsonNode.DeepEquals(before["metadata"]?["labels"], change.Object["metadata"]?["labels"]);

    private void Place(JsonObject set, string hash, HashSet<string> suited)
    {
        var byNode = Runtime.PodsByOwner.Get(set.Uid()).GroupBy(NodeOf).ToDictionary(group => group.Key, group => group.ToList());
        foreach (var (node, pods) in byNode)
        {
            foreach (var pod in pods.Where(pod => !pod.IsDeleting() && (pod.IsTerminal() || !suited.Contains(node))))
            {
                if (pod.Text("status", "phase") == "Failed")
                {
                    events.Warning(set, Component, "FailedDaemonPod", $"Found failed daemon pod {pod.Namespace()}/{pod.Name()} on node {node}, will try to kill it");
                }

                Delete(set, pod);
            }

            foreach (var surplus in pods.Where(pod => pod.IsActive()).OrderBy(pod => pod.Created()).ThenBy(pod => pod.Name(), StringComparer.Ordinal).Skip(1))
            {
                Delete(set, surplus);
            }
        }

        foreach (var node in suited.Order(StringComparer.Ordinal))
        {
            // A pod that is still stopping keeps its node.
            if (byNode.GetValueOrDefault(node) is not { } present || !present.Exists(pod => !pod.IsTerminal()))
            {
                Create(set, hash, node);
            }
        }
    }

    private void Create(JsonObject set, string hash, string node)
    {
        try
        {
            var created = Cluster.Create(Resources.Pods, Pod(set, hash, node), Name);
            events.Normal(set, Component, "SuccessfulCreate", $"Created pod: {created.Name()}");
        }
        catch (StatusException refused)
        {
            events.Warning(set, Component, "FailedCreate", $"Error creating: {refused.Message}");
            throw;
        }
    }

    /// <summary>Replaces pods of an old template, as many at a time as may be unavailable.</summary>
    private void Roll(JsonObject set, string hash)
    {
        if (set.Text("spec", "updateStrategy", "type") == "OnDelete")
        {
            return;
        }

        var pods = Runtime.PodsByOwner.Get(set.Uid()).Where(pod => !pod.IsTerminal()).ToList();
        var unavailable = set.At("spec", "updateStrategy", "rollingUpdate", "maxUnavailable").Scaled(pods.Count, up: true, "1");
        var budget = Math.Max(1, unavailable) - pods.Count(pod => pod.IsDeleting() || !IsAvailable(set, pod));
        foreach (var pod in pods.Where(pod => pod.Label(HashLabel) != hash && !pod.IsDeleting()).OrderBy(pod => IsAvailable(set, pod) ? 1 : 0))
        {
            // A pod that does not serve costs nothing to replace.
            if (IsAvailable(set, pod) && budget-- <= 0)
            {
                break;
            }

            Delete(set, pod);
        }
    }

    private void WriteStatus(ObjectRef key, JsonObject set, string hash, HashSet<string> suited)
    {
        var pods = Runtime.PodsByOwner.Get(set.Uid()).Where(pod => pod.IsActive()).ToList();
        var placed = pods.Where(pod => suited.Contains(NodeOf(pod))).DistinctBy(NodeOf).ToList();
        var minReady = set.Integer("spec", "minReadySeconds") ?? 0;
        var available = placed.Count(pod => IsAvailable(set, pod));
        Cluster.Update(
            key,
            copy =>
            {
                var status = copy.Child("status");
                status["currentNumberScheduled"] = placed.Count;
                status["numberMisscheduled"] = pods.Count(pod => !suited.Contains(NodeOf(pod)));
                status["desiredNumberScheduled"] = suited.Count;
                status["numberReady"] = placed.Count(pod => pod.IsReady());
                status["observedGeneration"] = copy.Generation();
                status.SetCount("updatedNumberScheduled", placed.Count(pod => pod.Label(HashLabel) == hash));
                status.SetCount("numberAvailable", available);
                status.SetCount("numberUnavailable", suited.Count - available);
            },
            Name,
            "status");
        if (minReady > 0 && placed.Select(pod => pod.AvailableAt(minReady)).Where(at => at > Now).Min() is { } next)
        {
            EnqueueAfter(key, next - Now);
        }
    }

    private bool IsAvailable(JsonObject set, JsonObject pod) => pod.AvailableAt(set.Integer("spec", "minReadySeconds") ?? 0) is { } at && at <= Now;

    private void Delete(JsonObject set, JsonObject pod)
    {
        if (Cluster.Delete(pod.RefIn(Resources.Pods), new DeleteOptions { Uid = pod.Uid() }))
        {
            events.Normal(set, Component, "SuccessfulDelete", $"Deleted pod: {pod.Name()}");
        }
    }

    /// <summary>A pod for a node: the scheduler binds it, told by its affinity where.</summary>
    private static JsonObject Pod(JsonObject set, string hash, string node)
    {
        var pod = PodTemplates.NewPod(set, set.Object("spec", "template") ?? [], "apps/v1", "DaemonSet");
        var metadata = pod.Child("metadata");
        var labels = metadata.Child("labels");
        labels[HashLabel] = hash;
        labels[GenerationLabel] = set.Generation().ToString(CultureInfo.InvariantCulture);
        var spec = pod.Child("spec");
        if (spec["tolerations"] is not JsonArray tolerations)
        {
            spec["tolerations"] = tolerations = [];
        }

        foreach (var (key, effect) in Borne)
        {
            tolerations.Add(new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = effect });
        }

        if (node.Length > 0)
        {
            Pin(spec, node);
        }

        return pod;
    }

    private static void Pin(JsonObject spec, string node)
    {
        var affinity = spec.Child("affinity").Child("nodeAffinity");
        var required = affinity.Child("requiredDuringSchedulingIgnoredDuringExecution");
        if (required["nodeSelectorTerms"] is not JsonArray { Count: > 0 } terms)
        {
            required["nodeSelectorTerms"] = terms = [];
            terms.Add(new JsonObject());
        }

        foreach (var term in terms.OfType<JsonObject>())
        {
            term["matchFields"] = new JsonArray(new JsonObject { ["key"] = "metadata.name", ["operator"] = "In", ["values"] = new JsonArray((JsonNode)node) });
        }
    }

    private static string NodeOf(JsonObject pod) => pod.Text("spec", "nodeName") is { Length: > 0 } node
        ? node
        : pod.Objects("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
            .SelectMany(term => term.Objects("matchFields"))
            .FirstOrDefault(field => field.Text("key") == "metadata.name")
            .Texts("values") is [var pinned, ..] ? pinned : "";
}
