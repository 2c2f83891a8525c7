namespace LlmOperator.Gateway.Rag.Retrieval;

/// <summary>The kinds of documents, and the names they go by in collections and prompts.</summary>
internal static class DocumentTypes
{
    public const string Post = "post";
    public const string Article = "article";
    public const string Repository = "repository";

    /// <summary>What the names of collections with vectors begin with.</summary>
    public const string Embedded = "embedded_";

    /// <summary>What the names of collections of whole documents begin with.</summary>
    public const string Cleaned = "cleaned_";

    private static readonly (string Type, string Plural, string Class)[] Known =
    [
        (Post, "posts", "EmbeddedPostChunk"),
        (Article, "articles", "EmbeddedArticleChunk"),
        (Repository, "repositories", "EmbeddedRepositoryChunk"),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Known.Select(known => known.Type)];

    /// <summary>The collection of a type, by the naming convention.</summary>
    public static string CollectionOf(string type) => Embedded + Known.First(known => known.Type == type).Plural;

    /// <summary>The collection of whole documents beside one with vectors; null when its name does not follow the convention.</summary>
    public static string? CleanedBeside(string collection) => collection.StartsWith(Embedded, StringComparison.Ordinal) ? Cleaned + collection[Embedded.Length..] : null;

    /// <summary>What a point of a collection is, where it does not say so itself.</summary>
    public static string OfCollection(string collection) => Array.Find(Known, known => collection.EndsWith(known.Plural, StringComparison.Ordinal)).Type ?? collection;

    /// <summary>The word prompts have for a type.</summary>
    public static string ClassName(string type) => Array.Find(Known, known => known.Type == type || known.Class == type).Class ?? "EmbeddedChunk";
}
