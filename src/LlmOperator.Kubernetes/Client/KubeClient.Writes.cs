using LlmOperator.Kubernetes.Http;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Client;

/// <content>Create, apply, patch, replace, delete, scale.</content>
public sealed partial class KubeClient
{
    private const string ApplyMediaType = "application/apply-patch+yaml";
    private const string MergePatchMediaType = "application/merge-patch+json";

    /// <inheritdoc/>
    public async Task<T> CreateAsync<T>(T obj, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        var key = ObjectKey.Of(obj);
        if (T.Resource.Namespaced && key.Namespace is null)
        {
            throw new ArgumentException($"{T.Resource.Kind} {key.Name} has no namespace, but its kind lives in one; set metadata.namespace", nameof(obj));
        }

        var path = options?.Subresource is { } subresource ? RequestPath.Object(T.Resource, key, subresource) : RequestPath.Collection(T.Resource, key.Namespace);
        var body = Serialize(obj, T.JsonTypeInfo);
        return await SendAsync(
            new KubeRequest(HttpMethod.Post, "CREATE", path.With(options).ToString()) { Body = body, Idempotent = options?.DryRun == true },
            T.JsonTypeInfo,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<T> ApplyAsync<T>(T obj, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => ApplyAsync<T>(ObjectKey.Of(obj), Serialize(obj, T.JsonTypeInfo), options, cancellationToken);

    /// <inheritdoc/>
    public Task<T> ApplyAsync<T>(ObjectKey key, ReadOnlyMemory<byte> body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => SendAsync(ApplyRequest(T.Resource, key, body, options), T.JsonTypeInfo, cancellationToken);

    /// <inheritdoc/>
    public Task<T> PatchAsync<T>(ObjectKey key, Patch patch, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        var path = RequestPath.Object(T.Resource, key, options?.Subresource).With(options);

        // A JSON patch may append; a merge patch says what shall be, and may be said twice.
        var idempotent = patch.ContentType != "application/json-patch+json" || options?.DryRun == true;
        return SendAsync(
            new KubeRequest(HttpMethod.Patch, "PATCH", path.ToString()) { Body = patch.Body, ContentType = patch.ContentType, Idempotent = idempotent },
            T.JsonTypeInfo,
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<T> ReplaceAsync<T>(T obj, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IFullObject<T>
    {
        var body = Serialize(obj, T.JsonTypeInfo);
        var path = RequestPath.Object(T.Resource, ObjectKey.Of(obj), options?.Subresource).With(options);
        return await SendAsync(
            new KubeRequest(HttpMethod.Put, "UPDATE", path.ToString()) { Body = body, Idempotent = true },
            T.JsonTypeInfo,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync<T>(ObjectKey key, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => DeleteObjectAsync(T.Resource, key, options, cancellationToken);

    /// <inheritdoc/>
    public async Task DeleteCollectionAsync<T>(string? ns, ListOptions? selectors = null, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        if (ns is null && T.Resource.Namespaced)
        {
            throw new ArgumentException($"deleting all objects of {T.Resource.Kind} works in one namespace at a time; name it", nameof(ns));
        }

        var body = Serialize(ToBody(options), ClientJson.Default.DeleteOptionsBody);
        var path = RequestPath.Collection(T.Resource, ns).With(selectors);
        (await _http.SendAsync(
            new KubeRequest(HttpMethod.Delete, "DELETECOLLECTION", path.ToString()) { Body = body, Idempotent = true },
            cancellationToken).ConfigureAwait(false)).Dispose();
    }

    /// <inheritdoc/>
    public async Task<Scale> SetScaleAsync<T>(ObjectKey key, int replicas, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(replicas);
        var body = Serialize(new ScaleBody { Spec = new ScaleSpecBody { Replicas = replicas } }, ClientJson.Default.ScaleBody);
        var path = RequestPath.Object(T.Resource, key, "scale").With(options);
        var request = new KubeRequest(HttpMethod.Patch, "PATCH", path.ToString()) { Body = body, ContentType = MergePatchMediaType, Idempotent = true };
        return ToScale(key, await SendAsync(request, ClientJson.Default.ScaleBody, cancellationToken).ConfigureAwait(false));
    }

    private static KubeRequest ApplyRequest(ResourceType resource, ObjectKey key, ReadOnlyMemory<byte> body, ApplyOptions options)
    {
        if (string.IsNullOrEmpty(options.FieldManager))
        {
            throw new ArgumentException("a server-side apply needs a field manager; set ApplyOptions.FieldManager", nameof(options));
        }

        var path = RequestPath.Object(resource, key, options.Subresource).With(options);
        return new KubeRequest(HttpMethod.Patch, "APPLY", path.ToString()) { Body = body, ContentType = ApplyMediaType, Idempotent = true };
    }

    private static DeleteOptionsBody ToBody(DeleteOptions? options) => new()
    {
        GracePeriodSeconds = options?.GracePeriodSeconds,
        PropagationPolicy = options?.Propagation?.ToString(),
        Preconditions = options is { Uid: null, ResourceVersion: null } or null ? null : new PreconditionsBody { Uid = options.Uid, ResourceVersion = options.ResourceVersion },
        DryRun = options?.DryRun == true ? ["All"] : null,
    };

    private async Task<bool> DeleteObjectAsync(ResourceType resource, ObjectKey key, DeleteOptions? options, CancellationToken cancellationToken)
    {
        var body = Serialize(ToBody(options), ClientJson.Default.DeleteOptionsBody);
        try
        {
            (await _http.SendAsync(
                new KubeRequest(HttpMethod.Delete, "DELETE", RequestPath.Object(resource, key).ToString()) { Body = body, Idempotent = true },
                cancellationToken).ConfigureAwait(false)).Dispose();
            return true;
        }
        catch (KubeApiException absent) when (absent.IsNotFound)
        {
            return false;
        }
    }
}
