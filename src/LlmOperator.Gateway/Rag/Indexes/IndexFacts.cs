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

    /// <summary>What makes vectors, by the spec. While a collection moves to another model, it serves vectors of the one before.</summary>
    public VectorSource Source { get; init; } = new("", null, null);

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
        var source = new VectorSource(spec.Embedding?.Model ?? "", spec.Embedding?.Size, spec.Embedding?.EndpointRef?.Name);
        return new()
        {
            Name = index.Metadata.Name!,
            Url = Uri.TryCreate(index.Status?.Url ?? spec.Qdrant.External?.Url, UriKind.Absolute, out var url) ? url : null,
            ApiKey = index.Status?.ApiKeySecretRef ?? spec.Qdrant.External?.ApiKeySecretRef,
            Tls = spec.Qdrant.External?.Tls,
            Source = source,
            Collections = [.. spec.Collections.Select(collection => EmbeddedCollection.Of(collection, source, index.Status?.Collections?.FirstOrDefault(status => status.Name == collection.Name))).OfType<EmbeddedCollection>()],
            Plain = [.. spec.Collections.Where(collection => collection is { Vectors: null, NamedVectors: null, SparseVectors: null }).Select(collection => collection.Name)],
            Ingest = spec.Ingest ?? new(),
        };
    }
}

/// <summary>What makes vectors.</summary>
/// <param name="Model">The model.</param>
/// <param name="Size">Size of its vectors; null when that is not known.</param>
/// <param name="Endpoint">Endpoint that serves it; null when none is known.</param>
internal sealed record VectorSource(string Model, int? Size, string? Endpoint)
{
    /// <summary>The source of vectors that exist, told by the model that made them: this one where it is the same model, whoever serves it now.</summary>
    public VectorSource Of(string? model, string? endpoint) => model is null || EmbeddingModels.AreSame(model, Model) ? this : new(model, null, endpoint);
}

/// <summary>A collection with vectors the embedding model makes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Vector">Name of the vector; null for the one without a name.</param>
/// <param name="IsByDistance">Whether a smaller score is a better one.</param>
/// <param name="ByWords">Sparse vectors that weigh words by their rarity.</param>
/// <param name="Source">What makes vectors that can be compared with those of the generation that serves.</param>
/// <param name="Physical">
/// The generation that serves, as the status names it together with its model: the alias may have moved to another model's since. Null where it is not known, which leaves the alias.
/// </param>
internal sealed record EmbeddedCollection(string Name, string? Vector, bool IsByDistance, IReadOnlyList<string> ByWords, VectorSource Source, string? Physical = null)
{
    /// <summary>What is asked.</summary>
    public string Target => Physical ?? Name;

    /// <summary>The collection as the spec has it, found by its alias.</summary>
    public EmbeddedCollection ByAlias(IndexFacts index) => this with { Physical = null, Source = index.Source };

    /// <summary>Reads a collection; null when the model makes none of its vectors.</summary>
    public static EmbeddedCollection? Of(CollectionSpec collection, VectorSource source, CollectionStatus? status)
    {
        var named = collection.NamedVectors?.FirstOrDefault(vector => vector.Size == (source.Size ?? 0) && vector.Multivector is null);
        return (collection.Vectors ?? named) is not { } vector ? null : new(
            collection.Name,
            named?.Name,
            vector.Distance is "Euclid" or "Manhattan",
            [.. collection.SparseVectors?.Where(sparse => sparse.Modifier == "Idf").Select(sparse => sparse.Name) ?? []],
            source.Of(status?.EmbeddingModel, status?.EmbeddingEndpoint),
            status is { PhysicalName: { } physical, EmbeddingModel: not null } ? physical : null);
    }
}
