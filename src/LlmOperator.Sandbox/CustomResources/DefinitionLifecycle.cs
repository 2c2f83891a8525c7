using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.CustomResources;

/// <summary>
/// Makes kinds of stored CustomResourceDefinitions and ends them with their objects. Runs inside the commit that changed the
/// definition, so that a client that got its answer can use the kind at once.
/// </summary>
internal sealed class DefinitionLifecycle(Cluster cluster)
{
    /// <summary>Where definitions are kept.</summary>
    public static readonly ResourceName Definitions = new("apiextensions.k8s.io", "customresourcedefinitions");

    private const string CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";
    private const string Manager = "kube-apiserver";

    /// <summary>Looks at a written object.</summary>
    public void Committed(ResourceName collection, StoredObject stored)
    {
        if (collection != Definitions)
        {
            return;
        }

        if (stored.Object.Text("metadata", "deletionTimestamp") is not null)
        {
            Terminate(stored);
        }
        else
        {
            Establish(stored);
        }
    }

    /// <summary>Looks at a removed object.</summary>
    public void Removed(ResourceName collection, StoredObject removed)
    {
        if (collection == Definitions)
        {
            cluster.Registry.RemoveCustom(removed.Name);
            cluster.Store.Drop(CollectionOf(removed.Object));
            foreach (var other in ObjectStore.Range(cluster.Store.Latest(Definitions), null).Where(other => other.Object.Text("spec", "group") == removed.Object.Text("spec", "group")))
            {
                Committed(Definitions, other);
            }
        }
        else if (cluster.Store.Get(Definitions, null, collection.ToString()) is { } definition
            && definition.Object.Text("metadata", "deletionTimestamp") is not null
            && cluster.Store.Count(collection) == 0)
        {
            Finish(definition);
        }
    }

    private static ResourceName CollectionOf(JsonObject definition) =>
        new(definition.Text("spec", "group") ?? "", definition.Text("spec", "names", "plural") ?? "");

    private void Establish(StoredObject stored)
    {
        var obj = stored.Object.Copy();
        var (resources, kinds) = TakenNames(stored);
        DefinitionStatus.Update(obj, resources, kinds, cluster.Time.GetUtcNow());
        if (!OwnershipTimes.SameBut(obj, stored.Object))
        {
            var kind = cluster.Registry.Storage(Definitions)!;
            FieldManager.Update(stored.Object, obj, kind, Manager, "status", cluster.Time.GetUtcNow());
            stored = cluster.Store.Put(Definitions, obj, stored);
        }

        if (DefinitionStatus.IsTrue(stored.Object, "Established"))
        {
            cluster.Registry.SetCustom(stored.Name, CustomKinds.Of(stored.Object));
        }
    }

    /// <summary>Names that other kinds of the same group have been given first.</summary>
    private (HashSet<string> Resources, HashSet<string> Kinds) TakenNames(StoredObject stored)
    {
        var group = stored.Object.Text("spec", "group");
        var resources = new HashSet<string>(StringComparer.Ordinal);
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        foreach (var other in ObjectStore.Range(cluster.Store.Latest(Definitions), null))
        {
            if (other.Name != stored.Name && other.Object.Text("spec", "group") == group)
            {
                var names = other.Object.Object("status", "acceptedNames");
                resources.UnionWith([names.Text("plural") ?? "", names.Text("singular") ?? "", .. names.Texts("shortNames")]);
                kinds.UnionWith([names.Text("kind") ?? "", names.Text("listKind") ?? ""]);
            }
        }

        foreach (var kind in cluster.Registry.All.Where(kind => !kind.Custom && kind.Group == group))
        {
            resources.UnionWith([kind.Plural, kind.Singular, .. kind.ShortNames]);
            kinds.UnionWith([kind.Kind, kind.ListKind]);
        }

        return (resources, kinds);
    }

    /// <summary>What a delete does to a definition: it stays until its objects are gone.</summary>
    public static void Mark(JsonObject definition, DateTimeOffset now)
    {
        var metadata = definition.Child("metadata");
        var finalizers = metadata.Texts("finalizers");
        if (!finalizers.Contains(CleanupFinalizer))
        {
            metadata.SetTexts("finalizers", [.. finalizers, CleanupFinalizer]);
        }

        DefinitionStatus.SetCondition(
            definition,
            "Terminating",
            "True",
            "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            now);
    }

    private void Terminate(StoredObject stored)
    {
        if (!stored.Object.Texts("metadata", "finalizers").Contains(CleanupFinalizer))
        {
            return;
        }

        var obj = stored.Object.Copy();
        DefinitionStatus.SetCondition(obj, "Terminating", "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress", cluster.Time.GetUtcNow());
        if (!OwnershipTimes.SameBut(obj, stored.Object))
        {
            stored = cluster.Store.Put(Definitions, obj, stored);
        }

        var collection = CollectionOf(stored.Object);
        if (cluster.Registry.Storage(collection) is { } kind)
        {
            foreach (var instance in ObjectStore.Range(cluster.Store.Latest(collection), null).ToList())
            {
                cluster.Deleter.Delete(kind, instance.Namespace, instance.Name, new DeleteRequest { Propagation = "Background", Internal = true });
            }
        }

        if (cluster.Store.Count(collection) == 0 && cluster.Store.Get(Definitions, null, stored.Name) is { } present)
        {
            Finish(present);
        }
    }

    private void Finish(StoredObject definition)
    {
        var obj = definition.Object.Copy();
        var finalizers = obj.Texts("metadata", "finalizers");
        if (!finalizers.Contains(CleanupFinalizer))
        {
            return;
        }

        obj.Child("metadata").SetTexts("finalizers", [.. finalizers.Where(name => name != CleanupFinalizer)]);
        DefinitionStatus.SetCondition(obj, "Terminating", "False", "InstanceDeletionCompleted", "removed all instances", cluster.Time.GetUtcNow());
        var kind = cluster.Registry.Storage(Definitions)!;
        if (Writer.IsReleased(kind, obj))
        {
            Removed(Definitions, cluster.Store.Remove(Definitions, definition));
        }
        else
        {
            cluster.Store.Put(Definitions, obj, definition);
        }
    }
}
