using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Http;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Client;

/// <content>The same verbs for kinds known only at run time.</content>
public sealed partial class KubeClient
{
    /// <summary>What the server serves a kind as; null when it serves no such kind.</summary>
    /// <param name="apiVersion"><c>group/version</c>, or the version alone for the core group.</param>
    /// <param name="kind">CamelCase kind.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<ResourceType?> DiscoverAsync(string apiVersion, string kind, CancellationToken cancellationToken = default)
    {
        var parts = apiVersion.Split('/');
        if (parts.Length > 2 || Array.Exists(parts, part => part.Length == 0))
        {
            throw new ArgumentException($"apiVersion \"{apiVersion}\" is neither a version nor a group and a version", nameof(apiVersion));
        }

        var (group, version) = parts.Length == 2 ? (parts[0], parts[1]) : ("", parts[0]);
        var path = (group.Length == 0 ? "/api/" : $"/apis/{Uri.EscapeDataString(group)}/") + Uri.EscapeDataString(version);
        var served = await FindAsync(Get("GET", path), ClientJson.Default.ApiResourceList, cancellationToken).ConfigureAwait(false);
        foreach (var resource in served?.Resources ?? [])
        {
            if (resource.Kind == kind && resource.Name is { } plural && !plural.Contains('/', StringComparison.Ordinal))
            {
                return new ResourceType(group, version, kind, plural, resource.Namespaced);
            }
        }

        return null;
    }

    /// <summary>Reads one object; null when there is none.</summary>
    public async Task<UnstructuredObject?> GetAsync(ResourceType resource, ObjectKey key, CancellationToken cancellationToken = default) =>
        await FindAsync(Get("GET", RequestPath.Object(resource, key).ToString()), KubeJson.Default.JsonObject, cancellationToken).ConfigureAwait(false) is { } json
            ? new UnstructuredObject(json)
            : null;

    /// <summary>Reads one page, or everything, of a kind.</summary>
    public async Task<ObjectList<UnstructuredObject>> ListAsync(ResourceType resource, string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
    {
        var page = await ListAsync(Get("LIST", RequestPath.Collection(resource, ns).With(options).ToString()), KubeJson.Default.JsonObject, cancellationToken).ConfigureAwait(false);
        foreach (var item in page.Items)
        {
            // Elements of a list of built-in kinds do not repeat what the list says.
            item["apiVersion"] ??= resource.ApiVersion;
            item["kind"] ??= resource.Kind;
        }

        return new ObjectList<UnstructuredObject>([.. page.Items.Select(item => new UnstructuredObject(item))], page.ResourceVersion, page.Continue);
    }

    /// <summary>Server-side apply of an object as it was written.</summary>
    public async Task<UnstructuredObject> ApplyAsync(ResourceType resource, UnstructuredObject obj, ApplyOptions options, CancellationToken cancellationToken = default)
    {
        var body = Serialize(obj.Json, KubeJson.Default.JsonObject);
        return new UnstructuredObject(await SendAsync(ApplyRequest(resource, obj.Key, body, options), KubeJson.Default.JsonObject, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Deletes an object. False when it was not there.</summary>
    public Task<bool> DeleteAsync(ResourceType resource, ObjectKey key, DeleteOptions? options, CancellationToken cancellationToken = default) =>
        DeleteObjectAsync(resource, key, options, cancellationToken);
}
