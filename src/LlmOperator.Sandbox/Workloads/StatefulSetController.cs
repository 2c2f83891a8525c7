using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Runs pods with stable names: up from the lowest ordinal, down and over to a new template from the highest.</summary>
internal sealed class StatefulSetController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    private const string Component = "statefulset-controller";

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.StatefulSets)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Pods && change.Object.ControllerRef() is { } owner && owner.Text("kind") == "StatefulSet")
        {
            Enqueue(new ObjectRef(Resources.StatefulSets, change.Ref.Namespace, owner.Text("name")!));
        }
        else if (change.Ref.Resource == Resources.Pods && change.Type != WatchEventType.Deleted && change.Object.ControllerRef() is null)
        {
            foreach (var adopter in Adoption.Adopters(Cluster, Resources.StatefulSets, change.Object))
            {
                Enqueue(adopter);
            }
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } set || set.IsDeleting())
        {
            return;
        }

        var selector = LabelSelector.Of(set.Object("spec", "selector"));
        Adoption.Settle(
            Cluster,
            set,
            "apps/v1",
            "StatefulSet",
            Resources.Pods,
            Runtime.PodsByOwner.Get(set.Uid()),
            Runtime.PodsMatching(set.Namespace(), set.Object("spec", "selector", "matchLabels"), selector).Where(pod => IsNamedFor(set, pod)));
        var revisions = new StatefulSetRevisions(Cluster, set, Name);
        Manage(set, revisions);
        WriteStatus(key, set, revisions);
        revisions.Prune([.. Pods(set).Select(StatefulSetRevisions.Of)]);
    }

    private List<JsonObject> Pods(JsonObject set) => [.. Runtime.PodsByOwner.Get(set.Uid()).OrderBy(Ordinal)];

    private static bool IsNamedFor(JsonObject set, JsonObject pod) =>
        pod.Name().StartsWith(set.Name() + "-", StringComparison.Ordinal) && long.TryParse(pod.Name().AsSpan(set.Name().Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static long Ordinal(JsonObject pod) =>
        long.TryParse(pod.Name()[(pod.Name().LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture, out var ordinal) ? ordinal : -1;

    private void Manage(JsonObject set, StatefulSetRevisions revisions)
    {
        var ordered = set.Text("spec", "podManagementPolicy") != "Parallel";
        var first = set.Integer("spec", "ordinals", "start") ?? 0;
        var last = first + (set.Integer("spec", "replicas") ?? 1) - 1;
        var minReady = set.Integer("spec", "minReadySeconds") ?? 0;
        var pods = Pods(set).ToDictionary(Ordinal);
        for (var ordinal = first; ordinal <= last; ordinal++)
        {
            var pod = pods.GetValueOrDefault(ordinal);
            if (pod is not null && pod.IsTerminal() && !pod.IsDeleting())
            {
                events.Warning(set, Component, "RecreatingTerminatedPod", $"StatefulSet {set.Namespace()}/{set.Name()} is recreating terminated Pod {pod.Name()}");
                Cluster.Delete(pod.RefIn(Resources.Pods), new DeleteOptions { Uid = pod.Uid() });
                pod = Cluster.Get(pod.RefIn(Resources.Pods));
                pods.Remove(ordinal);
            }

            if (pod is null)
            {
                pods[ordinal] = pod = Make(set, revisions, ordinal, first);
            }

            if (ordered && !IsAvailable(set, pod, minReady))
            {
                return;
            }
        }

        foreach (var pod in pods.Where(entry => entry.Key < first || entry.Key > last).OrderByDescending(entry => entry.Key).Select(entry => entry.Value))
        {
            if (!pod.IsDeleting())
            {
                Delete(set, pod);
            }

            if (ordered)
            {
                return;
            }
        }

        Roll(set, revisions, pods, first, last, minReady);
    }

    private void Roll(JsonObject set, StatefulSetRevisions revisions, Dictionary<long, JsonObject> pods, long first, long last, long minReady)
    {
        if (set.Text("spec", "updateStrategy", "type") == "OnDelete")
        {
            return;
        }

        var partition = set.Integer("spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
        var budget = Math.Max(1, set.At("spec", "updateStrategy", "rollingUpdate", "maxUnavailable").Scaled(last - first + 1, up: true, "1"));
        for (var ordinal = last; ordinal >= first + partition; ordinal--)
        {
            var pod = pods[ordinal];
            if (StatefulSetRevisions.Of(pod) != revisions.Update && !pod.IsDeleting())
            {
                Delete(set, pod);
                budget--;
            }
            else if (!IsAvailable(set, pod, minReady))
            {
                budget--;
            }

            if (budget <= 0)
            {
                return;
            }
        }
    }

    private bool IsAvailable(JsonObject set, JsonObject pod, long minReady)
    {
        if (pod.IsDeleting() || pod.AvailableAt(minReady) is not { } at)
        {
            return false;
        }

        if (at > Now)
        {
            EnqueueAfter(set.RefIn(Resources.StatefulSets), at - Now);
            return false;
        }

        return true;
    }

    private JsonObject Make(JsonObject set, StatefulSetRevisions revisions, long ordinal, long first)
    {
        var partition = set.Text("spec", "updateStrategy", "type") == "OnDelete" ? 0 : set.Integer("spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
        var revision = ordinal < first + partition ? revisions.Current : revisions.Update;
        var pod = PodTemplates.NewPod(set, revisions.Template(revision), "apps/v1", "StatefulSet");
        var name = $"{set.Name()}-{ordinal}";
        var metadata = pod.Child("metadata");
        metadata["name"] = name;
        metadata.Child("labels")["statefulset.kubernetes.io/pod-name"] = name;
        metadata.Child("labels")["apps.kubernetes.io/pod-index"] = ordinal.ToString(CultureInfo.InvariantCulture);
        metadata.Child("labels")[StatefulSetRevisions.Label] = revision;
        var spec = pod.Child("spec");
        spec["hostname"] = name;
        if (set.Text("spec", "serviceName") is { Length: > 0 } service)
        {
            spec["subdomain"] = service;
        }

        Claim(set, spec, name);
        try
        {
            pod = Cluster.Create(Resources.Pods, pod, Name);
        }
        catch (StatusException refused)
        {
            events.Warning(set, Component, "FailedCreate", $"create Pod {name} in StatefulSet {set.Name()} failed error: {refused.Message}");
            throw;
        }

        events.Normal(set, Component, "SuccessfulCreate", $"create Pod {name} in StatefulSet {set.Name()} successful");
        return pod;
    }

    /// <summary>Makes the claims of a pod's ordinal, which outlive the pod, and mounts them under their templates' names.</summary>
    private void Claim(JsonObject set, JsonObject spec, string pod)
    {
        var templates = set.Objects("spec", "volumeClaimTemplates").ToList();
        if (templates.Count == 0)
        {
            return;
        }

        var names = templates.ConvertAll(template => template.Name());
        var volumes = new JsonArray([.. spec.Objects("volumes").Where(volume => !names.Contains(volume.Text("name") ?? "")).Select(volume => volume.DeepClone())]);
        foreach (var template in templates)
        {
            var name = $"{template.Name()}-{pod}";
            volumes.Add(new JsonObject { ["name"] = template.Name(), ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = name } });
            if (Cluster.Get(new ObjectRef(Resources.Claims, set.Namespace(), name)) is not null)
            {
                continue;
            }

            var claim = template.Copy();
            claim.Remove("status");
            claim.Remove("apiVersion");
            claim.Remove("kind");
            var metadata = claim.Child("metadata");
            metadata["name"] = name;
            metadata["namespace"] = set.Namespace();
            foreach (var (label, value) in set.Object("spec", "selector", "matchLabels") ?? [])
            {
                metadata.Child("labels")[label] = value?.DeepClone();
            }

            Cluster.Create(Resources.Claims, claim, Name);
            events.Normal(set, Component, "SuccessfulCreate", $"create Claim {name} Pod {pod} in StatefulSet {set.Name()} success");
        }

        spec["volumes"] = volumes;
    }

    private void Delete(JsonObject set, JsonObject pod)
    {
        Cluster.Delete(pod.RefIn(Resources.Pods), new DeleteOptions { Uid = pod.Uid() });
        events.Normal(set, Component, "SuccessfulDelete", $"delete Pod {pod.Name()} in StatefulSet {set.Name()} successful");
    }

    private void WriteStatus(ObjectRef key, JsonObject set, StatefulSetRevisions revisions)
    {
        var pods = Pods(set);
        var replicas = set.Integer("spec", "replicas") ?? 1;
        var minReady = set.Integer("spec", "minReadySeconds") ?? 0;
        var updated = pods.Count(pod => !pod.IsDeleting() && StatefulSetRevisions.Of(pod) == revisions.Update);
        var ready = pods.Count(pod => pod.IsReady() && !pod.IsDeleting());
        var complete = updated == replicas && pods.Count == replicas && ready == replicas;
        var current = complete ? revisions.Update : revisions.Current;
        Cluster.Update(
            key,
            obj =>
            {
                var status = obj.Child("status");
                status["observedGeneration"] = set.Generation();
                status["replicas"] = pods.Count;
                status.SetCount("readyReplicas", ready);
                status.SetCount("currentReplicas", pods.Count(pod => !pod.IsDeleting() && StatefulSetRevisions.Of(pod) == current));
                status.SetCount("updatedReplicas", updated);
                status["availableReplicas"] = pods.Count(pod => !pod.IsDeleting() && pod.AvailableAt(minReady) <= Now);
                status["currentRevision"] = current;
                status["updateRevision"] = revisions.Update;
                status["collisionCount"] ??= 0;
            },
            Name,
            "status");
    }
}
