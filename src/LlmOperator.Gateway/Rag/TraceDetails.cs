using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Prompting;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Rag;

/// <summary>
/// Tells a trace what it wants to know of an answer besides its steps: the model, the sampling, and the tokens of query, context and answer as the engine's tokenizer counts them. Query and context are counted while the
/// answer is made, the answer when its client has it.
/// </summary>
/// <param name="indexes">Models.</param>
/// <param name="tokens">Counts tokens.</param>
internal sealed class TraceDetails(IndexView indexes, ITokenCounter tokens)
{
    private const string AreEstimates = "llmops.rag.tokens_are_estimates";

    /// <summary>Begins to count what is known before the answer.</summary>
    public Task<TokenCount[]> Begin(RagRun run, PreparedPrompt prompt, CancellationToken cancellationToken) =>
        Task.WhenAll(CountAsync(run, prompt.Query, cancellationToken), CountAsync(run, prompt.Context, cancellationToken));

    /// <summary>Tells all of it. Only of an answer that succeeded.</summary>
    /// <param name="run">The request.</param>
    /// <param name="pod">What the cluster says of the pod that answered.</param>
    /// <param name="before">What was begun before the answer.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="temperature">Randomness it was made with.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task EndAsync(RagRun run, EndpointFacts pod, Task<TokenCount[]> before, string answer, double temperature, CancellationToken cancellationToken)
    {
        var counted = await CountAsync(run, answer, cancellationToken).ConfigureAwait(false);
        if (await before.ConfigureAwait(false) is not [var query, var context])
        {
            return;
        }

        var root = run.Trace.Root;
        root.Add(SpanAttribute.Of(RagNames.ModelId, indexes.RepositoryOf(pod) ?? (pod.IsModelKnown ? pod.Model : null) ?? pod.Name));
        root.Add(SpanAttribute.Of(RagNames.Temperature, temperature));
        root.Add(SpanAttribute.Of(RagNames.QueryTokens, query.Tokens));
        root.Add(SpanAttribute.Of(RagNames.ContextTokens, context.Tokens));
        root.Add(SpanAttribute.Of(RagNames.AnswerTokens, counted.Tokens));
        if (query.IsEstimate || context.IsEstimate || counted.IsEstimate)
        {
            root.Add(SpanAttribute.Of(AreEstimates, true));
        }

        root.Out(() => answer);
    }

    private async Task<TokenCount> CountAsync(RagRun run, string text, CancellationToken cancellationToken)
    {
        try
        {
            return await tokens.CountAsync(run.Endpoint, text, asPrompt: false, run.Trace.Root.Context, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return new(Texts.TokenEstimate.Count(text), IsEstimate: true);
        }
    }
}
