namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>
/// Makes the collections of an index in Qdrant as its spec says, and removes them with it. Each call does a bounded amount of work and says when to call again;
/// it remembers nothing between calls: all it needs to go on stands in the metadata of the collections, so that a process may be killed at any point and another one goes on.
/// Not to be called for one index twice at the same time.
/// </summary>
internal interface ICollectionKeeper
{
    /// <summary>Looks at the collections and does the next piece of work.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="Qdrant.QdrantException">Qdrant was not reached, or refuses the key: nothing is known of any collection. Faults of one collection are issues of it instead.</exception>
    Task<KeepResult> KeepAsync(KeepRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Does the next piece of work of a deletion. Retain leaves the data and the aliases and notes in the metadata that the owner let go, so that a later index of the same namespace and name may adopt them;
    /// Delete deletes every collection with the owner's mark; Snapshot does so after a snapshot of each was taken and verified.
    /// </summary>
    /// <param name="request">What is to be removed.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="Qdrant.QdrantException">Qdrant did not do it; call again later.</exception>
    Task<RemoveResult> RemoveAsync(RemoveRequest request, CancellationToken cancellationToken);
}
