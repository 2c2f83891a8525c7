using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>Streams changes: after a version, or after the present objects, with bookmarks in between.</summary>
internal sealed class WatchHandler(Cluster cluster, ListHandler lists, CancellationToken stopping)
{
    /// <summary>Time between bookmarks.</summary>
    public static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    /// <summary>How long a watch lasts when the client does not say: within the range of the real server, which adds a random part.</summary>
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(45);

    /// <summary>Answers a watch until its time is over, the client leaves, or the server stops.</summary>
    public async Task Watch(ResourceRequest request)
    {
        var presentation = Presentation.Of(request.Context.Request.Headers.Accept);
        var selection = request.Selection();
        var initialEvents = RequestOptions.Flag(request.Context.Request, "sendInitialEvents");
        CheckOptions(request, initialEvents);
        var version = RequestOptions.Version(request.Query["resourceVersion"].ToString());
        var timeout = RequestOptions.Integer(request.Context.Request, "timeoutSeconds") is > 0 and var seconds
            ? TimeSpan.FromSeconds(seconds)
            : DefaultTimeout;
        var after = initialEvents == true ? null : initialEvents == false ? version ?? cluster.Store.Revision : version;
        var bookmarks = RequestOptions.Flag(request.Context.Request, "allowWatchBookmarks") == true;

        var stream = new Stream(request, lists.WriterFor(request, presentation), selection, presentation);

        // Everything is in place before the client hears of the stream: from then on it misses nothing.
        using var watch = cluster.Store.Watch(request.Collection, request.Namespace, after);
        if (watch is null)
        {
            await stream.Start();
            await stream.Error(Refusals.Expired($"too old resource version: {after} ({cluster.Store.Revision})"));
            return;
        }

        await using var bookmarkTimer = bookmarks
            ? cluster.Time.CreateTimer(_ => watch.RequestBookmark(), null, BookmarkInterval, BookmarkInterval)
            : null;
        await using var endTimer = cluster.Time.CreateTimer(_ => End(watch, bookmarks), null, timeout, Timeout.InfiniteTimeSpan);
        using var stop = stopping.Register(() => End(watch, bookmarks));
        await stream.Start();
        await stream.Changes(watch.Initial);
        if (initialEvents == true && bookmarks)
        {
            await stream.Bookmark(watch.StartRevision, initialEventsEnd: true);
        }

        await stream.Flush();
        while (await watch.Changes.WaitToReadAsync(request.Context.RequestAborted))
        {
            while (watch.Changes.TryRead(out var change))
            {
                await stream.Change(change);
            }

            await stream.Flush();
        }
    }

    private static void End(StoreWatch watch, bool bookmarks)
    {
        if (bookmarks)
        {
            watch.RequestBookmark();
        }

        watch.Close();
    }

    private static void CheckOptions(ResourceRequest request, bool? initialEvents)
    {
        var match = request.Query["resourceVersionMatch"].ToString();
        var errors = new FieldErrors();
        if (initialEvents is not null && match != "NotOlderThan")
        {
            errors.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        if (match.Length > 0)
        {
            if (initialEvents is null)
            {
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
            }

            if (match != "NotOlderThan")
            {
                errors.NotSupported("resourceVersionMatch", $"\"{match}\"", ["NotOlderThan"]);
            }

            if (request.Query["continue"].ToString().Length > 0)
            {
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
            }
        }

        if (errors.Any)
        {
            throw Refusals.InvalidOptions("ListOptions", errors);
        }
    }

    /// <summary>The response side of one watch.</summary>
    private sealed class Stream(ResourceRequest request, ObjectWriter writer, Selection selection, Presentation presentation)
    {
        private readonly PipeWriter _body = request.Context.Response.BodyWriter;
        private bool _columnsSent;

        public async Task Start()
        {
            var response = request.Context.Response;
            response.StatusCode = 200;
            response.ContentType = presentation.ContentType;
            response.Headers.CacheControl = "no-cache, private";
            await response.StartAsync(request.Context.RequestAborted);
            await Flush();
        }

        public async Task Changes(IReadOnlyList<Change> changes)
        {
            foreach (var change in changes)
            {
                await Change(change);
            }
        }

        /// <summary>One change as this watch sees it: an object that comes to fit its selectors is added, one that ceases to is deleted.</summary>
        public Task Change(Change change)
        {
            if (change.Type == WatchEventType.Bookmark)
            {
                return Bookmark(change.Revision, initialEventsEnd: false);
            }

            var now = change.Object!;
            if (selection.IsEverything)
            {
                return Event(Name(change.Type), now);
            }

            var before = change.Previous is { } previous && selection.Matches(previous);
            var fits = change.Type != WatchEventType.Deleted && selection.Matches(now);
            return (before, fits) switch
            {
                (true, true) => Event("MODIFIED", now),
                (false, true) => Event("ADDED", now),
                (true, false) => Event("DELETED", change.Previous!.At(change.Revision)),
                _ => Task.CompletedTask,
            };
        }

        public Task Bookmark(long revision, bool initialEventsEnd)
        {
            var metadata = new JsonObject { ["resourceVersion"] = revision.ToString() };
            if (initialEventsEnd)
            {
                metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
            }

            var body = presentation.Form switch
            {
                AnswerForm.Table => new JsonObject { ["kind"] = "Table", ["apiVersion"] = $"meta.k8s.io/{presentation.Version}", ["metadata"] = metadata, ["columnDefinitions"] = null, ["rows"] = new JsonArray() },
                AnswerForm.Metadata => new JsonObject { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = $"meta.k8s.io/{presentation.Version}", ["metadata"] = metadata },
                _ => new JsonObject { ["kind"] = request.Kind.Kind, ["apiVersion"] = request.Kind.ApiVersion, ["metadata"] = metadata },
            };
            return Frame("BOOKMARK", StoredObject.Serialize(body));
        }

        public async Task Error(StatusException refusal)
        {
            await Frame("ERROR", StoredObject.Serialize(Reply.StatusBody(refusal)));
            await Flush();
        }

        public async Task Flush() => await _body.FlushAsync(request.Context.RequestAborted);

        private Task Event(string type, StoredObject stored)
        {
            var bytes = writer.Bytes(stored, columns: !_columnsSent);
            _columnsSent = true;
            return Frame(type, bytes);
        }

        private Task Frame(string type, ReadOnlyMemory<byte> body)
        {
            _body.Write("{\"type\":\""u8);
            _body.Write(System.Text.Encoding.ASCII.GetBytes(type));
            _body.Write("\",\"object\":"u8);
            _body.Write(body.Span);
            _body.Write("}\n"u8);
            return _body.UnflushedBytes > 64 * 1024 ? Flush() : Task.CompletedTask;
        }

        private static string Name(WatchEventType type) => type switch
        {
            WatchEventType.Added => "ADDED",
            WatchEventType.Modified => "MODIFIED",
            _ => "DELETED",
        };
    }
}
