using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.RagIndexes;

/// <summary>The collections there are.</summary>
public sealed record RagIndexStatus
{
    /// <summary>Generation of the spec this status is about.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Address of Qdrant.</summary>
    [Length(2048)]
    public string? Url { get; init; }

    /// <summary>Ready and wanted collections in one text, for example 3/3.</summary>
    [Length(32)]
    public string? Ready { get; init; }

    /// <summary>Points in all collections.</summary>
    public long? Points { get; init; }

    /// <summary>Each collection as it is.</summary>
    [ListMap("name")]
    [Count(64)]
    public IReadOnlyList<CollectionStatus>? Collections { get; init; }

    /// <summary>LlmEndpoints of the namespace that retrieve from this index.</summary>
    [Atomic]
    [Count(1000)]
    [Length(253)]
    public IReadOnlyList<string>? UsedBy { get; init; }

    /// <summary>What is the case: Ready, SchemaConflict and others.</summary>
    [ListMap("type")]
    [Count(32)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A collection as it is.</summary>
public sealed record CollectionStatus
{
    /// <summary>Name in the spec.</summary>
    [Length(255)]
    public required string Name { get; init; }

    /// <summary>Collection of Qdrant that holds the data.</summary>
    [Length(255)]
    public string? PhysicalName { get; init; }

    /// <summary>Alias by which clients find it.</summary>
    [Length(255)]
    public string? Alias { get; init; }

    /// <summary>Points in it.</summary>
    public long? Points { get; init; }

    /// <summary>State Qdrant reports: Green, Yellow, Grey or Red; Missing when it is not there.</summary>
    [Length(32)]
    public string? State { get; init; }
}
