using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes.Embedding;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>The collections of an index, to be made as its spec says.</summary>
internal sealed record KeepRequest
{
    /// <summary>The Qdrant they live in.</summary>
    public required IQdrantClient Client { get; init; }

    /// <summary>Which version it is, when that is known; the newest is assumed when null.</summary>
    public QdrantVersion? Version { get; init; }

    /// <summary>Whose they are.</summary>
    public required CollectionOwner Owner { get; init; }

    /// <summary>The collections wanted.</summary>
    public required IReadOnlyList<CollectionSpec> Collections { get; init; }

    /// <summary>The model that makes their vectors.</summary>
    public EmbeddingSpec? Embedding { get; init; }

    /// <summary>What is done about changes that cannot be made in place; the defaults when null.</summary>
    public MigrationSpec? Migration { get; init; }

    /// <summary>Makes vectors anew in a migration; null when the index has no embedding.endpointRef.</summary>
    public ITextEmbedder? Embedder { get; init; }

    /// <summary>Status of the collections when they were last looked at.</summary>
    public IReadOnlyList<CollectionStatus>? Previous { get; init; }
}

/// <summary>How the collections of an index are after a look at them.</summary>
/// <param name="Collections">Status of each collection of the spec, in its order.</param>
/// <param name="Issues">Why some are not as the spec asks. A migration that runs well is none but the SchemaConflict it mends.</param>
/// <param name="Events">What just happened.</param>
/// <param name="LookAgainAfter">When to call again though nothing changed; null when there is nothing to wait for.</param>
internal sealed record KeepResult(
    IReadOnlyList<CollectionStatus> Collections,
    IReadOnlyList<CollectionIssue> Issues,
    IReadOnlyList<CollectionEvent> Events,
    TimeSpan? LookAgainAfter);

/// <summary>Something that happened to a collection, once.</summary>
/// <param name="IsWarning">Whether something got worse.</param>
/// <param name="Reason">One CamelCase word.</param>
/// <param name="Message">What happened, with the names.</param>
internal sealed record CollectionEvent(bool IsWarning, string Reason, string Message);

/// <summary>The collections of an index that is being deleted.</summary>
internal sealed record RemoveRequest
{
    /// <summary>The Qdrant they live in.</summary>
    public required IQdrantClient Client { get; init; }

    /// <summary>Whose they are.</summary>
    public required CollectionOwner Owner { get; init; }

    /// <summary>One of <see cref="RagDeletionPolicy"/>.</summary>
    public required string Policy { get; init; }

    /// <summary>A client of each node, because a snapshot holds what one node has; just <see cref="Client"/> when null.</summary>
    public IReadOnlyList<IQdrantClient>? Nodes { get; init; }

    /// <summary>Whether these are all nodes there are.</summary>
    public bool IsEveryNode { get; init; }
}

/// <summary>How far the deletion is.</summary>
/// <param name="IsDone">Whether nothing is left to do.</param>
/// <param name="Waiting">What it waits for, when it is not done.</param>
/// <param name="Snapshots">Snapshots taken and verified in this call, before their collections were deleted.</param>
/// <param name="Events">What just happened.</param>
/// <param name="LookAgainAfter">When to call again, when it is not done.</param>
internal sealed record RemoveResult(
    bool IsDone,
    string? Waiting,
    IReadOnlyList<CollectionSnapshot> Snapshots,
    IReadOnlyList<CollectionEvent> Events,
    TimeSpan? LookAgainAfter);

/// <summary>A snapshot of a collection on a node.</summary>
/// <param name="PhysicalName">The collection.</param>
/// <param name="Node">Number of the node in <see cref="RemoveRequest.Nodes"/>.</param>
/// <param name="Snapshot">Name of the snapshot.</param>
/// <param name="Size">Its size in bytes.</param>
internal sealed record CollectionSnapshot(string PhysicalName, int Node, string Snapshot, long Size);
