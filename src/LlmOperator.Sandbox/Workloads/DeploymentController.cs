using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Rolls Deployments: a ReplicaSet a template, the newest scaled up as the strategy allows, the others down.</summary>
internal sealed class DeploymentController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    private const string Component = "deployment-controller";
    private const string Created = "NewReplicaSetCreated";

    private static readonly HashSet<string> OwnAnnotations =
    [
        "kubectl.kubernetes.io/last-applied-configuration", DeploymentPlan.Revision, DeploymentPlan.RevisionHistory, DeploymentPlan.Desired,
        DeploymentPlan.Max, "deprecated.deployment.rollback.to",
    ];

    private readonly ObjectIndex _orphans = runtime.AddIndex(Resources.ReplicaSets, set => set.ControllerRef() is null ? [set.Namespace() ?? ""] : []);

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Deployments)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.ReplicaSets && change.Object.ControllerRef() is { } owner && owner.Text("kind") == "Deployment")
        {
            Enqueue(new ObjectRef(Resources.Deployments, change.Ref.Namespace, owner.Text("name")!));
        }
        else if (change.Ref.Resource == Resources.ReplicaSets)
        {
            if (change.Previous?.ControllerRef() is { } left && left.Text("kind") == "Deployment")
            {
                Enqueue(new ObjectRef(Resources.Deployments, change.Ref.Namespace, left.Text("name")!));
            }

            if (change.Type != WatchEventType.Deleted)
            {
                foreach (var adopter in Adoption.Adopters(Cluster, Resources.Deployments, change.Object))
                {
                    Enqueue(adopter);
                }
            }
        }
        else if (change is { Type: WatchEventType.Deleted } && change.Ref.Resource == Resources.Pods && change.Object.ControllerRef() is { } set && set.Text("kind") == "ReplicaSet"
            && Cluster.Get(new ObjectRef(Resources.ReplicaSets, change.Ref.Namespace, set.Text("name")!))?.ControllerRef() is { } deployment)
        {
            // Recreate waits for the last old pod, which no ReplicaSet counts any more.
            Enqueue(new ObjectRef(Resources.Deployments, change.Ref.Namespace, deployment.Text("name")!));
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } deployment)
        {
            return;
        }

        var status = new DeploymentStatus(Cluster, key, Name, Now);
        var plan = new DeploymentPlan(deployment);
        if (deployment.IsDeleting())
        {
            status.Write(deployment, plan, Sets(deployment), NewSet(deployment, Sets(deployment)));
            return;
        }

        Adoption.Settle(
            Cluster,
            deployment,
            "apps/v1",
            "Deployment",
            Resources.ReplicaSets,
            Runtime.ReplicaSetsByOwner.Get(deployment.Uid()),
            _orphans.Get(deployment.Namespace() ?? ""));
        MarkPaused(key, deployment, plan);
        deployment = Cluster.Get(key) ?? deployment;
        var sets = Sets(deployment);
        if (plan.Paused || IsScaling(plan, sets))
        {
            var present = NewSet(deployment, sets);
            if (present is not null)
            {
                present = Stamp(key, deployment, plan, sets, present);
            }

            Scale(deployment, plan, Sets(deployment));
            if (plan.Paused)
            {
                Prune(plan, Sets(deployment), present);
            }
        }
        else if (plan.Rolling)
        {
            RollOver(key, deployment, plan, sets);
        }
        else
        {
            Recreate(key, deployment, plan, sets);
        }

        if (Cluster.Get(key) is { } latest)
        {
            sets = Sets(latest);
            var newest = NewSet(latest, sets);
            if (status.Write(latest, plan, sets, newest) is { } due)
            {
                EnqueueAfter(key, due - Now);
            }

            if (Cluster.Get(key) is { } written && DeploymentStatus.IsComplete(written, plan))
            {
                Prune(plan, sets, newest);
            }
        }
    }

    private List<JsonObject> Sets(JsonObject deployment) =>
        [.. Runtime.ReplicaSetsByOwner.Get(deployment.Uid()).OrderBy(set => set.Created()).ThenBy(DeploymentPlan.RevisionOf)];

    private static JsonObject? NewSet(JsonObject deployment, List<JsonObject> sets) =>
        sets.Find(set => PodTemplates.Same(set.Object("spec", "template"), deployment.Object("spec", "template")));

    private static bool IsScaling(DeploymentPlan plan, List<JsonObject> sets) => sets.Exists(set => DeploymentPlan.Wanted(set) > 0
        && set.Annotation(DeploymentPlan.Desired) is { } desired && desired != plan.Replicas.ToString(CultureInfo.InvariantCulture));

    private void MarkPaused(ObjectRef key, JsonObject deployment, DeploymentPlan plan)
    {
        var reason = deployment.Condition("Progressing").Text("reason");
        if (plan.Deadline is null || reason == "ProgressDeadlineExceeded" || plan.Paused == (reason == "DeploymentPaused") || (reason is null && !plan.Paused))
        {
            return;
        }

        Cluster.Update(
            key,
            obj => SetUnknown(obj.Child("status"), plan.Paused ? "DeploymentPaused" : "DeploymentResumed", plan.Paused ? "Deployment is paused" : "Deployment is resumed"),
            Name,
            "status");
    }

    private void SetUnknown(JsonObject status, string reason, string message)
    {
        WorkloadConditions.Set(status, "Progressing", true, reason, message, Now);
        foreach (var condition in status.Objects("conditions").Where(condition => condition.Text("type") == "Progressing"))
        {
            condition["status"] = "Unknown";
        }
    }

    private void RollOver(ObjectRef key, JsonObject deployment, DeploymentPlan plan, List<JsonObject> sets)
    {
        var newest = Ensure(key, deployment, plan, sets);
        sets = Sets(deployment);
        var total = sets.Sum(DeploymentPlan.Wanted);
        var present = DeploymentPlan.Wanted(newest);
        var wanted = present > plan.Replicas ? plan.Replicas : present == plan.Replicas ? present : plan.NewReplicas(present, total);
        if (Resize(deployment, plan, newest, wanted))
        {
            return;
        }

        var old = sets.Where(set => set.Uid() != newest.Uid()).ToList();
        var oldWanted = old.Sum(DeploymentPlan.Wanted);
        if (oldWanted == 0)
        {
            return;
        }

        // What the new pods lack already counts as unavailable; only what is left may be taken from the old ones.
        var minAvailable = plan.Replicas - plan.MaxUnavailable;
        var newMissing = present - DeploymentPlan.Available(newest);
        var budget = total - minAvailable - newMissing;
        if (budget <= 0)
        {
            return;
        }

        foreach (var set in old)
        {
            var broken = DeploymentPlan.Wanted(set) - DeploymentPlan.Available(set);
            var taken = Math.Min(budget, broken);
            if (taken > 0)
            {
                Resize(deployment, plan, set, DeploymentPlan.Wanted(set) - taken);
                budget -= taken;
            }
        }

        sets = Sets(deployment);
        var spare = sets.Sum(DeploymentPlan.Available) - minAvailable;
        foreach (var set in sets.Where(set => set.Uid() != newest.Uid() && DeploymentPlan.Wanted(set) > 0))
        {
            var taken = Math.Min(spare, DeploymentPlan.Wanted(set));
            if (taken <= 0)
            {
                break;
            }

            Resize(deployment, plan, set, DeploymentPlan.Wanted(set) - taken);
            spare -= taken;
        }
    }

    private void Recreate(ObjectRef key, JsonObject deployment, DeploymentPlan plan, List<JsonObject> sets)
    {
        var newest = NewSet(deployment, sets);
        var old = sets.Where(set => set.Uid() != newest?.Uid()).ToList();
        foreach (var set in old)
        {
            Resize(deployment, plan, set, 0);
        }

        if (old.Exists(set => Runtime.PodsByOwner.Get(set.Uid()).Exists(pod => !pod.IsTerminal())))
        {
            return;
        }

        newest = Ensure(key, deployment, plan, sets);
        Resize(deployment, plan, newest, plan.Replicas);
    }

    /// <summary>Scales without rolling: one ReplicaSet takes the change, several share it by their size.</summary>
    private void Scale(JsonObject deployment, DeploymentPlan plan, List<JsonObject> sets)
    {
        var newest = NewSet(deployment, sets);
        var active = sets.Where(set => DeploymentPlan.Wanted(set) > 0).ToList();
        var only = active.Count switch { 0 => newest ?? sets.LastOrDefault(), 1 => active[0], _ => null };
        if (only is not null)
        {
            Resize(deployment, plan, only, plan.Replicas);
            return;
        }

        if (newest is not null && DeploymentPlan.Wanted(newest) == plan.Replicas && DeploymentPlan.Available(newest) == plan.Replicas)
        {
            active.Where(set => set.Uid() != newest.Uid()).ToList().ForEach(set => Resize(deployment, plan, set, 0));
            return;
        }

        if (!plan.Rolling)
        {
            return;
        }

        var total = active.Sum(DeploymentPlan.Wanted);
        var allowed = plan.Replicas > 0 ? plan.Replicas + plan.MaxSurge : 0;
        var left = allowed - total;
        var ordered = (left > 0 ? active.OrderByDescending(DeploymentPlan.Wanted).ThenByDescending(set => set.Created())
            : active.OrderByDescending(DeploymentPlan.Wanted).ThenBy(set => set.Created())).ToList();
        var sizes = new Dictionary<string, long>();
        var rest = left;
        foreach (var set in ordered)
        {
            var size = DeploymentPlan.Wanted(set);
            var maximum = long.TryParse(set.Annotation(DeploymentPlan.Max), CultureInfo.InvariantCulture, out var max) && max > 0 ? max : total;
            var share = (long)Math.Round((double)size * allowed / maximum, MidpointRounding.AwayFromZero) - size;
            share = left > 0 ? Math.Min(share, rest) : Math.Max(share, rest);
            sizes[set.Uid()] = size + share;
            rest -= share;
        }

        if (rest != 0)
        {
            sizes[ordered[0].Uid()] = Math.Max(0, sizes[ordered[0].Uid()] + rest);
        }

        ordered.ForEach(set => Resize(deployment, plan, set, sizes[set.Uid()]));
    }

    /// <summary>The ReplicaSet of the present template, made when there is none.</summary>
    private JsonObject Ensure(ObjectRef key, JsonObject deployment, DeploymentPlan plan, List<JsonObject> sets) =>
        NewSet(deployment, sets) is { } present ? Stamp(key, deployment, plan, sets, present) : MakeSet(key, deployment, plan, sets);

    private JsonObject Stamp(ObjectRef key, JsonObject deployment, DeploymentPlan plan, List<JsonObject> sets, JsonObject present)
    {
        var revision = Math.Max(sets.Where(set => set.Uid() != present.Uid()).Select(DeploymentPlan.RevisionOf).DefaultIfEmpty(0).Max() + 1, DeploymentPlan.RevisionOf(present));
        var stamped = IsStamped(deployment, plan, present, revision) ? present : Cluster.Update(
            present.RefIn(Resources.ReplicaSets),
            set =>
            {
                Annotate(deployment, set, revision);
                set.Child("spec")["minReadySeconds"] = plan.MinReadySeconds;
                if (plan.MinReadySeconds == 0 && present.At("spec", "minReadySeconds") is null)
                {
                    set.Child("spec").Remove("minReadySeconds");
                }
            },
            Name) ?? present;
        Mark(key, deployment, plan, revision, "FoundNewReplicaSet", $"Found new replica set \"{present.Name()}\"");
        return stamped;
    }

    /// <summary>Whether a ReplicaSet already says what the Deployment does: the common case, which costs no copy.</summary>
    private static bool IsStamped(JsonObject deployment, DeploymentPlan plan, JsonObject set, long revision) =>
        DeploymentPlan.RevisionOf(set) == revision
        && (set.Integer("spec", "minReadySeconds") ?? 0) == plan.MinReadySeconds
        && (deployment.Object("metadata", "annotations") ?? []).All(annotation => OwnAnnotations.Contains(annotation.Key) || set.Annotation(annotation.Key) == annotation.Value.Text());

    private JsonObject MakeSet(ObjectRef key, JsonObject deployment, DeploymentPlan plan, List<JsonObject> sets)
    {
        var template = PodTemplates.WithoutHash(deployment.Object("spec", "template"));
        var collisions = deployment.Integer("status", "collisionCount") ?? 0;
        var hash = PodTemplates.Hash(template, collisions);
        template.Child("metadata").Child("labels")[PodTemplates.HashLabel] = hash;
        var selector = deployment.Object("spec", "selector")?.Copy() ?? [];
        selector.Child("matchLabels")[PodTemplates.HashLabel] = hash;
        var revision = sets.Select(DeploymentPlan.RevisionOf).DefaultIfEmpty(0).Max() + 1;
        var replicas = plan.NewReplicas(0, sets.Sum(DeploymentPlan.Wanted));
        var set = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{deployment.Name()}-{hash}",
                ["namespace"] = deployment.Namespace(),
                ["labels"] = template.Object("metadata", "labels")!.Copy(),
                ["ownerReferences"] = Objects.OwnedBy(deployment, "apps/v1", "Deployment"),
            },
            ["spec"] = new JsonObject { ["replicas"] = replicas, ["selector"] = selector, ["template"] = template },
        };
        if (plan.MinReadySeconds > 0)
        {
            set.Child("spec")["minReadySeconds"] = plan.MinReadySeconds;
        }

        Annotate(deployment, set, revision);
        Size(set.Child("metadata").Child("annotations"), plan);
        try
        {
            set = Cluster.Create(Resources.ReplicaSets, set, Name);
        }
        catch (StatusException refused) when (refused.Reason == "AlreadyExists")
        {
            // Another template has the same hash, or a foreign object the name: the next try hashes differently.
            Cluster.Update(key, obj => obj.Child("status")["collisionCount"] = collisions + 1, Name, "status");
            throw;
        }
        catch (StatusException refused)
        {
            Cluster.Update(
                key,
                obj => WorkloadConditions.Set(
                    obj.Child("status"), "Progressing", false, "ReplicaSetCreateError", $"Failed to create new replica set \"{set.Name()}\": {refused.Message}", Now),
                Name,
                "status");
            throw;
        }

        if (replicas > 0)
        {
            events.Normal(deployment, Component, "ScalingReplicaSet", $"Scaled up replica set {set.Name()} from 0 to {replicas}");
        }

        Mark(key, deployment, plan, revision, Created, $"Created new replica set \"{set.Name()}\"");

        return set;
    }

    /// <summary>Notes the revision, and with it what the rollout begins from where nothing is noted yet: one write, under the path of the status.</summary>
    private void Mark(ObjectRef key, JsonObject deployment, DeploymentPlan plan, long revision, string reason, string message)
    {
        var progress = plan.Deadline is not null && (reason == Created || deployment.Condition("Progressing") is null);
        if (DeploymentPlan.RevisionOf(deployment) == revision && !progress)
        {
            return;
        }

        Cluster.Update(
            key,
            obj =>
            {
                // A Deployment's annotations count for its generation, except when they come with its status.
                obj.Child("metadata").Child("annotations")[DeploymentPlan.Revision] = revision.ToString(CultureInfo.InvariantCulture);
                if (progress)
                {
                    WorkloadConditions.Set(obj.Child("status"), "Progressing", true, reason, message, Now);
                }
            },
            Name,
            "status");
    }

    private static void Annotate(JsonObject deployment, JsonObject set, long revision)
    {
        var annotations = set.Child("metadata").Child("annotations");
        foreach (var (name, value) in deployment.Object("metadata", "annotations") ?? [])
        {
            if (!OwnAnnotations.Contains(name))
            {
                annotations[name] = value?.DeepClone();
            }
        }

        var present = DeploymentPlan.RevisionOf(set);
        if (present < revision)
        {
            if (present > 0)
            {
                var history = (annotations.Text(DeploymentPlan.RevisionHistory) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).ToList();
                history.Add(present.ToString(CultureInfo.InvariantCulture));
                annotations[DeploymentPlan.RevisionHistory] = string.Join(',', history);
            }

            annotations[DeploymentPlan.Revision] = revision.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static void Size(JsonObject annotations, DeploymentPlan plan)
    {
        annotations[DeploymentPlan.Desired] = plan.Replicas.ToString(CultureInfo.InvariantCulture);
        annotations[DeploymentPlan.Max] = (plan.Replicas + plan.MaxSurge).ToString(CultureInfo.InvariantCulture);
    }

    private static bool IsSized(JsonObject set, DeploymentPlan plan) =>
        set.Annotation(DeploymentPlan.Desired) == plan.Replicas.ToString(CultureInfo.InvariantCulture)
        && set.Annotation(DeploymentPlan.Max) == (plan.Replicas + plan.MaxSurge).ToString(CultureInfo.InvariantCulture);

    /// <returns>Whether the size changed.</returns>
    private bool Resize(JsonObject deployment, DeploymentPlan plan, JsonObject set, long replicas)
    {
        var before = DeploymentPlan.Wanted(set);
        if (before == replicas && IsSized(set, plan))
        {
            return false;
        }

        Cluster.Update(
            set.RefIn(Resources.ReplicaSets),
            obj =>
            {
                obj.Child("spec")["replicas"] = replicas;
                Size(obj.Child("metadata").Child("annotations"), plan);
            },
            Name);
        if (before == replicas)
        {
            return false;
        }

        events.Normal(deployment, Component, "ScalingReplicaSet", $"Scaled {(replicas > before ? "up" : "down")} replica set {set.Name()} from {before} to {replicas}");
        return true;
    }

    private void Prune(DeploymentPlan plan, List<JsonObject> sets, JsonObject? newest)
    {
        var old = sets.Where(set => set.Uid() != newest?.Uid() && !set.IsDeleting()).OrderBy(DeploymentPlan.RevisionOf).ToList();
        foreach (var set in old.Take((int)Math.Max(0, old.Count - plan.HistoryLimit)))
        {
            if (DeploymentPlan.Wanted(set) == 0 && set.Integer("status", "replicas") is null or 0 && (set.Integer("status", "observedGeneration") ?? 0) >= set.Generation())
            {
                Cluster.Delete(set.RefIn(Resources.ReplicaSets), new DeleteOptions { Uid = set.Uid() });
            }
        }
    }
}
