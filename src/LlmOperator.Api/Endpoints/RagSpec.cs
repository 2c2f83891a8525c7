using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>Retrieval-augmented generation from a RagIndex.</summary>
public sealed record RagSpec
{
    /// <summary>The RagIndex searched, in the same namespace.</summary>
    public required LocalReference IndexRef { get; init; }

    /// <summary>What is searched and how much of it is used.</summary>
    public RetrievalSpec? Retrieval { get; init; }

    /// <summary>The model that rewrites queries and reads the author out of them.</summary>
    public ModelServiceSpec? Helper { get; init; }

    /// <summary>The cross-encoder that orders what was found.</summary>
    public RerankSpec? Rerank { get; init; }

    /// <summary>Whether the gateway answers POST /rag with this endpoint. Without any so marked, it does with the only one that has rag.</summary>
    [Default(false)]
    public bool AnswersByDefault { get; set; }
}

/// <summary>What is searched and how much of it is used.</summary>
public sealed record RetrievalSpec
{
    /// <summary>Chunks that enter the prompt. Each collection is asked for a third of it.</summary>
    [Bounds(3, 100)]
    [Default(3)]
    public int TopK { get; set; } = 3;

    /// <summary>Queries searched, the original included; the others are rewrites by the helper.</summary>
    [Bounds(1, 10)]
    [Default(3)]
    public int ExpandTo { get; set; } = 3;

    /// <summary>Whether an author named in the query narrows the search.</summary>
    [Default(true)]
    public bool SelfQuery { get; set; } = true;

    /// <summary>What happens when no point is of the author a query names: NoFilter searches everybody's, NoResults answers without context. Nothing is created either way.</summary>
    [AllowedValues("NoFilter", "NoResults")]
    [Default("NoFilter")]
    public string UnknownAuthor { get; set; } = "NoFilter";

    /// <summary>Collections searched; all embedded collections of the index when absent.</summary>
    [ListSet]
    [Count(32)]
    [Length(255, 1)]
    public IReadOnlyList<string>? Collections { get; init; }

    /// <summary>Name of the vector that is searched, where collections name their vectors.</summary>
    [Length(255, 1)]
    public string? Vector { get; init; }

    /// <summary>Search by words besides meaning; by meaning alone when absent.</summary>
    public HybridSpec? Hybrid { get; init; }

    /// <summary>Whether the lowest-ranked chunks are left out where the prompt would be longer than the model's limits.maxInputTokens.</summary>
    [Default(true)]
    public bool TokenBudget { get; set; } = true;

    /// <summary>What happens when the vector store cannot be reached: Answer without context, or Refuse with 503.</summary>
    [AllowedValues("Answer", "Refuse")]
    [Default("Answer")]
    public string OnUnavailable { get; set; } = "Answer";

    /// <summary>Time retrieval may take, reranking included.</summary>
    [Bounds(1, 600)]
    [Default(30)]
    public int TimeoutSeconds { get; set; } = 30;

    /// <summary>Time making vectors of the queries may take.</summary>
    [Bounds(1, 600)]
    [Default(10)]
    public int EmbeddingTimeoutSeconds { get; set; } = 10;

    /// <summary>Time all searches together may take; what has been found by then is used.</summary>
    [Bounds(1, 600)]
    [Default(10)]
    public int SearchTimeoutSeconds { get; set; } = 10;
}

/// <summary>Search by words besides meaning, in collections with a sparse vector whose modifier is idf.</summary>
public sealed record HybridSpec
{
    /// <summary>Name of the sparse vector.</summary>
    [Length(255, 1)]
    public required string SparseVector { get; init; }

    /// <summary>How both results become one: RRF goes by their ranks, DBSF by their scores.</summary>
    [AllowedValues("RRF", "DBSF")]
    [Default("RRF")]
    public string Fusion { get; set; } = "RRF";

    /// <summary>Points each of both searches brings in.</summary>
    [Bounds(1, 1000)]
    [Default(20)]
    public int Candidates { get; set; } = 20;
}

/// <summary>A model asked over an OpenAI-compatible API: an LlmEndpoint of the namespace, or an address.</summary>
[Rule("has(self.endpointRef) != has(self.url)", "set exactly one of endpointRef (an LlmEndpoint of this namespace) and url")]
public sealed record ModelServiceSpec
{
    /// <summary>An LlmEndpoint in the same namespace.</summary>
    public LocalReference? EndpointRef { get; init; }

    /// <summary>Base address, for example https://api.openai.com/v1.</summary>
    [Length(2048, 8)]
    [Pattern(Patterns.HttpUrl)]
    public string? Url { get; init; }

    /// <summary>Model asked for. The name the endpoint serves when absent.</summary>
    [Length(253, 1)]
    public string? Model { get; init; }

    /// <summary>Secret key with the API key.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }

    /// <summary>Time an answer may take.</summary>
    [Bounds(1, 600)]
    [Default(10)]
    public int TimeoutSeconds { get; set; } = 10;
}

/// <summary>The cross-encoder that orders what was found.</summary>
public sealed record RerankSpec
{
    /// <summary>Whether results are reranked.</summary>
    [Default(true)]
    public bool Enabled { get; set; } = true;

    /// <summary>The model that scores pairs of query and chunk.</summary>
    [Length(253, 1)]
    [Default("cross-encoder/ms-marco-MiniLM-L-4-v2")]
    public string Model { get; set; } = "cross-encoder/ms-marco-MiniLM-L-4-v2";

    /// <summary>An LlmEndpoint of the namespace that serves the model. Without one, chunks stay in the order of the search.</summary>
    public LocalReference? EndpointRef { get; init; }

    /// <summary>Time reranking may take; after it, chunks stay in the order of the search.</summary>
    [Bounds(1, 600)]
    [Default(10)]
    public int TimeoutSeconds { get; set; } = 10;
}

/// <summary>The prompt that is made of a query and its context.</summary>
public sealed record PromptSpec
{
    /// <summary>ConfigMap key with the template, which must hold {query} and {context}. The operator's template when absent.</summary>
    public DataKeyReference? TemplateRef { get; init; }
}

/// <summary>Sampling of answers where a request does not say.</summary>
public sealed record GenerationSpec
{
    /// <summary>Randomness; 0 always takes the likeliest token.</summary>
    [Bounds(0, 2)]
    [Default(0.01)]
    public double Temperature { get; set; } = 0.01;

    /// <summary>Share of probability from which tokens are drawn.</summary>
    [Bounds(0.001, 1)]
    [Default(0.9)]
    public double TopP { get; set; } = 0.9;

    /// <summary>Most tokens of an answer.</summary>
    [Bounds(1, 1_000_000)]
    [Default(150)]
    public int MaxTokens { get; set; } = 150;

    /// <summary>Penalty on repeated tokens; 1 is none.</summary>
    [Bounds(0.01, 10)]
    [Default(1.1)]
    public double RepetitionPenalty { get; set; } = 1.1;
}
