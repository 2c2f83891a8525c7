namespace LlmOperator.Inference.OpenAi;

/// <summary>What a route of an inference server does, in the words of the GenAI conventions.</summary>
public static class Operations
{
    /// <summary>Chat completion.</summary>
    public const string Chat = "chat";

    /// <summary>Completion of a text.</summary>
    public const string TextCompletion = "text_completion";

    /// <summary>Generation by a route of the server's own.</summary>
    public const string GenerateContent = "generate_content";

    /// <summary>Embeddings.</summary>
    public const string Embeddings = "embeddings";

    /// <summary>Reranking and scoring: a word of ours, as the conventions have none.</summary>
    public const string Rerank = "rerank";

    /// <summary>The operation of a request; null for one that asks no model (health, metrics, the list of models …).</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Path of the request, without query.</param>
    public static string? Of(string method, string path)
    {
        if (!string.Equals(method, "POST", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return path.TrimEnd('/') switch
        {
            "/v1/chat/completions" or "/chat/completions" => Chat,
            "/v1/completions" or "/completions" => TextCompletion,
            "/v1/embeddings" or "/embeddings" or "/embed" or "/embed_all" or "/embed_sparse" or "/pooling" => Embeddings,
            "/rerank" or "/v1/rerank" or "/v2/rerank" or "/score" or "/v1/score" => Rerank,
            "/generate" or "/generate_stream" or "/invocations" or "/v1/responses" or "" => GenerateContent,
            _ => null,
        };
    }
}
