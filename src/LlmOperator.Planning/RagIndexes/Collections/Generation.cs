using LlmOperator.Qdrant.Collections;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>A collection that holds, held or will hold the data of a logical collection.</summary>
/// <param name="Number">Number of the generation.</param>
/// <param name="PhysicalName">Name in Qdrant.</param>
/// <param name="Info">State and configuration.</param>
public sealed record Generation(int Number, string PhysicalName, CollectionInfo Info)
{
    /// <summary>What the operator keeps in its metadata.</summary>
    public CollectionMarks Marks { get; } = CollectionMarks.Read(Info.Config.Metadata);
}

/// <summary>What there is of a logical collection.</summary>
public sealed record ObservedCollection
{
    /// <summary>Whether a collection, not an alias, has the name.</summary>
    public bool NameIsCollection { get; init; }

    /// <summary>Collection the alias points to; null when there is no alias.</summary>
    public string? AliasTarget { get; init; }

    /// <summary>Collections named after it, whosever they are, by number.</summary>
    public IReadOnlyList<Generation> Generations { get; init; } = [];
}
