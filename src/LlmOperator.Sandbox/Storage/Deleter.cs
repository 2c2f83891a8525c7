using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Admission;
using LlmOperator.Sandbox.CustomResources;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Storage;

/// <summary>What a delete asks for, as the API has it.</summary>
internal sealed record DeleteRequest
{
    /// <summary>Delete only the object with this uid.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only this version.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Orphan, Background or Foreground.</summary>
    public string? Propagation { get; init; }

    /// <summary>The older way to say Orphan or Background, which is answered in its own way.</summary>
    public bool? OrphanDependents { get; init; }

    /// <summary>Seconds a pod may take to stop.</summary>
    public long? GracePeriodSeconds { get; init; }

    /// <summary>Everything but the commit.</summary>
    public bool DryRun { get; init; }

    /// <summary>Who deletes, as webhooks are told.</summary>
    public AdmissionUser User { get; init; } = AdmissionUser.Administrator;

    /// <summary>A delete of the API server's own: webhooks are not asked. Any delete made with the store's lock held must be one.</summary>
    public bool Internal { get; init; }

    /// <summary>Texts to send along with the answer.</summary>
    public List<string> Warnings { get; } = [];
}

/// <summary>Outcome of a delete.</summary>
/// <param name="Object">Last or marked state.</param>
/// <param name="Removed">Whether it is gone, rather than marked.</param>
internal readonly record struct Deletion(JsonObject Object, bool Removed);

/// <summary>Deletes objects: at once, or by marking them for those who hold a finalizer or are given time to stop.</summary>
internal sealed class Deleter(Cluster cluster, ObjectStore store, DefinitionLifecycle definitions)
{
    private const string OrphanFinalizer = "orphan";
    private const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>Deletes an object; null when there is none.</summary>
    public async ValueTask<Deletion?> DeleteAsync(KindDefinition kind, string? ns, string name, DeleteRequest request)
    {
        var collection = KindRegistry.CollectionOf(kind);
        if (request.Internal || cluster.Admission.For(kind, "DELETE", null) is not { } pass)
        {
            lock (store.Gate)
            {
                return store.Get(collection, ns, name) is { } stored ? Delete(kind, collection, stored, request) : null;
            }
        }

        while (store.Get(collection, ns, name) is { } stored)
        {
            CheckPreconditions(kind, stored, request);
            var attributes = WriteAdmission.Deletion(kind, Writer.View(kind, stored), request);
            await pass.Mutate(attributes);
            await pass.Validate(attributes);
            lock (store.Gate)
            {
                if (ReferenceEquals(store.Get(collection, ns, name), stored))
                {
                    return Delete(kind, collection, stored, request);
                }
            }
        }

        return null;
    }

    /// <summary>Deletes an object; <see cref="DeleteAsync"/> for callers that cannot wait otherwise.</summary>
    public Deletion? Delete(KindDefinition kind, string? ns, string name, DeleteRequest request)
    {
        var deletion = DeleteAsync(kind, ns, name, request);
        return deletion.IsCompleted ? deletion.GetAwaiter().GetResult() : deletion.AsTask().GetAwaiter().GetResult();
    }

    private Deletion Delete(KindDefinition kind, ResourceName collection, StoredObject stored, DeleteRequest request)
    {
        var name = stored.Name;
        CheckPreconditions(kind, stored, request);
        if (Writer.IsNamespace(kind) && name is "default" or "kube-system" or "kube-public")
        {
            throw Refusals.Forbidden(kind.Name, name, "this namespace may not be deleted");
        }

        var obj = stored.Object.Copy();
        var metadata = obj.Child("metadata");
        if (metadata.Text("deletionTimestamp") is not null)
        {
            return DeleteAgain(kind, collection, stored, obj, request);
        }

        if (collection == DefinitionLifecycle.Definitions)
        {
            metadata["deletionTimestamp"] = Cluster.Timestamp(cluster.Time.GetUtcNow());
            DefinitionLifecycle.Mark(obj, cluster.Time.GetUtcNow());
            return Mark(kind, collection, stored, obj, request);
        }

        SetFinalizers(kind, metadata, request);
        if (IsPod(kind))
        {
            return Stop(kind, collection, stored, obj, GracePeriod(obj, request.GracePeriodSeconds), request);
        }

        if (metadata.Texts("finalizers").Count == 0 && !HeldByKind(kind, obj))
        {
            return Remove(kind, collection, stored, request);
        }

        metadata["deletionTimestamp"] = Cluster.Timestamp(cluster.Time.GetUtcNow());
        metadata["deletionGracePeriodSeconds"] = 0;
        NextGeneration(metadata);
        if (Writer.IsNamespace(kind))
        {
            metadata.Remove("deletionGracePeriodSeconds");
            obj.Child("status")["phase"] = "Terminating";
        }

        return Mark(kind, collection, stored, obj, request);
    }

    /// <summary>Gives a pod time to stop; without time it is marked all the same before it goes.</summary>
    private Deletion Stop(KindDefinition kind, ResourceName collection, StoredObject stored, JsonObject obj, long grace, DeleteRequest request)
    {
        var metadata = obj.Child("metadata");
        metadata["deletionTimestamp"] = Cluster.Timestamp(cluster.Time.GetUtcNow().AddSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
        NextGeneration(metadata);
        return MarkOrRemove(kind, collection, stored, obj, request);
    }

    private Deletion MarkOrRemove(KindDefinition kind, ResourceName collection, StoredObject stored, JsonObject obj, DeleteRequest request)
    {
        if (!Writer.IsReleased(kind, obj) || request.DryRun)
        {
            return Mark(kind, collection, stored, obj, request);
        }

        return Remove(kind, collection, store.Put(collection, obj, stored), request);
    }

    private static void NextGeneration(JsonObject metadata)
    {
        if (metadata.Integer("generation") is { } generation and > 0)
        {
            metadata["generation"] = generation + 1;
        }
    }

    private static bool IsPod(KindDefinition kind) => kind is { Group: "", Plural: "pods" };

    /// <summary>A pod's time may only become shorter; of other objects a later delete may still change the propagation.</summary>
    private Deletion DeleteAgain(KindDefinition kind, ResourceName collection, StoredObject stored, JsonObject obj, DeleteRequest request)
    {
        var metadata = obj.Child("metadata");
        if (!IsPod(kind))
        {
            if (!Writer.IsNamespace(kind))
            {
                SetFinalizers(kind, metadata, request);
            }

            return Writer.IsReleased(kind, obj) ? Remove(kind, collection, stored, request)
                : JsonNode.DeepEquals(obj, stored.Object) ? new Deletion(Writer.View(kind, stored), false)
                : Mark(kind, collection, stored, obj, request);
        }

        var present = metadata.Integer("deletionGracePeriodSeconds") ?? 0;
        if (present > 0 && request.GracePeriodSeconds is { } shorter && shorter < present)
        {
            shorter = Math.Max(shorter, 0);
            var due = DateTimeOffset.Parse(metadata.Text("deletionTimestamp")!).AddSeconds(shorter - present);
            metadata["deletionTimestamp"] = Cluster.Timestamp(due);
            metadata["deletionGracePeriodSeconds"] = shorter;
            return MarkOrRemove(kind, collection, stored, obj, request);
        }

        return Writer.IsReleased(kind, obj) ? Remove(kind, collection, stored, request) : new Deletion(Writer.View(kind, stored), false);
    }

    private Deletion Mark(KindDefinition kind, ResourceName collection, StoredObject stored, JsonObject obj, DeleteRequest request)
    {
        if (request.DryRun)
        {
            return new Deletion(obj, false);
        }

        var marked = store.Put(collection, obj, stored);
        definitions.Committed(collection, marked);
        return new Deletion(Writer.View(kind, marked), false);
    }

    private Deletion Remove(KindDefinition kind, ResourceName collection, StoredObject stored, DeleteRequest request)
    {
        if (request.DryRun)
        {
            return new Deletion(Writer.View(kind, stored), true);
        }

        var removed = store.Remove(collection, stored);
        definitions.Removed(collection, removed);
        return new Deletion(Writer.View(kind, removed), true);
    }

    private static void CheckPreconditions(KindDefinition kind, StoredObject stored, DeleteRequest request)
    {
        if (kind.Name == DefinitionLifecycle.Definitions || Writer.IsNamespace(kind))
        {
            CheckHolder(kind, stored, request);
            return;
        }

        // This check names the kind where all others name the resource.
        var name = new ResourceName(kind.Group, kind.Kind);
        if (request.Uid is { } uid && uid != stored.Object.Text("metadata", "uid"))
        {
            throw Refusals.Conflict(
                name, stored.Name, $"the UID in the precondition ({uid}) does not match the UID in record ({stored.Object.Text("metadata", "uid")}). The object might have been deleted and then recreated");
        }

        if (request.ResourceVersion is { } version && version != stored.Object.Text("metadata", "resourceVersion"))
        {
            throw Refusals.Conflict(
                name,
                stored.Name,
                $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({stored.Object.Text("metadata", "resourceVersion")}). The object might have been modified");
        }
    }

    /// <summary>Objects that hold others have a check of their own, in the words of an update's.</summary>
    private static void CheckHolder(KindDefinition kind, StoredObject stored, DeleteRequest request)
    {
        var present = stored.Object.Object("metadata")!;
        if (request.Uid is { } uid && uid != present.Text("uid"))
        {
            throw Refusals.Conflict(kind.Name, stored.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {present.Text("uid")}");
        }

        if (request.ResourceVersion is { } version && version != present.Text("resourceVersion"))
        {
            throw Refusals.Conflict(
                kind.Name, stored.Name, $"Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {present.Text("resourceVersion")}");
        }
    }

    /// <summary>The collector's finalizers follow the propagation asked for; without one, what the object or its kind says.</summary>
    private static void SetFinalizers(KindDefinition kind, JsonObject metadata, DeleteRequest request)
    {
        var present = metadata.Texts("finalizers");
        var own = request.Propagation switch
        {
            "Orphan" => OrphanFinalizer,
            "Foreground" => ForegroundFinalizer,
            "Background" => null,
            _ when present.Contains(OrphanFinalizer) => OrphanFinalizer,
            _ when present.Contains(ForegroundFinalizer) => ForegroundFinalizer,

            // Jobs predate collection: clients that do not say expect their pods to stay.
            _ when kind is { Group: "batch", Plural: "jobs" } or { Group: "", Plural: "replicationcontrollers" } => OrphanFinalizer,
            _ => null,
        };
        var finalizers = present.Where(name => name is not (OrphanFinalizer or ForegroundFinalizer)).ToList();
        if (own is not null)
        {
            finalizers.Add(own);
        }

        if (!finalizers.ToHashSet().SetEquals(present))
        {
            metadata.SetTexts("finalizers", finalizers);
        }
    }

    /// <summary>Only pods take time to stop, and only once a kubelet has them.</summary>
    private static long GracePeriod(JsonObject obj, long? requested)
    {
        if (string.IsNullOrEmpty(obj.Text("spec", "nodeName"))
            || obj.Text("status", "phase") is "Succeeded" or "Failed")
        {
            return 0;
        }

        var grace = requested ?? obj.Integer("spec", "terminationGracePeriodSeconds") ?? 30;
        return grace < 0 ? 1 : grace;
    }

    private static bool HeldByKind(KindDefinition kind, JsonObject obj) => Writer.IsNamespace(kind) && obj.Texts("spec", "finalizers").Count > 0;
}
