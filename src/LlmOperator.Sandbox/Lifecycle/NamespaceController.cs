using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Lifecycle;

/// <summary>Empties a namespace that is deleted, says what is left of it, and lets it go once nothing is.</summary>
internal sealed class NamespaceController(ClusterRuntime runtime) : Controller(runtime)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly HashSet<string> _emptying = [];

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Namespaces)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Namespace is { } ns && change.Type == WatchEventType.Deleted)
        {
            bool emptying;
            lock (_emptying)
            {
                emptying = _emptying.Contains(ns);
            }

            if (emptying)
            {
                Enqueue(new ObjectRef(Resources.Namespaces, null, ns));
            }
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } ns)
        {
            lock (_emptying)
            {
                _emptying.Remove(key.Name);
            }

            return;
        }

        if (!ns.IsDeleting())
        {
            return;
        }

        lock (_emptying)
        {
            _emptying.Add(key.Name);
        }

        Empty(key, ns);
    }

    private void Empty(ObjectRef key, JsonObject ns)
    {
        var left = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var finalizers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var kind in Cluster.Kinds.Where(kind => kind.Namespaced && kind.Verbs.Contains("delete") && kind.StoredAs is null).ToList())
        {
            foreach (var obj in Cluster.List(kind.Name, key.Name))
            {
                var reference = obj.RefIn(kind.Name);
                if (!obj.IsDeleting())
                {
                    Cluster.Delete(reference, new DeleteOptions { Propagation = DeletionPropagation.Background });
                }

                if (Cluster.Get(reference) is { } remaining)
                {
                    var name = kind.Group.Length == 0 ? $"{kind.Plural}." : kind.Name.ToString();
                    left[name] = left.GetValueOrDefault(name) + 1;
                    foreach (var finalizer in remaining.Texts("metadata", "finalizers"))
                    {
                        finalizers[finalizer] = finalizers.GetValueOrDefault(finalizer) + 1;
                    }
                }
            }
        }

        WriteConditions(key, left, finalizers);
        if (left.Count > 0)
        {
            EnqueueAfter(key, LookAgain);
            return;
        }

        if (ns.Texts("spec", "finalizers").Contains("kubernetes"))
        {
            Cluster.Update(key, obj => obj.Child("spec").SetTexts("finalizers", [.. obj.Texts("spec", "finalizers").Where(name => name != "kubernetes")]), Name, "finalize");
        }
    }

    private void WriteConditions(ObjectRef key, SortedDictionary<string, int> left, SortedDictionary<string, int> finalizers) => Cluster.Update(
        key,
        obj =>
        {
            var old = obj.Objects("status", "conditions").ToList();
            var conditions = new JsonArray();
            void Add(string type, bool value, string reason, string message)
            {
                var before = old.Find(condition => condition.Text("type") == type);
                var text = value ? "True" : "False";
                conditions.Add(new JsonObject
                {
                    ["type"] = type,
                    ["status"] = text,
                    ["lastTransitionTime"] = before.Text("status") == text ? before.Text("lastTransitionTime") : Storage.Cluster.Timestamp(Now),
                    ["reason"] = reason,
                    ["message"] = message,
                });
            }

            Add("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
            Add("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed");
            Add("NamespaceDeletionContentFailure", false, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
            Add("NamespaceContentRemaining", left.Count > 0, left.Count > 0 ? "SomeResourcesRemain" : "ContentRemoved", left.Count > 0
                ? $"Some resources are remaining: {string.Join(", ", left.Select(entry => $"{entry.Key} has {entry.Value} resource instances"))}"
                : "All content successfully removed");
            Add("NamespaceFinalizersRemaining", finalizers.Count > 0, finalizers.Count > 0 ? "SomeFinalizersRemain" : "ContentHasNoFinalizers", finalizers.Count > 0
                ? $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers.Select(entry => $"{entry.Key} in {entry.Value} resource instances"))}"
                : "All content-preserving finalizers finished");
            obj.Child("status")["conditions"] = conditions;
        },
        Name,
        "status");
}
