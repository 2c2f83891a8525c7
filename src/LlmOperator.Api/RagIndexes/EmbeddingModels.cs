namespace LlmOperator.Api.RagIndexes;

/// <summary>Names of embedding models.</summary>
public static class EmbeddingModels
{
    /// <summary>Whether two names mean the same model: case does not matter, and a name without an owner means the model of that name whoever owns it.</summary>
    /// <param name="one">A name.</param>
    /// <param name="other">Another.</param>
    public static bool AreSame(string one, string other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return one.Contains('/', StringComparison.Ordinal) && other.Contains('/', StringComparison.Ordinal)
            ? one.Equals(other, StringComparison.OrdinalIgnoreCase)
            : one[(one.LastIndexOf('/') + 1)..].Equals(other[(other.LastIndexOf('/') + 1)..], StringComparison.OrdinalIgnoreCase);
    }
}
