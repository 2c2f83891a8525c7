namespace LlmOperator.Gateway.Rag.Retrieval;

/// <summary>A chunk that was found.</summary>
internal sealed record Chunk
{
    /// <summary>Point id.</summary>
    public required string Id { get; init; }

    /// <summary>Collection it was found in.</summary>
    public required string Collection { get; init; }

    /// <summary>What its document is: post, article, repository, or whatever the point says.</summary>
    public required string Type { get; init; }

    public required string Content { get; init; }

    public string Platform { get; init; } = "";

    public string AuthorId { get; init; } = "";

    public string AuthorFullName { get; init; } = "";

    public string DocumentId { get; init; } = "";

    public string? Link { get; init; }

    public string? Name { get; init; }

    public string? Image { get; init; }

    /// <summary>Model its vector was made by; null when the point does not say.</summary>
    public string? EmbeddingModel { get; init; }

    /// <summary>Likeness to the query by which it was found; that of the best query where several found it.</summary>
    public required double Score { get; init; }

    /// <summary>What the reranker says; null when there was none.</summary>
    public double? RerankScore { get; init; }

    /// <summary>The score that counts.</summary>
    public double Rank => RerankScore ?? Score;

    /// <summary>The word prompts have for its type.</summary>
    public string ClassName => DocumentTypes.ClassName(Type);

    /// <summary>Each chunk once, with its best score, the best first; chunks of the same score by their id, so that the order is the same every time.</summary>
    public static List<Chunk> Distinct(IEnumerable<Chunk> found) =>
        Ordered(found.GroupBy(chunk => (chunk.Type, chunk.Id)).Select(same => same.MaxBy(chunk => chunk.Score)!));

    /// <summary>The best first.</summary>
    public static List<Chunk> Ordered(IEnumerable<Chunk> chunks) => [.. chunks.OrderByDescending(chunk => chunk.Rank).ThenBy(chunk => chunk.Id, StringComparer.Ordinal).ThenBy(chunk => chunk.Type, StringComparer.Ordinal)];
}
