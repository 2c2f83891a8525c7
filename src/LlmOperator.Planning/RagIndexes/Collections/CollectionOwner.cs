namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>The RagIndex a collection belongs to. Its mark stands in the collection's metadata, so that a collection of the same name that is another's is never touched.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid, which tells it from an index of the same name in another cluster or at another time.</param>
public sealed record CollectionOwner(string Namespace, string Name, string Uid)
{
    /// <summary>The mark.</summary>
    public string Mark => $"{Namespace}/{Name}/{Uid}";

    /// <summary>Whether a mark is this owner's.</summary>
    /// <param name="mark">The mark in the metadata.</param>
    public bool Is(string? mark) => mark == Mark;

    /// <summary>
    /// Whether a mark is that of an earlier index of the same namespace and name. Its collections may be adopted when it let go of them (it was deleted with policy Retain);
    /// without that word it may live in another cluster that shares this Qdrant.
    /// </summary>
    /// <param name="mark">The mark in the metadata.</param>
    public bool IsNamesake(string? mark) => mark is not null && mark != Mark && mark.StartsWith($"{Namespace}/{Name}/", StringComparison.Ordinal);
}
