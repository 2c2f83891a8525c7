namespace LlmOperator.Gateway.Rag.Retrieval;

/// <summary>What is searched for a request.</summary>
internal sealed record RagQuery
{
    /// <summary>The query as it was asked.</summary>
    public required string Text { get; init; }

    /// <summary>Chunks wanted.</summary>
    public required int TopK { get; init; }

    /// <summary>Queries searched, the original included.</summary>
    public required int ExpandTo { get; init; }

    /// <summary>What the payload of chunks must be, by field.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Filters { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}

/// <summary>An author there are points of.</summary>
/// <param name="Field">Payload field that tells them.</param>
/// <param name="Value">Its value.</param>
/// <param name="Id">Id, as the points say; null when they do not.</param>
/// <param name="FullName">Full name, as the points say; null when they do not.</param>
internal sealed record KnownAuthor(string Field, string Value, string? Id, string? FullName);

/// <summary>What was found for a request.</summary>
internal sealed record Retrieved
{
    /// <summary>The index that was searched; null when there is none.</summary>
    public Indexes.IndexFacts? Index { get; init; }

    /// <summary>The models the queries' vectors are of: one, or during a migration two.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The queries that were searched.</summary>
    public IReadOnlyList<string> Queries { get; init; } = [];

    /// <summary>The author the search was narrowed to.</summary>
    public KnownAuthor? Author { get; init; }

    /// <summary>The chunks, the best first, no more than wanted.</summary>
    public IReadOnlyList<Chunk> Chunks { get; init; } = [];

    /// <summary>Whether nothing could be searched at all.</summary>
    public bool IsUnavailable { get; init; }
}
