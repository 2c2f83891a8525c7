using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers delete and delete-collection.</summary>
internal sealed class DeleteHandler(Cluster cluster, ListHandler lists)
{
    private const string OrphanedPods =
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

    /// <summary>DELETE of an object.</summary>
    public async Task Delete(ResourceRequest request)
    {
        var options = await Options(request);
        if (await cluster.Deleter.DeleteAsync(request.Kind, request.Namespace, request.Name, options) is not { } deletion)
        {
            throw request.NotFound();
        }

        if (options.Propagation is null && request.Kind is { Group: "batch", Plural: "jobs" })
        {
            Reply.Warn(request.Context, [OrphanedPods]);
        }

        Reply.Warn(request.Context, options.Warnings);
        await Answer(request, deletion, options.OrphanDependents == false && !deletion.Removed ? 202 : 200);
    }

    /// <summary>The answer to a delete: the object while it lasts, a Status once it is gone.</summary>
    private Task Answer(ResourceRequest request, Deletion deletion, int status)
    {
        var presentation = Presentation.Of(request.Context.Request.Headers.Accept);
        if (!deletion.Removed || UpdateRules.ReturnsDeletedObject(request.Kind))
        {
            return Reply.Json(request.Context, status, lists.WriterFor(request, presentation).One(deletion.Object), presentation);
        }

        var details = new JsonObject { ["name"] = request.Name };
        if (request.Kind.Group.Length > 0)
        {
            details["group"] = request.Kind.Group;
        }

        details["kind"] = request.Kind.Plural;
        details["uid"] = deletion.Object.Text("metadata", "uid");
        return Reply.Json(request.Context, 200, Reply.Success(details: details), presentation with { Form = AnswerForm.Object });
    }

    /// <summary>DELETE of a collection: each object that is selected, as if by itself.</summary>
    public async Task DeleteCollection(ResourceRequest request)
    {
        var options = await Options(request);
        var presentation = Presentation.Of(request.Context.Request.Headers.Accept);
        var page = lists.Read(request, request.Selection());
        foreach (var item in page.Items)
        {
            await cluster.Deleter.DeleteAsync(request.Kind, item.Namespace, item.Name, options);
        }

        Reply.Warn(request.Context, options.Warnings);
        var bytes = lists.WriterFor(request, presentation).List(page.Items, new JsonObject { ["resourceVersion"] = page.Revision.ToString() });
        await Reply.Bytes(request.Context, 200, presentation.ContentType, bytes);
    }

    /// <summary>Delete options from the body or, when there is none, from the query.</summary>
    private static async Task<DeleteRequest> Options(ResourceRequest request)
    {
        var http = request.Context.Request;
        if (await RequestBody.Optional(http) is { } body)
        {
            CheckType(body);
            return Options(body);
        }

        var options = new JsonObject();
        if (http.Query["propagationPolicy"].ToString() is { Length: > 0 } propagation)
        {
            options["propagationPolicy"] = propagation;
        }

        if (RequestOptions.Flag(http, "orphanDependents") is { } orphan)
        {
            options["orphanDependents"] = orphan;
        }

        if (RequestOptions.Integer(http, "gracePeriodSeconds") is { } seconds)
        {
            options["gracePeriodSeconds"] = seconds;
        }

        options.SetTexts("dryRun", [.. http.Query["dryRun"].OfType<string>().Where(stage => stage.Length > 0)]);
        return Options(options);
    }

    /// <summary>Options may be of any group that has objects; what is not DeleteOptions at all is a fault nobody foresaw.</summary>
    private static void CheckType(JsonObject body)
    {
        var kind = body.Text("kind") ?? "";
        var apiVersion = body.Text("apiVersion") ?? "";
        if (kind is not ("" or "DeleteOptions") || !(apiVersion is "" or "v1" || apiVersion.Contains('/')))
        {
            throw new StatusException(500, "", $"no kind \"{kind}\" is registered for version \"{apiVersion}\" in scheme");
        }
    }

    /// <summary>Reads delete options.</summary>
    public static DeleteRequest Options(JsonObject? body)
    {
        var errors = new FieldErrors();
        var propagation = body.Text("propagationPolicy");
        var orphan = body.Flag("orphanDependents");
        if (propagation is not null && orphan is not null)
        {
            errors.Invalid("propagationPolicy", $"\"{propagation}\"", "orphanDependents and deletionPropagation cannot be both set");
        }

        if (propagation is not (null or "Foreground" or "Background" or "Orphan"))
        {
            errors.NotSupported("propagationPolicy", $"\"{propagation}\"", ["Foreground", "Background", "Orphan", "nil"]);
        }

        if (body.Texts("dryRun") is { Count: > 0 } stages && stages.Any(stage => stage != "All"))
        {
            errors.NotSupported("dryRun", $"[\"{string.Join("\",\"", stages)}\"]", ["All"]);
        }

        if (errors.Any)
        {
            throw Refusals.InvalidOptions("DeleteOptions", errors);
        }

        return new DeleteRequest
        {
            Uid = body.Text("preconditions", "uid"),
            ResourceVersion = body.Text("preconditions", "resourceVersion"),
            OrphanDependents = orphan,
            Propagation = propagation ?? (orphan is null ? null : orphan.Value ? "Orphan" : "Background"),
            GracePeriodSeconds = body.Integer("gracePeriodSeconds"),
            DryRun = body.Texts("dryRun").Contains("All"),
        };
    }
}
