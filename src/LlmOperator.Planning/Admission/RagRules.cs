using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;

namespace LlmOperator.Planning.Admission;

/// <summary>What an endpoint's retrieval, an index and the models they name must have in common.</summary>
internal static class RagRules
{
    /// <summary>Words for what of an endpoint's retrieval will not work as things are. Objects may be created in any order, so that nothing of it is refused.</summary>
    public static IEnumerable<string> Warnings(LlmEndpointSpec spec, AdmissionFacts facts)
    {
        if (spec.Rag is not { } rag || facts.RagIndex is null)
        {
            yield break;
        }

        var name = rag.IndexRef.Name;
        if (facts.RagIndex(name)?.Spec is not { } index)
        {
            yield return $"spec.rag.indexRef.name: there is no RagIndex {name} in this namespace yet";
            yield break;
        }

        if (index.Embedding?.EndpointRef is null)
        {
            yield return $"spec.rag.indexRef.name: RagIndex {name} has no spec.embedding.endpointRef, so that queries cannot be embedded: name an LlmEndpoint with task Embed there";
        }

        foreach (var missing in rag.Retrieval?.Collections?.Where(wanted => index.Collections.All(collection => collection.Name != wanted)) ?? [])
        {
            yield return $"spec.rag.retrieval.collections: RagIndex {name} has no collection {missing}: it counts as empty";
        }

        if (rag.Retrieval?.Hybrid is { } hybrid && index.Collections.All(collection => collection.SparseVectors?.Any(sparse => sparse.Name == hybrid.SparseVector && sparse.Modifier == "Idf") != true))
        {
            yield return $"spec.rag.retrieval.hybrid.sparseVector: no collection of RagIndex {name} has a sparse vector {hybrid.SparseVector} with modifier Idf, so that all are searched by meaning alone";
        }

        if (rag.Helper is null && (rag.Retrieval is null || rag.Retrieval.SelfQuery || rag.Retrieval.ExpandTo > 1))
        {
            yield return "spec.rag.helper is not set: queries are neither expanded nor searched for the author they name";
        }
    }

    /// <summary>Words for an embedding endpoint whose model is not the one the index names; null when it is, or nothing is known.</summary>
    public static string? WrongModel(EmbeddingSpec embedding, AdmissionFacts facts) =>
        embedding.EndpointRef is { Name: var name }
        && facts.Endpoint(name)?.Spec is { } endpoint
        && facts.Model(endpoint.ModelRef.Name)?.Spec?.Source.HuggingFace?.Repo is { } repository
        && !EmbeddingModels.AreSame(repository, embedding.Model)
            ? $"spec.embedding.endpointRef.name: LlmEndpoint {name} serves {repository}, and spec.embedding.model is {embedding.Model}: vectors of two models cannot be compared; correct one of them"
            : null;
}
