using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Leadership;

/// <summary>A client whose writes pass only while this process is the leader. Reads always pass.</summary>
internal sealed class FencedKubeClient(IKubeClient client, LeaderFence fence) : IKubeClient
{
    public Task<T?> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => client.GetAsync<T>(key, cancellationToken);

    public Task<ObjectList<T>> ListAsync<T>(string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => client.ListAsync<T>(ns, options, cancellationToken);

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(string? ns, WatchOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => client.WatchAsync<T>(ns, options, cancellationToken);

    public Task<T> CreateAsync<T>(T obj, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => fence.IsOpen ? client.CreateAsync(obj, options, cancellationToken) : Refused<T>();

    public Task<T> ApplyAsync<T>(T obj, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => fence.IsOpen ? client.ApplyAsync(obj, options, cancellationToken) : Refused<T>();

    public Task<T> ApplyAsync<T>(ObjectKey key, ReadOnlyMemory<byte> body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => fence.IsOpen ? client.ApplyAsync<T>(key, body, options, cancellationToken) : Refused<T>();

    public Task<T> PatchAsync<T>(ObjectKey key, Patch patch, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => fence.IsOpen ? client.PatchAsync<T>(key, patch, options, cancellationToken) : Refused<T>();

    public Task<T> ReplaceAsync<T>(T obj, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IFullObject<T>
        => fence.IsOpen ? client.ReplaceAsync(obj, options, cancellationToken) : Refused<T>();

    public Task<bool> DeleteAsync<T>(ObjectKey key, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => fence.IsOpen ? client.DeleteAsync<T>(key, options, cancellationToken) : Refused<bool>();

    public Task DeleteCollectionAsync<T>(string? ns, ListOptions? selectors = null, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => fence.IsOpen ? client.DeleteCollectionAsync<T>(ns, selectors, options, cancellationToken) : Refused<bool>();

    public Task<Scale?> GetScaleAsync<T>(ObjectKey key, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => client.GetScaleAsync<T>(key, cancellationToken);

    public Task<Scale> SetScaleAsync<T>(ObjectKey key, int replicas, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => fence.IsOpen ? client.SetScaleAsync<T>(key, replicas, options, cancellationToken) : Refused<Scale>();

    public Task<Stream> ReadLogAsync(ObjectKey pod, LogOptions? options = null, CancellationToken cancellationToken = default)
        => client.ReadLogAsync(pod, options, cancellationToken);

    private static Task<TResult> Refused<TResult>() => Task.FromException<TResult>(new LeadershipLostException());
}
