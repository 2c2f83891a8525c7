using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers lists: at the latest or an older version, whole or in pages that all show the same version.</summary>
internal sealed class ListHandler(Cluster cluster)
{
    /// <summary>Answers a list.</summary>
    public Task List(ResourceRequest request)
    {
        var presentation = Presentation.Of(request.Context.Request.Headers.Accept);
        presentation.Require(list: true);
        var selection = request.Selection();
        var page = Read(request, selection);
        var metadata = new JsonObject { ["resourceVersion"] = page.Revision.ToString() };
        if (page.Continue is { } token)
        {
            metadata["continue"] = token;
        }

        if (page.Remaining is { } remaining)
        {
            metadata["remainingItemCount"] = remaining;
        }

        var bytes = WriterFor(request, presentation).List(page.Items, metadata);
        if (presentation.Yaml || request.Query.ContainsKey("pretty"))
        {
            return Reply.Json(request.Context, 200, (JsonObject)JsonNode.Parse(bytes.Span)!, presentation);
        }

        return Reply.Bytes(request.Context, 200, presentation.ContentType, bytes);
    }

    /// <summary>The form in which a request wants its objects.</summary>
    public ObjectWriter WriterFor(ResourceRequest request, Presentation presentation)
    {
        var include = request.Query["includeObject"].ToString();
        return include is "" or "None" or "Metadata" or "Object" || presentation.Form != AnswerForm.Table
            ? new ObjectWriter(request.Kind, presentation, include == "Object", include is "" or "Metadata", cluster.Time)
            : throw Refusals.BadRequest($"unrecognized includeObject value: \"{include}\"");
    }

    /// <summary>The objects a list or delete-collection is about.</summary>
    public ListPage Read(ResourceRequest request, Selection selection)
    {
        var versionText = request.Query["resourceVersion"].ToString();
        var match = request.Query["resourceVersionMatch"].ToString();
        var continued = request.Query["continue"].ToString();
        CheckOptions(request, versionText, match, continued);
        var limit = RequestOptions.Integer(request.Context.Request, "limit") ?? 0;
        var version = RequestOptions.Version(versionText);
        if (continued.Length > 0)
        {
            if (version is not null)
            {
                throw Refusals.BadRequest("specifying resource version is not allowed when using continue");
            }

            var token = ContinueToken.Parse(continued);
            var state = token.Revision == -1 ? cluster.Store.Latest(request.Collection) : cluster.Store.At(request.Collection, token.Revision);
            return state is null ? throw ExpiredPage(token) : Page(request, selection, state, token.After, limit);
        }

        var latest = cluster.Store.Latest(request.Collection);
        if (version > latest.Revision)
        {
            throw Refusals.TooLargeVersion(version.Value, latest.Revision);
        }

        // A page at a version without a match is exact, a whole list merely not older: the rules grew that way.
        if (version is { } exact && (match == "Exact" || (match.Length == 0 && limit > 0)))
        {
            latest = cluster.Store.At(request.Collection, exact)
                ?? throw Refusals.Expired($"The resourceVersion for the provided list is too old.");
        }

        // "Whatever is there" is answered from memory, whole.
        return Page(request, selection, latest, "", versionText == "0" ? 0 : limit);
    }

    private static ListPage Page(ResourceRequest request, Selection selection, Snapshot state, string after, long limit)
    {
        var items = new List<StoredObject>();
        var rest = 0L;
        string? last = null;
        foreach (var item in ObjectStore.Range(state, request.Namespace))
        {
            if (after.Length > 0 && string.CompareOrdinal(item.Key, after) <= 0)
            {
                continue;
            }

            if (limit > 0 && items.Count >= limit)
            {
                rest++;
                continue;
            }

            if (selection.Matches(item))
            {
                items.Add(item);
                last = item.Key;
            }
        }

        return rest == 0
            ? new ListPage(items, state.Revision, null, null)
            : new ListPage(items, state.Revision, new ContinueToken(state.Revision, last!).ToString(), selection.IsEverything ? rest : null);
    }

    private static StatusException ExpiredPage(ContinueToken token) => new(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.")
    {
        Continue = new ContinueToken(-1, token.After).ToString(),
    };

    private static void CheckOptions(ResourceRequest request, string version, string match, string continued)
    {
        var errors = new FieldErrors();
        if (match.Length > 0)
        {
            if (version.Length == 0)
            {
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
            }

            if (continued.Length > 0)
            {
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
            }

            if (match is not ("Exact" or "NotOlderThan"))
            {
                errors.NotSupported("resourceVersionMatch", $"\"{match}\"", ["Exact", "NotOlderThan"]);
            }

            if (match == "Exact" && version == "0")
            {
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
            }
        }

        if (request.Query.ContainsKey("sendInitialEvents"))
        {
            errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }

        if (errors.Any)
        {
            throw Refusals.InvalidOptions("ListOptions", errors);
        }
    }
}

/// <summary>A page of a list.</summary>
/// <param name="Items">Objects.</param>
/// <param name="Revision">Version the list stands for.</param>
/// <param name="Continue">Token of the next page, null on the last.</param>
/// <param name="Remaining">Objects on later pages; null when a selector makes that unknown.</param>
internal sealed record ListPage(IReadOnlyList<StoredObject> Items, long Revision, string? Continue, long? Remaining);
