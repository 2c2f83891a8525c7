using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Rag.Retrieval;

namespace LlmOperator.Gateway.Rag.Texts;

/// <summary>How a text is cut.</summary>
internal sealed record ChunkRules
{
    /// <summary>Whether it is cut between sentences (by <see cref="MinLength"/> and <see cref="MaxLength"/>) or by length (by <see cref="Size"/> and <see cref="Overlap"/>).</summary>
    public bool BySentences { get; init; }

    /// <summary>Characters up to which paragraphs are put together.</summary>
    public int Size { get; init; }

    /// <summary>Tokens two chunks of a long section have in common.</summary>
    public int Overlap { get; init; }

    public int MinLength { get; init; }

    public int MaxLength { get; init; }

    /// <summary>The rules for a type of document.</summary>
    /// <param name="type">The type.</param>
    /// <param name="rule">What the index wants of them; null for the usual ones.</param>
    public static ChunkRules Of(string type, DocumentRule? rule) => type switch
    {
        DocumentTypes.Article => new() { BySentences = true, MinLength = rule?.MinLength ?? 1000, MaxLength = rule?.MaxLength ?? Math.Max(2000, rule?.MinLength ?? 0) },
        DocumentTypes.Repository => new() { Size = rule?.ChunkSize ?? 1500, Overlap = rule?.ChunkOverlap ?? 100 },
        _ => new() { Size = rule?.ChunkSize ?? 250, Overlap = rule?.ChunkOverlap ?? 25 },
    };
}
