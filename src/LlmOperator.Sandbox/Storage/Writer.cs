using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Admission;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.CustomResources;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Storage;

/// <summary>
/// Creates and changes objects in the order the API server does: admission by namespace, system fields, what a path may not
/// touch, field ownership, the kind's own preparation, validation, commit. Objects come in normalised
/// (<see cref="ObjectShape"/>) and are the writer's to change. Without webhooks a write is one step under the store's lock;
/// with them it lets go of the lock while they are asked, and starts anew when the object has changed meanwhile.
/// </summary>
internal sealed class Writer(Cluster cluster, ObjectStore store, DefinitionLifecycle definitions)
{
    private const string NameCharacters = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Creates an object; <see cref="CreateAsync"/> for callers that cannot wait otherwise.</summary>
    public JsonObject Create(KindDefinition kind, JsonObject obj, WriteRequest request, bool owned = false) =>
        Wait(CreateAsync(kind, obj, request, owned));

    /// <summary>Creates an object.</summary>
    /// <param name="kind">Kind and version it is written in.</param>
    /// <param name="obj">The object.</param>
    /// <param name="request">The write.</param>
    /// <param name="owned">Whether <c>managedFields</c> are already worked out (server-side apply).</param>
    public async ValueTask<JsonObject> CreateAsync(KindDefinition kind, JsonObject obj, WriteRequest request, bool owned = false)
    {
        var version = obj.Text("metadata", "resourceVersion");
        if (WriteAdmission.For(cluster, kind, "CREATE", request) is not { } admission)
        {
            lock (store.Gate)
            {
                Begin(kind, obj, request, owned);
                Complete(kind, obj, request);
                return StoreNew(kind, obj, request, version);
            }
        }

        lock (store.Gate)
        {
            Begin(kind, obj, request, owned);
        }

        obj = await admission.Mutate(obj, null);
        lock (store.Gate)
        {
            Wipe(kind, obj);
            Complete(kind, obj, request);
        }

        await admission.Validate(obj, null);
        lock (store.Gate)
        {
            return StoreNew(kind, obj, request, version);
        }
    }

    /// <summary>Replaces an object; <see cref="UpdateAsync"/> for callers that cannot wait otherwise.</summary>
    public JsonObject? Update(KindDefinition kind, string? ns, string name, Func<JsonObject, JsonObject> change, WriteRequest request, bool owned = false) =>
        Wait(UpdateAsync(kind, ns, name, change, request, owned));

    /// <summary>Replaces an object by what <paramref name="change"/> makes of it; null when there is none.</summary>
    /// <param name="kind">Kind and version it is written in.</param>
    /// <param name="ns">Namespace.</param>
    /// <param name="name">Name.</param>
    /// <param name="change">Given the present object, which it must not change, the wanted one. Called again when the object changed meanwhile.</param>
    /// <param name="request">The write.</param>
    /// <param name="owned">Whether <c>managedFields</c> are already worked out (server-side apply).</param>
    public async ValueTask<JsonObject?> UpdateAsync(
        KindDefinition kind, string? ns, string name, Func<JsonObject, JsonObject> change, WriteRequest request, bool owned = false)
    {
        var collection = KindRegistry.CollectionOf(kind);
        if (WriteAdmission.For(cluster, kind, "UPDATE", request) is not { } admission)
        {
            lock (store.Gate)
            {
                if (store.Get(collection, ns, name) is not { } stored)
                {
                    return null;
                }

                var old = View(kind, stored);
                var obj = change(old);
                if (ReferenceEquals(obj, old))
                {
                    return old;
                }

                BeginChange(kind, name, obj, old, request, owned);
                CompleteChange(kind, name, obj, old, request);
                return StoreChange(kind, collection, stored, obj, old, request);
            }
        }

        while (true)
        {
            StoredObject stored;
            JsonObject old, obj;
            lock (store.Gate)
            {
                if (store.Get(collection, ns, name) is not { } present)
                {
                    return null;
                }

                stored = present;
                old = View(kind, stored);
                obj = change(old);
                if (ReferenceEquals(obj, old))
                {
                    return old;
                }

                // The caller's object must stay as it was sent: it is needed again when another writer comes in between.
                obj = obj.Copy();
                BeginChange(kind, name, obj, old, request, owned);
            }

            obj = await admission.Mutate(obj, old);
            lock (store.Gate)
            {
                CarrySystemFields(obj, old);
                KeepForeignParts(kind, obj, old, request.Subresource);
                CompleteChange(kind, name, obj, old, request);
            }

            await admission.Validate(obj, old);
            lock (store.Gate)
            {
                if (ReferenceEquals(store.Get(collection, ns, name), stored))
                {
                    return StoreChange(kind, collection, stored, obj, old, request);
                }
            }
        }
    }

    /// <summary>An object as a version of its kind shows it. Shared: never change it.</summary>
    public static JsonObject View(KindDefinition kind, StoredObject stored) => stored.As(kind);

    /// <summary>Whether nothing holds back an object that is marked for deletion.</summary>
    public static bool IsReleased(KindDefinition kind, JsonObject obj) =>
        obj.Text("metadata", "deletionTimestamp") is not null
        && obj.Integer("metadata", "deletionGracePeriodSeconds") is null or 0
        && obj.Texts("metadata", "finalizers").Count == 0
        && !(IsNamespace(kind) && obj.Texts("spec", "finalizers").Count > 0);

    /// <summary>Namespaces have finalizers of their own in <c>spec</c>.</summary>
    public static bool IsNamespace(KindDefinition kind) => kind is { Group: "", Plural: "namespaces" };

    private void Begin(KindDefinition kind, JsonObject obj, WriteRequest request, bool owned)
    {
        var metadata = obj.Child("metadata");
        if (!kind.Namespaced)
        {
            metadata.Remove("namespace");
        }

        Admit(kind, metadata);
        Wipe(kind, obj);
        if (!owned)
        {
            FieldManager.Update(null, obj, kind, request.Manager, request.Subresource, cluster.Time.GetUtcNow());
        }
    }

    private void Complete(KindDefinition kind, JsonObject obj, WriteRequest request)
    {
        var metadata = obj.Child("metadata");
        FillSystemFields(kind, metadata);
        if (metadata.Text("name") is null or "" && metadata.Text("generateName") is { Length: > 0 } prefix)
        {
            metadata["name"] = prefix[..Math.Min(prefix.Length, 58)] + RandomNumberGenerator.GetString(NameCharacters, 5);
        }

        var context = new WriteContext(cluster, request.Subresource, request.DryRun);
        kind.Behavior.Prepare(obj, null, context);
        if (!kind.Custom && kind.StatusSubresource && !obj.ContainsKey("status"))
        {
            obj["status"] = new JsonObject();
        }

        var errors = new FieldErrors();
        Validate(kind, obj, null, context, errors);
        kind.Rules?.Value?.Check(obj, null, errors, request.Warnings);
        if (errors.Any)
        {
            throw StatusOf(kind, obj, metadata.Text("name") ?? "", errors);
        }
    }

    private JsonObject StoreNew(KindDefinition kind, JsonObject obj, WriteRequest request, string? version)
    {
        if (request is { IsNew: true, DryRun: false } && ulong.TryParse(version, out var number) && number > 0)
        {
            throw new Server.StatusException(500, "", "resourceVersion should not be set on objects to be created");
        }

        var name = obj.Text("metadata", "name") ?? "";
        var collection = KindRegistry.CollectionOf(kind);
        if (store.Get(collection, obj.Text("metadata", "namespace"), name) is not null)
        {
            throw Refusals.AlreadyExists(kind.Name, name);
        }

        Warn(kind, obj, null, request);
        if (request.DryRun)
        {
            return obj;
        }

        var stored = store.Put(collection, ToStorage(kind, obj), null);
        definitions.Committed(collection, stored);
        return View(kind, stored);
    }

    private void BeginChange(KindDefinition kind, string name, JsonObject obj, JsonObject old, WriteRequest request, bool owned)
    {
        CheckPreconditions(kind, name, obj, old, request);
        CarrySystemFields(obj, old);
        KeepForeignParts(kind, obj, old, request.Subresource);
        if (!owned)
        {
            FieldManager.Update(old, obj, kind, request.Manager, request.Subresource, cluster.Time.GetUtcNow());
        }
    }

    private void CompleteChange(KindDefinition kind, string name, JsonObject obj, JsonObject old, WriteRequest request)
    {
        var context = new WriteContext(cluster, request.Subresource, request.DryRun);
        kind.Behavior.Prepare(obj, old, context);
        if (kind.HasGeneration && request.Subresource is null or "scale" && kind.Behavior.IsNewGeneration(obj, old))
        {
            obj.Child("metadata")["generation"] = (old.Integer("metadata", "generation") ?? 0) + 1;
        }

        var errors = new FieldErrors();
        ValidateUpdate(kind, obj, old, context, errors);
        kind.Rules?.Value?.Check(obj, old, errors, request.Warnings);
        if (errors.Any)
        {
            throw StatusOf(kind, obj, name, errors);
        }
    }

    private JsonObject StoreChange(KindDefinition kind, ResourceName collection, StoredObject stored, JsonObject obj, JsonObject old, WriteRequest request)
    {
        if (OwnershipTimes.SameBut(obj, old) && IsStoredSo(kind, obj, old, stored))
        {
            return old;
        }

        Warn(kind, obj, old, request);
        return request.DryRun ? obj : Commit(kind, collection, stored, obj);
    }

    private JsonObject Commit(KindDefinition kind, ResourceName collection, StoredObject stored, JsonObject obj)
    {
        if (IsReleased(kind, obj))
        {
            definitions.Removed(collection, store.Remove(collection, stored));
            return obj;
        }

        var written = store.Put(collection, ToStorage(kind, obj), stored);
        definitions.Committed(collection, written);
        return View(kind, written);
    }

    /// <summary>What only reading filled in (a default the schema has gained since) is written by the next update, whatever that changes.</summary>
    private static bool IsStoredSo(KindDefinition kind, JsonObject obj, JsonObject old, StoredObject stored) =>
        !kind.Custom || ReferenceEquals(old, stored.Object) || OwnershipTimes.SameBut(ToStorage(kind, obj.Copy()), stored.Object);

    private void Admit(KindDefinition kind, JsonObject metadata)
    {
        if (!kind.Namespaced)
        {
            return;
        }

        var ns = metadata.Text("namespace") ?? "";
        if (store.Get(Cluster.Namespaces, null, ns) is not { } found)
        {
            throw Refusals.NotFound(Cluster.Namespaces, ns);
        }

        if (found.Object.Text("metadata", "deletionTimestamp") is not null)
        {
            throw Refusals.Forbidden(
                kind.Name,
                metadata.Text("name") ?? "",
                $"unable to create new content in namespace {ns} because it is being terminated",
                [new JsonObject { ["reason"] = "NamespaceTerminating", ["message"] = $"namespace {ns} is being terminated", ["field"] = "metadata.namespace" }]);
        }
    }

    private void FillSystemFields(KindDefinition kind, JsonObject metadata)
    {
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Cluster.Timestamp(cluster.Time.GetUtcNow());
        if (kind.HasGeneration)
        {
            metadata["generation"] = 1;
        }
    }

    /// <summary>What only the server may say of a new object goes.</summary>
    private static void Wipe(KindDefinition kind, JsonObject obj)
    {
        var metadata = obj.Child("metadata");
        foreach (var name in (ReadOnlySpan<string>)["deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink", "generation", "uid", "creationTimestamp"])
        {
            metadata.Remove(name);
        }

        // A node's first status comes from its kubelet, which creates it with one.
        if (kind.StatusSubresource && kind is not { Group: "", Plural: "nodes" })
        {
            obj.Remove("status");
        }
    }

    private static void CheckPreconditions(KindDefinition kind, string name, JsonObject obj, JsonObject old, WriteRequest request)
    {
        // What a patch makes of the uid is judged as any other change of it: it may not.
        if (!request.IsPatch && obj.Text("metadata", "uid") is { Length: > 0 } uid && uid != old.Text("metadata", "uid"))
        {
            throw Refusals.Conflict(kind.Name, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Text("metadata", "uid")}");
        }

        var version = obj.Text("metadata", "resourceVersion") ?? "";
        if (version.Length == 0)
        {
            if (!UpdateRules.AllowsUnconditionalUpdate(kind))
            {
                throw Refusals.Invalid(kind, name, "metadata.resourceVersion", "0", "must be specified for an update");
            }
        }
        else if (!ulong.TryParse(version, out _))
        {
            throw new Server.StatusException(500, "", $"strconv.ParseUint: parsing \"{version}\": invalid syntax");
        }
        else if (version != old.Text("metadata", "resourceVersion"))
        {
            throw Refusals.Stale(kind.Name, name);
        }
    }

    private static void CarrySystemFields(JsonObject obj, JsonObject old)
    {
        var metadata = obj.Child("metadata");
        var oldMetadata = old.Object("metadata")!;
        foreach (var field in (ReadOnlySpan<string>)["name", "namespace", "uid", "creationTimestamp"])
        {
            if (metadata.Text(field) is null or "")
            {
                Carry(metadata, oldMetadata, field);
            }
        }

        foreach (var field in (ReadOnlySpan<string>)["generation", "resourceVersion", "selfLink"])
        {
            Carry(metadata, oldMetadata, field);
        }

        // Nobody can take a deletion back; to mark an object oneself is refused as a change of an immutable field.
        foreach (var field in (ReadOnlySpan<string>)["deletionTimestamp", "deletionGracePeriodSeconds"])
        {
            if (oldMetadata.ContainsKey(field))
            {
                Carry(metadata, oldMetadata, field);
            }
        }
    }

    /// <summary>A path changes only its part: the object itself everything but status, the status subresource nothing but it.</summary>
    private static void KeepForeignParts(KindDefinition kind, JsonObject obj, JsonObject old, string? subresource)
    {
        if (subresource == "status")
        {
            foreach (var name in obj.Select(field => field.Key).Union(old.Select(field => field.Key)).ToList())
            {
                if (name is not ("apiVersion" or "kind" or "metadata" or "status"))
                {
                    Carry(obj, old, name);
                }
            }

            var metadata = obj.Child("metadata");
            var oldMetadata = old.Object("metadata")!;
            foreach (var name in metadata.Select(field => field.Key).Union(oldMetadata.Select(field => field.Key)).ToList())
            {
                if (name != "managedFields" && !IsOpenToStatus(kind, name))
                {
                    Carry(metadata, oldMetadata, name);
                }
            }
        }
        else if (kind.StatusSubresource && subresource is null or "scale" or "finalize")
        {
            Carry(obj, old, "status");
        }
    }

    /// <summary>Whether a write of the status may change a field of the metadata: of built-in kinds it may, with a few exceptions.</summary>
    private static bool IsOpenToStatus(KindDefinition kind, string field) => !kind.Custom && (kind.Group, kind.Plural, field) is not (
        ("apiextensions.k8s.io", _, _)
        or ("apps", "deployments", "labels")
        or ("", "pods", "ownerReferences"))
        && field is ("labels" or "annotations" or "finalizers" or "ownerReferences");

    private static void Carry(JsonObject obj, JsonObject old, string field)
    {
        if (old[field] is { } value)
        {
            obj[field] = value.DeepClone();
        }
        else
        {
            obj.Remove(field);
        }
    }

    private static void Validate(KindDefinition kind, JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (kind.Custom && obj.Text("kind") != kind.Kind)
        {
            errors.Invalid("kind", $"\"{obj.Text("kind")}\"", $"must be {kind.Kind}");
            return;
        }

        ObjectMetaRules.Validate(kind, obj.Child("metadata"), errors);
        if (kind.Custom)
        {
            // Built-in kinds have rules of their own: lists that merge by key may still hold a key twice (env, ports).
            Validator.Validate(obj, kind.Schema, errors, old);
        }

        kind.Behavior.Validate(obj, old, context, errors);
        if (kind is { Custom: true, Scale: { } scale })
        {
            ScaleView.ValidateReplicas(obj, scale, errors);
        }
    }

    private static void ValidateUpdate(KindDefinition kind, JsonObject obj, JsonObject old, WriteContext context, FieldErrors errors)
    {
        // The API server runs these rules once for all kinds and once more for the kind; readers see the causes twice.
        ObjectMetaRules.ValidateUpdate(obj.Child("metadata"), old.Object("metadata")!, errors);
        ObjectMetaRules.ValidateUpdate(obj.Child("metadata"), old.Object("metadata")!, errors);
        Validate(kind, obj, old, context, errors);
    }

    private static void Warn(KindDefinition kind, JsonObject obj, JsonObject? old, WriteRequest request)
    {
        request.Warnings.AddRange(ObjectMetaRules.Warnings(kind, obj.Child("metadata")));
        request.Warnings.AddRange(kind.Behavior.Warnings(obj, old));
    }

    /// <summary>A refusal names the kind the client wrote, right or wrong.</summary>
    private static Server.StatusException StatusOf(KindDefinition kind, JsonObject obj, string name, FieldErrors errors) =>
        Server.StatusException.Invalid(kind.Group, kind.Custom ? obj.Text("kind") ?? kind.Kind : kind.Kind, name, errors);

    /// <summary>Controllers of the sandbox write from threads of their own, which have nothing else to do.</summary>
    private static T Wait<T>(ValueTask<T> write) => write.IsCompleted ? write.GetAwaiter().GetResult() : write.AsTask().GetAwaiter().GetResult();

    private static JsonObject ToStorage(KindDefinition kind, JsonObject obj) => kind.ToStorage is { } convert ? convert(obj) : obj;
}
