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

    /// <summary>Collections with vectors.</summary>
    public IReadOnlyList<string> Embedded { get; init; } = [];

    /// <summary>Collections without.</summary>
    public IReadOnlyList<string> Plain { get; init; } = [];

    /// <summary>Collections in which a smaller score is a better one.</summary>
    public IReadOnlySet<string> ByDistance { get; init; } = new HashSet<string>();

    public IngestSpec Ingest { get; init; } = new();

    /// <summary>Reads an index.</summary>
    public static IndexFacts Of(RagIndex index)
    {
        var spec = index.Spec!;
        return new()
        {
            Name = index.Metadata.Name!,
            Url = Uri.TryCreate(index.Status?.Url ?? spec.Qdrant.External?.Url, UriKind.Absolute, out var url) ? url : null,
            ApiKey = spec.Qdrant.External?.ApiKeySecretRef,
            EmbeddingModel = spec.Embedding?.Model ?? "",
            EmbeddingSize = spec.Embedding?.Size ?? 0,
            EmbeddingEndpoint = spec.Embedding?.EndpointRef?.Name,
            Embedded = [.. spec.Collections.Where(collection => collection.Vectors is not null).Select(collection => collection.Name)],
            Plain = [.. spec.Collections.Where(collection => collection.Vectors is null).Select(collection => collection.Name)],
            ByDistance = spec.Collections.Where(collection => collection.Vectors?.Distance is "Euclid" or "Manhattan").Select(collection => collection.Name).ToHashSet(StringComparer.Ordinal),
            Ingest = spec.Ingest ?? new(),
        };
    }
}
