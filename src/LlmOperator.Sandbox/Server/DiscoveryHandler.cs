using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Discovery;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers what is served: discovery and OpenAPI.</summary>
internal sealed class DiscoveryHandler(KindRegistry registry)
{
    private readonly OpenApiDocuments _openApi = new(registry);

    /// <summary>Answers a path of discovery; false when it is none.</summary>
    public async Task<bool> TryAnswer(HttpContext context, string path)
    {
        var parts = path.Trim('/').Split('/');
        var task = parts switch
        {
            ["api"] => Versions(context, core: true),
            ["apis"] => Versions(context, core: false),
            ["apis", var group] => Document(context, DiscoveryDocuments.Group(registry, group)),
            ["api", var version] => Document(context, DiscoveryDocuments.ResourceList(registry, "", version)),
            ["apis", var group, var version] => Document(context, DiscoveryDocuments.ResourceList(registry, group, version)),
            ["openapi", "v3"] => Index(context),
            ["openapi", "v3", .. var rest] => OpenApi(context, string.Join('/', rest)),
            _ => null,
        };
        if (task is null)
        {
            return false;
        }

        await task;
        return true;
    }

    private Task Versions(HttpContext context, bool core)
    {
        foreach (var range in MediaRange.ParseAll(context.Request.Headers.Accept.ToString()))
        {
            if (range.Parameters.GetValueOrDefault("as") == "APIGroupDiscoveryList"
                && range.Parameters.GetValueOrDefault("v") is "v2" or "v2beta1"
                && range.Type == "application/json")
            {
                var version = range.Parameters["v"];
                return Tagged(
                    context,
                    $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList",
                    StoredObject.Serialize(DiscoveryDocuments.Aggregated(registry, core, version)));
            }
        }

        return Reply.Json(context, 200, core ? DiscoveryDocuments.CoreVersions(registry, context.Request.Host.ToString()) : DiscoveryDocuments.GroupList(registry));
    }

    private static Task? Document(HttpContext context, JsonObject? document) =>
        document is null ? null : Reply.Json(context, 200, document, Presentation.Of(context.Request.Headers.Accept, transforms: false));

    private Task Index(HttpContext context) => Reply.Bytes(context, 200, "text/plain; charset=utf-8", StoredObject.Serialize(_openApi.Index()));

    private Task OpenApi(HttpContext context, string path)
    {
        if (_openApi.Find(path) is not { } document)
        {
            return Reply.PageNotFound(context);
        }

        if (context.Request.Query["hash"].ToString() == document.Hash)
        {
            // The address names the content: it may be kept for good.
            context.Response.Headers.CacheControl = "public, immutable";
            context.Response.Headers.Expires = "Thu, 31 Dec 2099 23:59:59 GMT";
        }

        context.Response.Headers.ETag = $"\"{document.Hash}\"";
        return Reply.Bytes(context, 200, "application/json", document.Json);
    }

    private static Task Tagged(HttpContext context, string contentType, byte[] body)
    {
        var tag = $"\"{Convert.ToHexString(SHA256.HashData(body))}\"";
        context.Response.Headers.ETag = tag;
        context.Response.Headers.Vary = "Accept";
        if (context.Request.Headers.IfNoneMatch.ToString() == tag)
        {
            context.Response.StatusCode = 304;
            return Task.CompletedTask;
        }

        return Reply.Bytes(context, 200, contentType, body);
    }
}
