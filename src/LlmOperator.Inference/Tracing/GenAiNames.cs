namespace LlmOperator.Inference.Tracing;

/// <summary>Names of the GenAI conventions 1.41, the one place that has them: they are still in development, and later versions rename some.</summary>
public static class GenAiNames
{
    /// <summary>What was done.</summary>
    public const string OperationName = "gen_ai.operation.name";

    /// <summary>What served it.</summary>
    public const string ProviderName = "gen_ai.provider.name";

    /// <summary>Model asked for.</summary>
    public const string RequestModel = "gen_ai.request.model";

    /// <summary>That the answer was to be streamed.</summary>
    public const string RequestStream = "gen_ai.request.stream";

    /// <summary>Most tokens of the answer.</summary>
    public const string RequestMaxTokens = "gen_ai.request.max_tokens";

    /// <summary>Temperature.</summary>
    public const string RequestTemperature = "gen_ai.request.temperature";

    /// <summary>Share of probability tokens are drawn from.</summary>
    public const string RequestTopP = "gen_ai.request.top_p";

    /// <summary>Number of likeliest tokens drawn from.</summary>
    public const string RequestTopK = "gen_ai.request.top_k";

    /// <summary>Seed.</summary>
    public const string RequestSeed = "gen_ai.request.seed";

    /// <summary>Answers asked for, when not one.</summary>
    public const string RequestChoiceCount = "gen_ai.request.choice.count";

    /// <summary>Texts that end the answer.</summary>
    public const string RequestStopSequences = "gen_ai.request.stop_sequences";

    /// <summary>Penalty on frequent tokens.</summary>
    public const string RequestFrequencyPenalty = "gen_ai.request.frequency_penalty";

    /// <summary>Penalty on tokens that are present.</summary>
    public const string RequestPresencePenalty = "gen_ai.request.presence_penalty";

    /// <summary>Forms embeddings were asked for in.</summary>
    public const string RequestEncodingFormats = "gen_ai.request.encoding_formats";

    /// <summary>Dimensions asked for.</summary>
    public const string EmbeddingsDimensionCount = "gen_ai.embeddings.dimension.count";

    /// <summary>Form of the answer asked for.</summary>
    public const string OutputType = "gen_ai.output.type";

    /// <summary>Id of the answer.</summary>
    public const string ResponseId = "gen_ai.response.id";

    /// <summary>Model that answered.</summary>
    public const string ResponseModel = "gen_ai.response.model";

    /// <summary>Why each answer ended.</summary>
    public const string ResponseFinishReasons = "gen_ai.response.finish_reasons";

    /// <summary>Seconds until the first chunk of a stream.</summary>
    public const string ResponseTimeToFirstChunk = "gen_ai.response.time_to_first_chunk";

    /// <summary>Tokens of the prompt.</summary>
    public const string UsageInputTokens = "gen_ai.usage.input_tokens";

    /// <summary>Tokens of the answer.</summary>
    public const string UsageOutputTokens = "gen_ai.usage.output_tokens";

    /// <summary>Tokens of the prompt that came out of a cache.</summary>
    public const string UsageCacheReadInputTokens = "gen_ai.usage.cache_read.input_tokens";

    /// <summary>Tokens of the answer spent on reasoning.</summary>
    public const string UsageReasoningOutputTokens = "gen_ai.usage.reasoning.output_tokens";

    /// <summary>The prompt.</summary>
    public const string InputMessages = "gen_ai.input.messages";

    /// <summary>The answers.</summary>
    public const string OutputMessages = "gen_ai.output.messages";

    /// <summary>Input or output.</summary>
    public const string TokenType = "gen_ai.token.type";

    /// <summary>The event that tells how good an answer was.</summary>
    public const string EvaluationResult = "gen_ai.evaluation.result";

    /// <summary>What was judged by.</summary>
    public const string EvaluationName = "gen_ai.evaluation.name";

    /// <summary>How good.</summary>
    public const string EvaluationScoreValue = "gen_ai.evaluation.score.value";

    /// <summary>Why.</summary>
    public const string EvaluationExplanation = "gen_ai.evaluation.explanation";

    /// <summary>Why it failed.</summary>
    public const string ErrorType = "error.type";

    /// <summary>Host of the server.</summary>
    public const string ServerAddress = "server.address";

    /// <summary>Its port.</summary>
    public const string ServerPort = "server.port";

    /// <summary>HTTP method of the request.</summary>
    public const string HttpRequestMethod = "http.request.method";

    /// <summary>Path of the request.</summary>
    public const string HttpRoute = "http.route";

    /// <summary>HTTP status of the answer.</summary>
    public const string HttpStatusCode = "http.response.status_code";
}

/// <summary>Names of our own, for what the conventions have no word for.</summary>
public static class EndpointNames
{
    /// <summary>Endpoint.</summary>
    public const string Endpoint = "llmops.endpoint.name";

    /// <summary>Its namespace.</summary>
    public const string EndpointNamespace = "llmops.endpoint.namespace";

    /// <summary>Its revision.</summary>
    public const string EndpointRevision = "llmops.endpoint.revision";

    /// <summary>Model, by its resource.</summary>
    public const string Model = "llmops.model.name";

    /// <summary>Commit of the model.</summary>
    public const string ModelRevision = "llmops.model.revision";

    /// <summary>Hash of the prompt template that was applied.</summary>
    public const string TemplateHash = "llmops.prompt.template_hash";

    /// <summary>Who asked: the name of its API key.</summary>
    public const string Caller = "llmops.caller";

    /// <summary>That the prompt or the answer is not whole here.</summary>
    public const string ContentCut = "llmops.content.cut";
}
