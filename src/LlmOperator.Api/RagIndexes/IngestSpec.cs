using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>How documents that are given to the gateway become points.</summary>
public sealed record IngestSpec
{
    /// <summary>Most tokens the embedding model reads of a text; chunks are cut to it.</summary>
    [Bounds(16, 1_000_000)]
    [Default(256)]
    public int MaxInputTokens { get; set; } = 256;

    /// <summary>Rules by type of document, for types that do not follow the usual ones.</summary>
    [ListMap("type")]
    [Count(3)]
    public IReadOnlyList<DocumentRule>? Documents { get; init; }
}

/// <summary>How documents of a type become points.</summary>
[Rule(
    "!has(self.minLength) || !has(self.maxLength) || self.minLength <= self.maxLength",
    "ingest.documents[].minLength must not exceed maxLength: lower minLength or raise maxLength",
    FieldPath = ".minLength")]
public sealed record DocumentRule
{
    /// <summary>Type of document.</summary>
    [AllowedValues("post", "article", "repository")]
    public required string Type { get; init; }

    /// <summary>Collection its chunks go into: embedded_posts, embedded_articles or embedded_repositories when absent. The document itself goes, without vectors, into the collection of the same name with cleaned_ for embedded_, where there is one.</summary>
    [Length(255, 1)]
    public string? Collection { get; init; }

    /// <summary>Characters up to which paragraphs of posts (250) and repositories (1500) are put together.</summary>
    [Bounds(1, 1_000_000)]
    public int? ChunkSize { get; init; }

    /// <summary>Tokens two chunks of a post (25) or repository (100) have in common where a text is longer than the model reads.</summary>
    [Bounds(0, 100_000)]
    public int? ChunkOverlap { get; init; }

    /// <summary>Fewest characters of an article's chunk (1000); what is shorter is dropped.</summary>
    [Bounds(1, 1_000_000)]
    public int? MinLength { get; init; }

    /// <summary>Most characters of an article's chunk (2000).</summary>
    [Bounds(1, 1_000_000)]
    public int? MaxLength { get; init; }
}
