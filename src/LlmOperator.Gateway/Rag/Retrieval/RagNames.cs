namespace LlmOperator.Gateway.Rag.Retrieval;

/// <summary>Names in traces and figures: those of the pipeline that is reproduced, and our own beside them.</summary>
internal static class RagNames
{
    public const string SearchSpan = "ContextRetriever.search";
    public const string SelfQuerySpan = "SelfQuery.generate";
    public const string ExpansionSpan = "QueryExpansion.generate";
    public const string RerankSpan = "Reranker.generate";
    public const string GenerationSpan = "call_llm_service";
    public const string EmbeddingSpan = "Embedder.embed";
    public const string VectorSearchSpan = "VectorStore.search";
    public const string IngestSpan = "ingest";

    public const string SelfQuery = "self_query";
    public const string Expansion = "query_expansion";
    public const string Embedding = "embedding";
    public const string Search = "search";
    public const string Rerank = "rerank";
    public const string Budget = "token_budget";
    public const string Generation = "generation";
    public const string Retrieval = "retrieval";

    public const string ModelId = "model_id";
    public const string EmbeddingModelId = "embedding_model_id";
    public const string Temperature = "temperature";
    public const string QueryTokens = "query_tokens";
    public const string ContextTokens = "context_tokens";
    public const string AnswerTokens = "answer_tokens";
    public const string Index = "llmops.rag.index";
    public const string Documents = "llmops.rag.documents";
    public const string Ingested = "llmops.rag.ingested";
    public const string Rejected = "llmops.rag.rejected";
    public const string Chunks = "llmops.rag.chunks";
}
