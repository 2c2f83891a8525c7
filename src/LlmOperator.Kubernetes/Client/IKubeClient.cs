using System.Text.Json;
namespace LlmOperator.Kubernetes.Client;

/// <summary>
/// The verbs of the Kubernetes API for typed objects: the one boundary through which the project speaks to an API server,
/// so that another client library can stand behind it. Faults are <see cref="KubeApiException"/>; a missing object on
/// <see cref="GetAsync{T}"/> is null, because that is an ordinary answer.
/// </summary>
public interface IKubeClient
{
    /// <summary>Reads one object; null when there is none.</summary>
    Task<T?> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Reads one page (or everything, when <see cref="ListOptions.Limit"/> is absent) of a kind.</summary>
    /// <param name="ns">Namespace, null for all.</param>
    /// <param name="options">Selectors, page size and consistency.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<ObjectList<T>> ListAsync<T>(string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>
    /// Streams changes. Ends when the server closes the stream; an ERROR event is thrown as <see cref="KubeApiException"/>
    /// (an expired version has <see cref="KubeApiException.IsExpired"/>).
    /// </summary>
    IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(string? ns, WatchOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Creates an object.</summary>
    Task<T> CreateAsync<T>(T obj, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Server-side apply: declares the fields in <paramref name="obj"/> as owned by the field manager named in <paramref name="options"/>.</summary>
    Task<T> ApplyAsync<T>(T obj, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Server-side apply of an object that is serialised already, which saves doing it twice.</summary>
    /// <param name="key">The object.</param>
    /// <param name="body">The object as JSON. The array is the client's from now on.</param>
    /// <param name="options">Options.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<T> ApplyAsync<T>(ObjectKey key, ReadOnlyMemory<byte> body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => ApplyAsync(JsonSerializer.Deserialize(body.Span, T.JsonTypeInfo)!, options, cancellationToken);

    /// <summary>Applies a merge or JSON patch.</summary>
    Task<T> PatchAsync<T>(ObjectKey key, Patch patch, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Replaces an object as it was read; a conflict when it has changed since.</summary>
    Task<T> ReplaceAsync<T>(T obj, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IFullObject<T>;

    /// <summary>Deletes an object. False when it was not there.</summary>
    Task<bool> DeleteAsync<T>(ObjectKey key, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Deletes all objects of a kind in a namespace that match the selectors.</summary>
    Task DeleteCollectionAsync<T>(string? ns, ListOptions? selectors = null, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Reads the scale subresource.</summary>
    Task<Objects.Scale?> GetScaleAsync<T>(ObjectKey key, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Sets the replica count through the scale subresource.</summary>
    Task<Objects.Scale> SetScaleAsync<T>(ObjectKey key, int replicas, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>;

    /// <summary>Opens a container's log as UTF-8 text.</summary>
    Task<Stream> ReadLogAsync(ObjectKey pod, LogOptions? options = null, CancellationToken cancellationToken = default);
}
