using LlmOperator.Api.Common;
using LlmOperator.Api.RagIndexes;

namespace LlmOperator.Gateway.Rag.Indexes;

/// <summary>What the cluster says of a RagIndex.</summary>
internal sealed record IndexFacts
{
    public required string Name { get; init; }

    /// <summary>Address of Qdrant; null while there is none.</summary>
    public Uri? Url { get; init; }

    /// <summary>Where Qdrant's API key stands; null when it asks for none.</summary>
    public SecretKeyReference? ApiKey { get; init; }

    public string EmbeddingModel { get; init; } = "";

    public int EmbeddingSize { get; init; }

    /// <summary>Endpoint that makes vectors; null when the index names none.</summary>
    public string? EmbeddingEndpoint { get; init; }

    /// <summary>How the server's certificate is checked; null for the usual way.</summary>
    public QdrantTls? Tls { get; init; }

    /// <summary>Collections with vectors the embedding model makes.</summary>
    public IReadOnlyList<EmbeddedCollection> Collections { get; init; } = [];

    /// <summary>Names of those.</summary>
    public IReadOnlyList<string> Embedded => field ??= [.. Collections.Select(collection => collection.Name)];

    /// <summary>Collections without vectors.</summary>
    public IReadOnlyList<string> Plain { get; init; } = [];

    public IngestSpec Ingest { get; init; } = new();

    /// <summary>Reads an index.</summary>
    public static IndexFacts Of(RagIndex index)
    {
        var spec = index.Spec!;
        return new()
        {
            Name = index.Metadata.Name!,
            Url = Uri.TryCreate(index.Status?.Url ?? spec.Qdrant.External?.Url, UriKind.Absolute, out var url) ? url : null,
            ApiKey = index.Status?.ApiKeySecretRef ?? spec.Qdrant.External?.ApiKeySecretRef,
            Tls = spec.Qdrant.External?.Tls,
            EmbeddingModel = spec.Embedding?.Model ?? "",
            EmbeddingSize = spec.Embedding?.Size ?? 0,
            EmbeddingEndpoint = spec.Embedding?.EndpointRef?.Name,
            Collections = [.. spec.Collections.Select(collection => EmbeddedCollection.Of(collection, spec.Embedding?.Size ?? 0)).OfType<EmbeddedCollection>()],
            Plain = [.. spec.Collections.Where(collection => collection is { Vectors: null, NamedVectors: null, SparseVectors: null }).Select(collection => collection.Name)],
            Ingest = spec.Ingest ?? new(),
        };
    }
}

/// <summary>A collection with vectors the embedding model makes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Vector">Name of the vector; null for the one without a name.</param>
/// <param name="IsByDistance">Whether a smaller score is a better one.</param>
/// <param name="ByWords">Sparse vectors that weigh words by their rarity.</param>
internal sealed record EmbeddedCollection(string Name, string? Vector, bool IsByDistance, IReadOnlyList<string> ByWords)
{
    /// <summary>Reads a collection; null when the model makes none of its vectors.</summary>
    public static EmbeddedCollection? Of(CollectionSpec collection, int size)
    {
        var named = collection.NamedVectors?.FirstOrDefault(vector => vector.Size == size && vector.Multivector is null);
        return (collection.Vectors ?? named) is not { } vector ? null : new(
            collection.Name,
            named?.Name,
            vector.Distance is "Euclid" or "Manhattan",
            [.. collection.SparseVectors?.Where(sparse => sparse.Modifier == "Idf").Select(sparse => sparse.Name) ?? []]);
    }
}
