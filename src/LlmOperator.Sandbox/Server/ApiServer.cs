using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.CustomResources;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Sandbox.Server;

/// <summary>The API server's one request handler: finds what a path means and hands it to whoever answers it.</summary>
internal sealed partial class ApiServer
{
    private readonly Cluster _cluster;
    private readonly Authentication _authentication;
    private readonly ILogger _logger;
    private readonly DiscoveryHandler _discovery;
    private readonly ListHandler _lists;
    private readonly WatchHandler _watches;
    private readonly WriteHandler _writes;
    private readonly DeleteHandler _deletes;
    private readonly ScaleHandler _scales;
    private readonly PodHandler _pods;
    private long _requests;

    /// <summary>Creates the handler.</summary>
    /// <param name="cluster">State.</param>
    /// <param name="logs">Where container logs come from, null when nothing runs pods.</param>
    /// <param name="authentication">Who may ask.</param>
    /// <param name="logger">Where faults of our own go.</param>
    /// <param name="stopping">Cancelled when streams are to end.</param>
    public ApiServer(Cluster cluster, IPodLogs? logs, Authentication authentication, ILogger logger, CancellationToken stopping)
    {
        _cluster = cluster;
        _authentication = authentication;
        _logger = logger;
        _discovery = new DiscoveryHandler(cluster.Registry);
        _lists = new ListHandler(cluster);
        _watches = new WatchHandler(cluster, _lists, stopping);
        _writes = new WriteHandler(cluster, _lists);
        _deletes = new DeleteHandler(cluster, _lists);
        _scales = new ScaleHandler(cluster);
        _pods = new PodHandler(cluster, logs, stopping);
    }

    /// <summary>Answers a request.</summary>
    public async Task Handle(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        try
        {
            await Dispatch(context);
        }
        catch (StatusException refusal) when (!context.Response.HasStarted)
        {
            await Reply.Refusal(context, refusal);
        }
        catch (BadHttpRequestException fault) when (!context.Response.HasStarted)
        {
            await Reply.Refusal(context, fault.StatusCode == 413
                ? new StatusException(413, "RequestEntityTooLarge", $"Request entity too large: limit is {RequestBody.MaxBytes}")
                : Refusals.BadRequest(fault.Message));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogFault(_logger, context.Request.Method, context.Request.Path, fault);
            if (context.Response.HasStarted)
            {
                context.Abort();
            }
            else
            {
                await Reply.Refusal(context, new StatusException(500, "InternalError", $"Internal error occurred: {fault.Message}"));
            }
        }
    }

    private async Task Dispatch(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (Health.Owns(path))
        {
            await Health.Answer(context, path);
            return;
        }

        if (path == "/version")
        {
            await Reply.Json(context, 200, ServerVersion.Document());
            return;
        }

        _authentication.Require(context);
        if (path == "/")
        {
            await Reply.Json(context, 200, Root());
            return;
        }

        if (path == "/metrics")
        {
            await Reply.Text(context, 200, Metrics());
            return;
        }

        if (await _discovery.TryAnswer(context, path))
        {
            return;
        }

        if (RequestPath.Parse(path) is not { } parsed
            || _cluster.Registry.Find(parsed.Group, parsed.Version, parsed.Plural) is not { Verbs.Count: > 0 } kind
            || (parsed.Namespace is not null && !kind.Namespaced)
            || (parsed.Namespace is null && kind.Namespaced && (parsed.Name is not null || (kind.Custom && context.Request.Method is not ("GET" or "HEAD")))))
        {
            await (IsBuiltinRoot(path) ? Reply.NoSuchResource(context) : Reply.PageNotFound(context));
            return;
        }

        if (kind.Behavior is CustomBehavior { DeprecationWarning: { } warning })
        {
            Reply.Warn(context, [warning]);
        }

        var request = new ResourceRequest(context, kind, parsed);
        await (parsed.Subresource is null ? Resource(request) : Subresource(request, parsed.Subresource));
    }

    /// <summary>Whether a path lies under a group of the server's own.</summary>
    private bool IsBuiltinRoot(string path)
    {
        var parts = path.Trim('/').Split('/');
        return parts[0] == "api" || (parts is ["apis", var group, ..] && _cluster.Registry.All.Any(kind => !kind.Custom && kind.Group == group && group.Length > 0));
    }

    private Task Resource(ResourceRequest request)
    {
        var named = request.Path.Name is not null;
        var watch = request.Path.Watch || RequestOptions.Flag(request.Context.Request, "watch") == true;
        var method = request.Context.Request.Method;
        return (method == "HEAD" && request.Kind.Custom ? "GET" : method) switch
        {
            "GET" when watch => Allow(request, "watch", _watches.Watch),
            "GET" when named => Allow(request, "get", Get),
            "GET" => Allow(request, "list", _lists.List),
            "POST" when request.Kind is { Group: "", Plural: "bindings" } => _pods.BindByName(request),
            "POST" when request.Kind.Verbs is ["create"] => ReviewHandler.Answer(request),
            "POST" when request.Kind.Custom && IsTerminating(request) =>
                throw Refusals.MethodNotAllowed(request.Kind, "create", "create not allowed while custom resource definition is terminating"),
            "POST" when !named || request.Kind.Custom => Allow(request, "create", Create),
            "PUT" when named || request.Kind.Custom => Allow(request, "update", asked => _writes.Replace(asked, null)),
            "PATCH" when named || request.Kind.Custom => Allow(request, "patch", asked => _writes.Patch(asked, null)),
            "DELETE" when named => Allow(request, "delete", _deletes.Delete),
            "DELETE" when request.Namespace is not null || !request.Kind.Namespaced => Allow(request, "deletecollection", _deletes.DeleteCollection),
            _ => throw Refusals.MethodNotAllowed(request.Kind, method.ToLowerInvariant()),
        };
    }

    /// <summary>A definition that is going away takes no new objects.</summary>
    private bool IsTerminating(ResourceRequest request) =>
        _cluster.Store.Get(DefinitionLifecycle.Definitions, null, request.Kind.Name.ToString())?.Object.Text("metadata", "deletionTimestamp") is not null;

    private Task Subresource(ResourceRequest request, string name)
    {
        var kind = request.Kind;
        var known = name switch
        {
            "status" => kind.StatusSubresource || kind.Subresources.Contains(name),
            "scale" => kind.Scale is not null,
            _ => kind.Subresources.Contains(name),
        };
        var pod = kind is { Group: "", Plural: "pods" };
        if (pod && name is "exec" or "attach" or "portforward")
        {
            throw _pods.CannotConnect(request, name);
        }

        if (!known)
        {
            return kind.Custom ? throw request.NotFound() : Reply.NoSuchResource(request.Context);
        }

        return (request.Context.Request.Method, name) switch
        {
            ("GET", "scale") => _scales.Get(request),
            ("PUT", "scale") => _scales.Replace(request),
            ("PATCH", "scale") => _scales.Patch(request),
            ("GET", "log") when pod => _pods.Log(request),
            ("POST", "binding") when pod => _pods.Bind(request),
            ("POST", "eviction") when pod => _pods.Evict(request),
            ("POST", "token") => ReviewHandler.Token(request, _cluster, _authentication.Token),
            ("GET", _) => Get(request),
            ("PUT", _) => _writes.Replace(request, name),
            ("PATCH", _) => _writes.Patch(request, name),
            var (method, _) => throw Refusals.MethodNotAllowed(kind, method == "POST" ? "create" : method.ToLowerInvariant()),
        };
    }

    private static Task Allow(ResourceRequest request, string verb, Func<ResourceRequest, Task> answer) => request.Kind.Verbs.Contains(verb)
        ? answer(request)
        : throw Refusals.MethodNotAllowed(request.Kind, verb);

    private Task Create(ResourceRequest request)
    {
        if (request.Kind.Namespaced && request.Namespace is null)
        {
            throw request.Kind.Custom
                ? Refusals.BadRequest("an empty namespace may not be set during creation")
                : Refusals.MethodNotAllowed(request.Kind, "create");
        }

        return _writes.Create(request);
    }

    private Task Get(ResourceRequest request)
    {
        var version = RequestOptions.Version(request.Query["resourceVersion"].ToString());
        if (version > _cluster.Store.Revision)
        {
            throw Refusals.TooLargeVersion(version.Value, _cluster.Store.Revision);
        }

        var presentation = Presentation.Of(request.Context.Request.Headers.Accept);
        var stored = _cluster.Store.Get(request.Collection, request.Namespace, request.Name) ?? throw request.NotFound();
        presentation.Require(list: false);
        return Reply.Json(request.Context, 200, _lists.WriterFor(request, presentation).One(Writer.View(request.Kind, stored)), presentation);
    }

    private JsonObject Root()
    {
        var paths = new List<string> { "/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v3", "/readyz", "/version" };
        paths.AddRange(_cluster.Registry.All.Select(kind => kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.ApiVersion}").Distinct());
        return new JsonObject { ["paths"] = paths.Order(StringComparer.Ordinal).ToJson() };
    }

    private string Metrics()
    {
        var text = new StringBuilder();
        text.Append("# HELP apiserver_request_total Requests answered or being answered.\n# TYPE apiserver_request_total counter\n");
        text.Append($"apiserver_request_total {Interlocked.Read(ref _requests)}\n");
        text.Append("# HELP apiserver_storage_objects Objects stored, by kind.\n# TYPE apiserver_storage_objects gauge\n");
        foreach (var kind in _cluster.Kinds)
        {
            text.Append($"apiserver_storage_objects{{resource=\"{kind.Name}\"}} {_cluster.Store.Count(kind.Name)}\n");
        }

        return text.ToString();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFault(ILogger logger, string method, string path, Exception fault);
}
