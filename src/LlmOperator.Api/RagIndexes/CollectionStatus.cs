using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>A collection as it is.</summary>
public sealed record CollectionStatus
{
    /// <summary>Name in the spec.</summary>
    [Length(255)]
    public required string Name { get; init; }

    /// <summary>Alias by which clients find it.</summary>
    [Length(255)]
    public string? Alias { get; init; }

    /// <summary>Collection of Qdrant that holds the data: the one the alias points to.</summary>
    [Length(255)]
    public string? PhysicalName { get; init; }

    /// <summary>How many times the collection was built, this time included.</summary>
    public int? Generation { get; init; }

    /// <summary>Points in it, as Qdrant estimates them.</summary>
    public long? Points { get; init; }

    /// <summary>Vectors in an index, as Qdrant estimates them; a point with several vectors counts several times.</summary>
    public long? IndexedVectors { get; init; }

    /// <summary>
    /// Embedding model that made the vectors of the generation that serves; queries need vectors of the same. During a migration to another model it is still the one before, until the alias moves.
    /// Absent where no model makes vectors of this collection.
    /// </summary>
    [Length(253)]
    public string? EmbeddingModel { get; init; }

    /// <summary>LlmEndpoint of the namespace that serves that model, when one is known: it follows embedding.endpointRef as long as embedding.model is that model.</summary>
    [Length(253)]
    public string? EmbeddingEndpoint { get; init; }

    /// <summary>State Qdrant reports: Green, Yellow, Grey or Red; Missing when it is not there, Conflict when the name is taken by what is not ours, Unknown when it could not be asked.</summary>
    [Length(32)]
    public string? State { get; init; }

    /// <summary>Why the collection is not as the spec asks, in one CamelCase word; absent when it is.</summary>
    [Length(64)]
    public string? Reason { get; init; }

    /// <summary>The same in a sentence, with what to change.</summary>
    [Length(1024)]
    public string? Message { get; init; }

    /// <summary>The new generation that is being built.</summary>
    public CollectionMigration? Migration { get; init; }

    /// <summary>The generation that served before and is kept for the way back.</summary>
    public PreviousCollection? Previous { get; init; }
}

/// <summary>A new generation that is being built.</summary>
public sealed record CollectionMigration
{
    /// <summary>Collection that is being built, or was switched to last.</summary>
    [Length(255)]
    public required string PhysicalName { get; init; }

    /// <summary>How it is filled: Copy, Embed (vectors are made anew of the stored text) or Fill (by whoever writes to it).</summary>
    [Length(16)]
    public required string Method { get; init; }

    /// <summary>How far it is: Copying, Comparing, Pruning, Filling, Checking, Switching, CatchingUp.</summary>
    [Length(16)]
    public required string Phase { get; init; }

    /// <summary>Points copied.</summary>
    public long? Copied { get; init; }

    /// <summary>Points there are to copy.</summary>
    public long? Total { get; init; }

    /// <summary>Points a second since the start.</summary>
    public double? PointsPerSecond { get; init; }

    /// <summary>Seconds until all points are copied, at that rate.</summary>
    public long? SecondsLeft { get; init; }

    /// <summary>Share of an exact search's results that the graph found, when it was measured.</summary>
    public double? Recall { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset? Started { get; init; }
}

/// <summary>A generation that served before.</summary>
public sealed record PreviousCollection
{
    /// <summary>Collection of Qdrant.</summary>
    [Length(255)]
    public required string PhysicalName { get; init; }

    /// <summary>Its generation.</summary>
    public int? Generation { get; init; }

    /// <summary>When it is removed.</summary>
    public DateTimeOffset? KeptUntil { get; init; }
}
