using LlmOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Informers;

/// <summary>Watches one object by its name, which a Role can allow without allowing the others.</summary>
/// <typeparam name="T">Its kind.</typeparam>
public sealed class NamedWatch<T> : IAsyncDisposable
    where T : class, IKubeObject<T>
{
    private readonly InformerSet _informers;
    private readonly Informer<T> _informer;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Begins to watch.</summary>
    /// <param name="client">Client of the cluster.</param>
    /// <param name="key">The object.</param>
    /// <param name="changed">Told of the object when it is there or has changed, and of null when it has gone.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger.</param>
    public NamedWatch(IKubeClient client, ObjectKey key, Action<T?> changed, TimeProvider time, ILogger logger)
    {
        _informers = new(client, new() { Namespace = key.Namespace }, time, logger);
        _informer = _informers.Get<T>(new InformerScope(FieldSelector: $"metadata.name={key.Name}"));
        _informer.AddHandler(change =>
        {
            if (change.Object.Metadata.Name == key.Name && !change.IsResync)
            {
                changed(change.Type == ObjectEventType.Deleted ? null : (T)change.Object);
            }
        });
        _informers.Start(_stop.Token);
    }

    /// <summary>Whether it is known if the object is there.</summary>
    public bool HasSynced => _informer.HasSynced;

    /// <summary>Completes when it is known if the object is there.</summary>
    public Task Synced => _informer.Synced;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _informers.StoppedAsync().ConfigureAwait(false);
        _stop.Dispose();
    }
}
