using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.StandIns.Hub;

/// <summary>Answers as the hub does.</summary>
internal sealed class HubHandler(HubStandIn hub)
{
    private const string Storage = "/cdn-storage";
    private const string Api = "/api/models/";

    public async Task HandleAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var token = request.Headers.Authorization.ToString() is { Length: > 0 } header ? header.Split(' ', 2)[^1] : null;
        hub.Note(new(request.Method, $"{request.Path.Value}{request.QueryString.Value}", token));
        if (hub.Delay is { } delay)
        {
            await delay(context.RequestAborted);
        }

        if (hub.Failure is { } failure)
        {
            if (hub.RetryAfterSeconds is { } seconds)
            {
                response.Headers.RetryAfter = seconds.ToString();
            }

            await RefuseAsync(response, failure, null, "the hub was told to fail");
            return;
        }

        var path = request.Path.Value!;
        if (path.StartsWith(Storage + "/", StringComparison.Ordinal))
        {
            await StoredAsync(request, response, path[(Storage.Length + 1)..].Split('/'));
        }
        else if (token is not null && hub.Account(token) is null)
        {
            await RefuseAsync(response, HttpStatusCode.Unauthorized, null, "Invalid credentials in Authorization header");
        }
        else if (path.StartsWith(Api, StringComparison.Ordinal))
        {
            await DescribeAsync(request, response, path[Api.Length..].Split('/'), token);
        }
        else
        {
            await ResolveAsync(request, response, path[1..].Split('/'), token);
        }
    }

    private static async Task RefuseAsync(HttpResponse response, HttpStatusCode status, string? code, string message)
    {
        response.StatusCode = (int)status;
        response.Headers["X-Error-Message"] = message;
        if (code is not null)
        {
            response.Headers["X-Error-Code"] = code;
        }

        await JsonAsync(response, new JsonObject { ["error"] = message });
    }

    private static async Task JsonAsync(HttpResponse response, JsonObject body)
    {
        response.ContentType = "application/json; charset=utf-8";
        await response.WriteAsync(body.ToJsonString());
    }

    /// <summary>The repository, or null after the request was refused. A private one is hidden as one that is not there.</summary>
    private async Task<HubRepository?> FindAsync(HttpResponse response, string[] parts, string? token)
    {
        var repository = parts.Length >= 2 ? hub.Find($"{parts[0]}/{parts[1]}") : null;
        if (repository is null || (repository.Private && !MayRead(repository, token)))
        {
            await RefuseAsync(response, token is null ? HttpStatusCode.Unauthorized : HttpStatusCode.NotFound, "RepoNotFound", "Repository not found");
            return null;
        }

        return repository;
    }

    private bool MayRead(HubRepository repository, string? token) => token is not null && hub.Account(token) is { } account && repository.Readers.Contains(account);

    private async Task DescribeAsync(HttpRequest request, HttpResponse response, string[] parts, string? token)
    {
        if (await FindAsync(response, parts, token) is not { } repository)
        {
            return;
        }

        if (parts is [_, _, "refs"])
        {
            await JsonAsync(response, HubDescriptions.References(repository));
            return;
        }

        var revision = parts is [_, _, "revision", .. var name] ? Uri.UnescapeDataString(string.Join('/', name)) : parts.Length == 2 ? "main" : "";
        if (repository.Find(revision) is not var (commit, files))
        {
            await RefuseAsync(response, HttpStatusCode.NotFound, "RevisionNotFound", $"Invalid rev id: {revision}");
            return;
        }

        var expand = request.Query["expand"].Concat(request.Query["expand[]"]).OfType<string>().ToHashSet(StringComparer.Ordinal);
        await JsonAsync(response, HubDescriptions.Model(repository, commit, files, request.Query["blobs"] == "true", expand));
    }

    private async Task ResolveAsync(HttpRequest request, HttpResponse response, string[] parts, string? token)
    {
        if (parts is not [_, _, "resolve", var escaped, .. var rest] || rest.Length == 0)
        {
            await RefuseAsync(response, HttpStatusCode.NotFound, null, "Sorry, we can't find the page you are looking for.");
            return;
        }

        if (await FindAsync(response, parts, token) is not { } repository)
        {
            return;
        }

        if (repository.Disabled)
        {
            await RefuseAsync(response, HttpStatusCode.Forbidden, null, "Access to this resource is disabled.");
        }
        else if (repository.Gated is not null && !MayRead(repository, token))
        {
            await RefuseAsync(response, token is null ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden, "GatedRepo", $"Access to model {repository.Name} is restricted.");
        }
        else if (repository.Find(Uri.UnescapeDataString(escaped)) is not var (commit, files))
        {
            await RefuseAsync(response, HttpStatusCode.NotFound, "RevisionNotFound", $"Invalid rev id: {escaped}");
        }
        else if (files.FirstOrDefault(file => file.Name == string.Join('/', rest)) is not { } file)
        {
            await RefuseAsync(response, HttpStatusCode.NotFound, "EntryNotFound", "Entry not found");
        }
        else
        {
            response.Headers["X-Repo-Commit"] = commit;
            response.Headers.ETag = $"\"{file.Sha256}\"";
            if (!file.IsLarge)
            {
                await WriteAsync(request, response, file);
                return;
            }

            response.Headers["X-Linked-Etag"] = $"\"{file.Sha256}\"";
            response.Headers["X-Linked-Size"] = file.Size.ToString();
            response.StatusCode = StatusCodes.Status302Found;
            response.Headers.Location = $"http://localhost:{request.Host.Port}{Storage}/{repository.Name}/{commit}/{file.Name}?signature={file.Sha256[..16]}";
        }
    }

    /// <summary>Storage is another host, which refuses credentials that are not its own.</summary>
    private async Task StoredAsync(HttpRequest request, HttpResponse response, string[] parts)
    {
        var file = parts.Length > 3 && hub.Find($"{parts[0]}/{parts[1]}")?.Find(parts[2]) is var (_, files) ? files.FirstOrDefault(known => known.Name == string.Join('/', parts[3..])) : null;
        if (request.Headers.Authorization.Count > 0)
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
        }
        else if (file is null || request.Query["signature"] != file.Sha256[..16])
        {
            response.StatusCode = StatusCodes.Status403Forbidden;
        }
        else
        {
            await WriteAsync(request, response, file);
        }
    }

    private static async Task WriteAsync(HttpRequest request, HttpResponse response, HubFile file)
    {
        response.ContentType = "application/octet-stream";
        response.ContentLength = file.Size;
        if (HttpMethods.IsHead(request.Method))
        {
            return;
        }

        if (file.Content is { } content)
        {
            await response.Body.WriteAsync(content);
            return;
        }

        var zeros = new byte[64 * 1024];
        for (var left = file.Size; left > 0; left -= zeros.Length)
        {
            await response.Body.WriteAsync(zeros.AsMemory(0, (int)Math.Min(left, zeros.Length)), request.HttpContext.RequestAborted);
        }
    }
}
