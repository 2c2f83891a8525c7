namespace LlmOperator.Kubernetes.Informers;

/// <summary>An informer of whatever kind.</summary>
public interface IInformer
{
    /// <summary>The kind.</summary>
    ResourceType Resource { get; }

    /// <summary>True once the first list is in the cache and has been told to the handlers.</summary>
    bool HasSynced { get; }

    /// <summary>Completes when <see cref="HasSynced"/> becomes true.</summary>
    Task Synced { get; }

    /// <summary>
    /// Adds a handler. It is called in order, on the informer's own loop, so it may only map and enqueue: it must neither block nor throw.
    /// What is cached already is told to it first.
    /// </summary>
    void AddHandler(Action<ObjectEvent> handler);

    /// <summary>Lists and watches until cancelled.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
