namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>What kind of trouble a collection has.</summary>
public enum CollectionIssueKind
{
    /// <summary>The name is taken by a collection or alias that is not ours. Nothing is touched until it is gone or the name in the spec is another.</summary>
    Conflict,

    /// <summary>What is stored differs from the spec in what Qdrant cannot change in place: it is reported, and with migration Automatic being mended.</summary>
    SchemaConflict,

    /// <summary>A new generation waits for somebody, or for Qdrant; the old one serves.</summary>
    Waiting,

    /// <summary>Qdrant refused or failed. It is tried again.</summary>
    Failed,

    /// <summary>What it held is gone. It serves what it has.</summary>
    Lost,
}

/// <summary>Why a collection is not as its spec asks.</summary>
/// <param name="Collection">Name in the spec.</param>
/// <param name="Kind">What kind.</param>
/// <param name="Reason">One CamelCase word, for a condition.</param>
/// <param name="Message">What is the case and what to change.</param>
public sealed record CollectionIssue(string Collection, CollectionIssueKind Kind, string Reason, string Message);

/// <summary>Reasons of <see cref="CollectionIssue"/> and of events.</summary>
public static class CollectionReasons
{
    /// <summary>The name is taken.</summary>
    public const string Conflict = "Conflict";

    /// <summary>What is stored differs in what cannot be changed in place.</summary>
    public const string SchemaConflict = "SchemaConflict";

    /// <summary>A new generation is being filled by the operator.</summary>
    public const string Migrating = "Migrating";

    /// <summary>A new generation waits until somebody writes its points.</summary>
    public const string WaitingToBeFilled = "WaitingToBeFilled";

    /// <summary>A collection that had points was gone from Qdrant and was made anew, empty.</summary>
    public const string DataLost = "DataLost";

    /// <summary>Points of the new generation are being indexed.</summary>
    public const string Indexing = "Indexing";

    /// <summary>The new generation's graph finds too little.</summary>
    public const string RecallTooLow = "RecallTooLow";

    /// <summary>The embedding endpoint does not answer as it should.</summary>
    public const string EmbeddingFailed = "EmbeddingFailed";

    /// <summary>Qdrant refused or failed.</summary>
    public const string QdrantFailed = "QdrantFailed";

    /// <summary>An optimiser of Qdrant failed.</summary>
    public const string OptimizerFailed = "OptimizerFailed";
}
