using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Lifecycle;

/// <summary>Works out how many pods a PodDisruptionBudget lets go at this moment.</summary>
internal sealed class DisruptionController(ClusterRuntime runtime) : Controller(runtime)
{
    /// <summary>An eviction that was granted and not carried out within this time no longer counts.</summary>
    private static readonly TimeSpan DisruptionTimeout = TimeSpan.FromMinutes(2);

    private readonly ObjectIndex _budgets = runtime.AddIndex(Resources.Budgets, budget => [budget.Namespace() ?? ""]);

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Budgets)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Pods)
        {
            foreach (var budget in _budgets.Get(change.Ref.Namespace ?? ""))
            {
                var selector = LabelSelector.Of(budget.Object("spec", "selector"));
                if (selector is not null && (selector.Matches(change.Object) || (change.Previous is { } before && selector.Matches(before))))
                {
                    Enqueue(budget.RefIn(Resources.Budgets));
                }
            }
        }
        else if (change.Type == WatchEventType.Modified && IsScalable(change.Ref.Resource) && change.Previous!.Integer("spec", "replicas") != change.Object.Integer("spec", "replicas"))
        {
            foreach (var budget in _budgets.Get(change.Ref.Namespace ?? ""))
            {
                Enqueue(budget.RefIn(Resources.Budgets));
            }
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } budget || budget.IsDeleting())
        {
            return;
        }

        var selector = LabelSelector.Of(budget.Object("spec", "selector"));
        var pods = Runtime.PodsMatching(budget.Namespace(), budget.Object("spec", "selector", "matchLabels"), selector).Where(pod => !pod.IsTerminal()).ToList();
        var disrupted = Disrupted(budget, pods);
        var healthy = pods.Count(pod => pod.IsReady() && !pod.IsDeleting() && !disrupted.ContainsKey(pod.Name()));
        var (expected, desired) = Expect(budget, pods);
        var allowed = expected > 0 ? Math.Max(0, healthy - desired) : 0;
        Cluster.Update(
            key,
            copy =>
            {
                var status = copy.Child("status");
                status["observedGeneration"] = copy.Generation();
                if (disrupted.Count > 0)
                {
                    status["disruptedPods"] = disrupted;
                }
                else
                {
                    status.Remove("disruptedPods");
                }

                status["disruptionsAllowed"] = allowed;
                status["currentHealthy"] = healthy;
                status["desiredHealthy"] = desired;
                status["expectedPods"] = expected;
                ConditionList.Set(status, "DisruptionAllowed", allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods", "", Now, copy.Generation());
            },
            Name,
            "status");
        if (disrupted.Count > 0)
        {
            EnqueueAfter(key, DisruptionTimeout);
        }
    }

    private static bool IsScalable(ResourceName resource) =>
        resource == Resources.Deployments || resource == Resources.ReplicaSets || resource == Resources.StatefulSets;

    /// <summary>Evictions that were granted and whose pods are not yet on their way out.</summary>
    private JsonObject Disrupted(JsonObject budget, List<JsonObject> pods)
    {
        var disrupted = new JsonObject();
        foreach (var (name, time) in budget.Object("status", "disruptedPods") ?? [])
        {
            if (pods.Find(pod => pod.Name() == name) is { } pod && !pod.IsDeleting() && Objects.Time(time.Text()) is { } granted && granted + DisruptionTimeout > Now)
            {
                disrupted[name] = time!.DeepClone();
            }
        }

        return disrupted;
    }

    private (long Expected, long Desired) Expect(JsonObject budget, List<JsonObject> pods)
    {
        var least = budget.At("spec", "minAvailable");
        var most = budget.At("spec", "maxUnavailable");
        if (most is not null)
        {
            var scale = Scale(pods);
            return (scale, Math.Max(0, scale - most.Scaled(scale, up: true, "0")));
        }

        if (least.Integer() is { } number)
        {
            return (pods.Count, number);
        }

        var expected = least is null ? pods.Count : Scale(pods);
        return (expected, least is null ? 1 : least.Scaled(expected, up: true, "0"));
    }

    /// <summary>Pods the workloads behind these pods ask for together.</summary>
    private long Scale(List<JsonObject> pods)
    {
        var counted = new HashSet<string>();
        long total = 0;
        foreach (var pod in pods)
        {
            if (Workload(pod) is { } workload && counted.Add(workload.Uid()))
            {
                total += workload.Integer("spec", "replicas") ?? 1;
            }
        }

        return total;
    }

    private JsonObject? Workload(JsonObject pod)
    {
        var owner = Owner(pod);
        return owner is not null && Owner(owner) is { } above ? above : owner;
    }

    private JsonObject? Owner(JsonObject obj)
    {
        if (obj.ControllerRef() is not { } reference)
        {
            return null;
        }

        var group = reference.Text("apiVersion") is { } version && version.Contains('/', StringComparison.Ordinal) ? version[..version.IndexOf('/', StringComparison.Ordinal)] : "";
        var kind = Cluster.Kinds.FirstOrDefault(kind => kind.Group == group && kind.Kind == reference.Text("kind") && kind.Scale is not null);
        var owner = kind is null ? null : Cluster.Get(new ObjectRef(kind.Name, obj.Namespace(), reference.Text("name") ?? ""));
        return owner?.Uid() == reference.Text("uid") ? owner : null;
    }
}
