using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Lifecycle;

/// <summary>
/// Deletes what no living object owns any more, and serves the two finalizers of deletion: <c>foregroundDeletion</c> waits for
/// dependents that block, <c>orphan</c> cuts them loose.
/// </summary>
internal sealed class GarbageCollector(ClusterRuntime runtime) : Controller(runtime)
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ObjectRef> _objects = [];
    private readonly Dictionary<string, HashSet<ObjectRef>> _dependents = [];

    /// <inheritdoc/>
    public override string Name => "generic-garbage-collector";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        var reference = change.Ref;
        if (reference.Resource == Resources.Events)
        {
            return;
        }

        var uid = change.Object.Uid();
        List<ObjectRef> concerned = [];
        lock (_gate)
        {
            foreach (var owner in (change.Previous ?? change.Object).Objects("metadata", "ownerReferences"))
            {
                Drop(owner.Text("uid") ?? "", reference);
            }

            if (change.Type == WatchEventType.Deleted)
            {
                _objects.Remove(uid);
                concerned.AddRange(Dependents(uid));
                AddOwners(change.Object, concerned);
            }
            else
            {
                _objects[uid] = reference;
                foreach (var owner in change.Object.Objects("metadata", "ownerReferences"))
                {
                    var ownerUid = owner.Text("uid") ?? "";
                    if (!_dependents.TryGetValue(ownerUid, out var set))
                    {
                        _dependents[ownerUid] = set = [];
                    }

                    set.Add(reference);
                }

                if (change.Type == WatchEventType.Added ? change.Object.Objects("metadata", "ownerReferences").Any() : ConcernsMe(change))
                {
                    concerned.Add(reference);
                    AddOwners(change.Previous, concerned);
                    if (change.Object.IsDeleting())
                    {
                        concerned.AddRange(Dependents(uid));
                    }
                }
            }
        }

        foreach (var key in concerned)
        {
            Enqueue(key);
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Kinds.All(kind => kind.Name != key.Resource) || Cluster.Get(key) is not { } obj)
        {
            return;
        }

        var finalizers = obj.Texts("metadata", "finalizers");
        if (obj.IsDeleting() && finalizers.Contains(Orphan))
        {
            LetGo(obj);
            RemoveFinalizer(key, Orphan);
        }
        else if (obj.IsDeleting() && finalizers.Contains(Foreground))
        {
            DeleteInForeground(key, obj);
        }
        else if (!obj.IsDeleting())
        {
            CheckOwners(key, obj);
        }
    }

    private static bool ConcernsMe(in ClusterEvent change) =>
        change.Previous?.IsDeleting() != change.Object.IsDeleting()
        || !JsonNode.DeepEquals(change.Previous?["metadata"]?["ownerReferences"], change.Object["metadata"]?["ownerReferences"])
        || (change.Object.IsDeleting() && !JsonNode.DeepEquals(change.Previous?["metadata"]?["finalizers"], change.Object["metadata"]?["finalizers"]));

    private void Drop(string owner, ObjectRef dependent)
    {
        if (_dependents.TryGetValue(owner, out var set) && set.Remove(dependent) && set.Count == 0)
        {
            _dependents.Remove(owner);
        }
    }

    private IEnumerable<ObjectRef> Dependents(string uid) => _dependents.TryGetValue(uid, out var set)
        ? set.OrderBy(key => key.Resource.ToString(), StringComparer.Ordinal).ThenBy(key => key.Namespace, StringComparer.Ordinal).ThenBy(key => key.Name, StringComparer.Ordinal)
        : [];

    private void AddOwners(JsonObject? obj, List<ObjectRef> to)
    {
        foreach (var owner in obj.Objects("metadata", "ownerReferences"))
        {
            if (_objects.TryGetValue(owner.Text("uid") ?? "", out var key))
            {
                to.Add(key);
            }
        }
    }

    private List<JsonObject> DependentsOf(string uid)
    {
        List<ObjectRef> keys;
        lock (_gate)
        {
            keys = [.. Dependents(uid)];
        }

        return [.. keys.Select(Cluster.Get).OfType<JsonObject>()];
    }

    private ResourceName ResourceOf(JsonObject obj)
    {
        lock (_gate)
        {
            return _objects[obj.Uid()].Resource;
        }
    }

    private void LetGo(JsonObject owner)
    {
        foreach (var dependent in DependentsOf(owner.Uid()))
        {
            RemoveOwners(dependent.RefIn(ResourceOf(dependent)), [owner.Uid()]);
        }
    }

    private void DeleteInForeground(ObjectRef key, JsonObject owner)
    {
        var blocked = false;
        foreach (var dependent in DependentsOf(owner.Uid()))
        {
            var reference = dependent.Objects("metadata", "ownerReferences").First(each => each.Text("uid") == owner.Uid());
            if (reference.Flag("blockOwnerDeletion") == true)
            {
                blocked = true;
            }

            var dependentKey = dependent.RefIn(ResourceOf(dependent));
            if (!dependent.IsDeleting() && !Owners(dependent).Exists(other => other.Alive && !other.Waiting))
            {
                Cluster.Delete(dependentKey, new DeleteOptions
                {
                    Uid = dependent.Uid(),
                    Propagation = DependentsOf(dependent.Uid()).Count > 0 ? DeletionPropagation.Foreground : DeletionPropagation.Background,
                });
            }
        }

        // A dependent without children may have gone at once.
        if (!blocked || !DependentsOf(owner.Uid()).Exists(dependent => dependent.Objects("metadata", "ownerReferences")
            .Any(each => each.Text("uid") == owner.Uid() && each.Flag("blockOwnerDeletion") == true)))
        {
            RemoveFinalizer(key, Foreground);
        }
    }

    private void CheckOwners(ObjectRef key, JsonObject obj)
    {
        var owners = Owners(obj);
        if (owners.Count == 0)
        {
            return;
        }

        var absent = owners.Where(owner => !owner.Alive).Select(owner => owner.Uid).ToList();
        var waiting = owners.Where(owner => owner is { Alive: true, Waiting: true }).Select(owner => owner.Uid).ToList();
        if (owners.Exists(owner => owner is { Alive: true, Waiting: false }))
        {
            if (absent.Count + waiting.Count > 0)
            {
                RemoveOwners(key, [.. absent, .. waiting]);
            }
        }
        else if (waiting.Count > 0)
        {
            Cluster.Delete(key, new DeleteOptions
            {
                Uid = obj.Uid(),
                Propagation = DependentsOf(obj.Uid()).Count > 0 ? DeletionPropagation.Foreground : DeletionPropagation.Background,
            });
        }
        else
        {
            var finalizers = obj.Texts("metadata", "finalizers");
            Cluster.Delete(key, new DeleteOptions
            {
                Uid = obj.Uid(),
                Propagation = finalizers.Contains(Orphan) ? DeletionPropagation.Orphan
                    : finalizers.Contains(Foreground) ? DeletionPropagation.Foreground
                    : DeletionPropagation.Background,
            });
        }
    }

    /// <summary>Owners by uid: a namespaced object is owned only from its own namespace, and by the kind and name its reference says.</summary>
    private List<(string Uid, bool Alive, bool Waiting)> Owners(JsonObject obj)
    {
        var owners = new List<(string, bool, bool)>();
        foreach (var reference in obj.Objects("metadata", "ownerReferences"))
        {
            var uid = reference.Text("uid") ?? "";
            var owner = Find(reference, obj.Namespace());
            owners.Add((uid, owner is not null, owner?.IsDeleting() == true && owner.Texts("metadata", "finalizers").Contains(Foreground)));
        }

        return owners;
    }

    private JsonObject? Find(JsonObject reference, string? ns)
    {
        var group = reference.Text("apiVersion") is { } version && version.Contains('/', StringComparison.Ordinal) ? version[..version.IndexOf('/', StringComparison.Ordinal)] : "";
        var kind = Cluster.Kinds.FirstOrDefault(each => each.Kind == reference.Text("kind") && each.Group == group);
        if (kind is null)
        {
            // Whether an object of an unknown kind lives cannot be told; a collector that guessed would delete what it must not.
            return reference;
        }

        return Cluster.Get(new ObjectRef(kind.Name, kind.Namespaced ? ns : null, reference.Text("name") ?? "")) is { } owner && owner.Uid() == reference.Text("uid")
            ? owner
            : null;
    }

    private void RemoveOwners(ObjectRef key, List<string> uids) => Cluster.Update(
        key,
        obj =>
        {
            if (obj.Child("metadata")["ownerReferences"] is JsonArray owners)
            {
                owners.RemoveAll(owner => uids.Contains(owner.Text("uid") ?? ""));
                if (owners.Count == 0)
                {
                    obj.Child("metadata").Remove("ownerReferences");
                }
            }
        },
        Name);

    private void RemoveFinalizer(ObjectRef key, string finalizer) => Cluster.Update(
        key,
        obj => obj.Child("metadata").SetTexts("finalizers", [.. obj.Texts("metadata", "finalizers").Where(name => name != finalizer)]),
        Name);
}
