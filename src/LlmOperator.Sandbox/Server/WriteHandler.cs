using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers create, replace, patch and apply.</summary>
internal sealed class WriteHandler(Cluster cluster, ListHandler lists)
{
    /// <summary>POST to a collection.</summary>
    public async Task Create(ResourceRequest request)
    {
        var http = request.Context.Request;
        var body = await RequestBody.ReadObject(http);
        var write = RequestOptions.Write(http, "CreateOptions", null);
        var obj = body.Object;
        CheckVersion(request, obj);
        CheckType(request, obj);
        FitNamespace(request, obj);
        ObjectShape.Normalise(request.Kind, obj, write, body.Duplicates);
        await Answer(request, 201, await cluster.Writer.CreateAsync(request.Kind, obj, write), write);
    }

    /// <summary>PUT of an object or a subresource.</summary>
    public async Task Replace(ResourceRequest request, string? subresource)
    {
        var http = request.Context.Request;
        var body = await RequestBody.ReadObject(http);
        var write = RequestOptions.Write(http, "UpdateOptions", subresource);
        var obj = body.Object;
        CheckVersion(request, obj);
        CheckType(request, obj);
        CheckName(request, obj);
        FitNamespace(request, obj);
        ObjectShape.Normalise(request.Kind, obj, write, body.Duplicates);
        if (await cluster.Writer.UpdateAsync(request.Kind, request.Namespace, request.Name, _ => obj, write) is { } updated)
        {
            await Answer(request, 200, updated, write);
            return;
        }

        if (obj.Text("metadata", "uid") is { Length: > 0 } uid)
        {
            // Somebody writes to an object that has been deleted meanwhile: the server finds no object with this uid before it finds none at all.
            throw Refusals.Conflict(request.Kind.Name, request.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: ");
        }

        if (subresource is not null || !UpdateRules.AllowsCreateOnUpdate(request.Kind))
        {
            throw request.NotFound();
        }

        await Answer(request, 201, await cluster.Writer.CreateAsync(request.Kind, obj, write), write);
    }

    /// <summary>PATCH of an object or a subresource.</summary>
    public async Task Patch(ResourceRequest request, string? subresource)
    {
        _ = request.Name;
        var (type, body) = await RequestBody.Patch(request.Context.Request, request.Kind);
        if (type == "application/apply-patch+yaml")
        {
            await Apply(request, subresource, body);
            return;
        }

        var write = RequestOptions.Write(request.Context.Request, "PatchOptions", subresource);
        var updated = await cluster.Writer.UpdateAsync(
            request.Kind,
            request.Namespace,
            request.Name,
            present =>
            {
                var patched = Patches.Apply(type, present, body, request.Kind.Schema);
                Decode(request, patched, write, body);
                CheckName(request, patched);
                FitNamespace(request, patched);
                return patched;
            },
            write);
        await Answer(request, 200, updated ?? throw request.NotFound(), write);
    }

    private async Task Apply(ResourceRequest request, string? subresource, RequestBody body)
    {
        var write = RequestOptions.Write(request.Context.Request, "PatchOptions", subresource, apply: true);
        var force = RequestOptions.Flag(request.Context.Request, "force") ?? false;
        var applied = body.Object;
        FieldManager.CheckConfig(applied, request.Kind);
        if (applied.Text("metadata", "name") is { Length: > 0 } || cluster.Store.Get(request.Collection, request.Namespace, request.Name) is null)
        {
            CheckName(request, applied);
        }

        FitNamespace(request, applied);

        // A configuration names only what its owner means: defaults come after the merge.
        ObjectShape.Check(request.Kind, applied, write, body.Duplicates);
        JsonObject Merge(JsonObject? live) =>
            FieldManager.Apply(live, applied, request.Kind, write.Manager, subresource, force, cluster.Time.GetUtcNow());

        var (status, result) = await ApplyOrCreate(request, subresource, applied, Merge, write);
        await Answer(request, status, result, write);
    }

    /// <summary>An object that is created or deleted by another writer between the two attempts is looked at anew.</summary>
    private async Task<(int Status, JsonObject Object)> ApplyOrCreate(
        ResourceRequest request, string? subresource, JsonObject applied, Func<JsonObject?, JsonObject> merge, WriteRequest write)
    {
        while (true)
        {
            if (await cluster.Writer.UpdateAsync(request.Kind, request.Namespace, request.Name, merge, write, owned: true) is { } updated)
            {
                return (200, updated);
            }

            if (subresource is not null)
            {
                throw request.NotFound();
            }

            if (applied.Text("metadata", "uid") is { Length: > 0 } uid)
            {
                throw Refusals.Conflict(request.Kind.Name, request.Name, $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            }

            try
            {
                return (201, await cluster.Writer.CreateAsync(request.Kind, merge(null), write, owned: true));
            }
            catch (StatusException refusal) when (refusal.Reason == "AlreadyExists")
            {
            }
        }
    }

    /// <summary>Sends an object and the warnings of its write.</summary>
    private Task Answer(ResourceRequest request, int status, JsonObject obj, WriteRequest write)
    {
        Reply.Warn(request.Context, write.Warnings);
        var presentation = Presentation.Of(request.Context.Request.Headers.Accept);
        presentation.Require(list: false);
        return Reply.Json(request.Context, status, lists.WriterFor(request, presentation).One(obj), presentation);
    }

    /// <summary>A patched object that cannot be decoded is the fault of the patch.</summary>
    private static void Decode(ResourceRequest request, JsonObject patched, WriteRequest write, RequestBody body)
    {
        try
        {
            if (request.Kind.Custom && patched.Text("kind") is { Length: > 0 } kind && patched.Text("apiVersion") is { } apiVersion && apiVersion != request.Kind.ApiVersion)
            {
                throw OtherVersion(request, kind, apiVersion);
            }

            CheckType(request, patched);
            ObjectShape.Normalise(request.Kind, patched, write, body.Duplicates);
        }
        catch (StatusException fault) when (fault.Code == 400)
        {
            var errors = new FieldErrors();
            errors.Invalid("patch", JsonScalars.Quote(patched.ToJsonString()), fault.Message);
            throw StatusException.Invalid("", "", "", errors);
        }
    }

    /// <summary>A patch may make any object of a custom one; that it is of another version is a fault of the object.</summary>
    private static StatusException OtherVersion(ResourceRequest request, string kind, string apiVersion)
    {
        var errors = new FieldErrors();
        if (kind != request.Kind.Kind)
        {
            errors.Invalid("kind", JsonScalars.Quote(kind), $"must be {request.Kind.Kind}");
        }

        errors.Invalid("apiVersion", JsonScalars.Quote(apiVersion), $"must be {request.Kind.ApiVersion}");
        var slash = apiVersion.IndexOf('/');
        return StatusException.Invalid(slash < 0 ? "" : apiVersion[..slash], kind, request.Name, errors);
    }

    /// <summary>Custom objects must say their version: nothing fills it in for them.</summary>
    private static void CheckVersion(ResourceRequest request, JsonObject obj)
    {
        if (request.Kind.Custom && obj.Text("kind") is { Length: > 0 } && string.IsNullOrEmpty(obj.Text("apiVersion")))
        {
            throw Refusals.BadRequest($"the API version in the data () does not match the expected API version ({request.Kind.ApiVersion})");
        }
    }

    private static void CheckType(ResourceRequest request, JsonObject obj)
    {
        var kind = request.Kind;
        if (kind.Custom && string.IsNullOrEmpty(obj.Text("kind")))
        {
            throw Refusals.BadRequest($"Object 'Kind' is missing in '{obj.ToJsonString()}'");
        }

        obj["apiVersion"] ??= kind.ApiVersion;
        obj["kind"] ??= kind.Kind;
        var apiVersion = obj.Text("apiVersion");
        if (apiVersion != kind.ApiVersion)
        {
            throw Refusals.BadRequest($"the API version in the data ({apiVersion}) does not match the expected API version ({kind.ApiVersion})");
        }

        if (!kind.Custom && obj.Text("kind") != kind.Kind)
        {
            throw Refusals.BadRequest($"{obj.Text("kind")} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: converting (v1.{obj.Text("kind")}) to ({kind.Kind}): unknown conversion");
        }

        if (obj.At("metadata") is { } metadata and not JsonObject)
        {
            throw Refusals.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: json: cannot unmarshal {metadata.GetValueKind().ToString().ToLowerInvariant()} into Go struct field {kind.Kind}.metadata of type v1.ObjectMeta");
        }
    }

    private static void CheckName(ResourceRequest request, JsonObject obj)
    {
        var name = obj.Text("metadata", "name") ?? "";
        if (name.Length == 0)
        {
            throw Refusals.BadRequest($"the name of the object ({request.Name} based on URL) was undeterminable: name must be provided");
        }
        else if (name != request.Name)
        {
            throw Refusals.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Name})");
        }

        if (request.Namespace is { } ns && obj.Text("metadata", "namespace") is { Length: > 0 } own && own != ns)
        {
            throw Refusals.BadRequest($"the namespace of the object ({own}) does not match the namespace on the request ({ns})");
        }
    }

    private static void FitNamespace(ResourceRequest request, JsonObject obj)
    {
        var metadata = obj.Child("metadata");
        if (!request.Kind.Namespaced)
        {
            metadata.Remove("namespace");
            return;
        }

        var own = metadata.Text("namespace") ?? "";
        if (own.Length == 0)
        {
            metadata["namespace"] = request.Namespace;
        }
        else if (own != request.Namespace)
        {
            throw Refusals.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }
    }
}
