using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Prompts;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Prompting;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Requests;
using LlmOperator.Inference.Tracing;
using LlmOperator.Planning.Prompts;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Rag;

/// <summary>Makes prompts of queries: retrieves, leaves out what a prompt has no room for, and fills in the template.</summary>
/// <param name="retriever">Retrieves.</param>
/// <param name="indexes">Indexes and models.</param>
/// <param name="templates">Prompt templates.</param>
/// <param name="tokens">Counts tokens.</param>
/// <param name="time">Clock.</param>
internal sealed class RagPipeline(Retriever retriever, IndexView indexes, TemplateShelf templates, ITokenCounter tokens, TimeProvider time)
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(5);

    // What the marks of a chat take around one message.
    private const int TokensOfChatMarks = 64;

    /// <summary>The query a request makes when it says no more than a text.</summary>
    public static RagQuery QueryOf(RagSpec rag, string text) => new() { Text = text, TopK = rag.Retrieval?.TopK ?? new RetrievalSpec().TopK, ExpandTo = rag.Retrieval?.ExpandTo ?? new RetrievalSpec().ExpandTo };

    /// <summary>Retrieves.</summary>
    /// <exception cref="RefusedException">Nothing can be searched, and the endpoint wants no answer then.</exception>
    public async Task<Retrieved> RetrieveAsync(RagRun run, RagQuery query, CancellationToken cancellationToken)
    {
        var found = await retriever.RetrieveAsync(run, query, cancellationToken).ConfigureAwait(false);
        run.Trace.Root.Add(SpanAttribute.Of(RagNames.EmbeddingModelId, string.Join(", ", found.Models)));
        if (run.Degradations is { Count: > 0 } degradations)
        {
            run.Trace.Root.Add(SpanAttribute.Of("llmops.rag.degradations", [.. degradations.Select(one => $"{one.Step}: {one.Reason}")]));
        }

        return found.IsUnavailable && run.Facts.Rag!.Retrieval?.OnUnavailable == "Refuse"
            ? throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "retrieval_unavailable", $"What {run.Facts.Name} knows cannot be searched at present, and it does not answer without. Try again.") { RetryAfter = RetryTime })
            : found;
    }

    /// <summary>Makes a prompt.</summary>
    /// <param name="run">The request.</param>
    /// <param name="query">What is wanted.</param>
    /// <param name="answerTokens">Most tokens of the answer.</param>
    /// <param name="otherTokens">Tokens of what is sent besides the prompt, such as the turns of a chat before it.</param>
    /// <param name="cancellationToken">Fires when nobody waits any more.</param>
    /// <exception cref="RefusedException">There is no template, the query is too long, or nothing can be searched and the endpoint wants no answer then.</exception>
    public async Task<PreparedPrompt> PrepareAsync(RagRun run, RagQuery query, long answerTokens, int otherTokens, CancellationToken cancellationToken)
    {
        // Before anything is asked: without a template all of it would be in vain.
        var template = TemplateOf(run.Facts);
        var found = await RetrieveAsync(run, query, cancellationToken).ConfigureAwait(false);
        var chunks = found.Chunks;
        if (run.Facts.Rag!.Retrieval?.TokenBudget != false && MostTokens(run.Endpoint, answerTokens) is { } most)
        {
            var began = time.GetTimestamp();
            var isEstimate = false;
            var budget = await PromptBudget.FitAsync(chunks, some => template.Render(query.Text, ContextText.Of(some)), Math.Max(1, most - otherTokens), async text =>
            {
                var count = await tokens.CountAsync(run.Endpoint, text, asPrompt: true, run.Trace.Root.Context, cancellationToken).ConfigureAwait(false);
                isEstimate |= count.IsEstimate;
                return count.Tokens;
            }).ConfigureAwait(false);
            run.Metrics.Took(RagNames.Budget, time.GetElapsedTime(began));
            if (!budget.Fits && !isEstimate && otherTokens == 0)
            {
                // The model would refuse it, in words that are not those of who asked.
                throw new RefusedException(new(StatusCodes.Status400BadRequest, "context_length_exceeded", $"The query is too long: with the prompt's template it has {budget.Tokens} tokens without any context, and {run.Facts.Name} reads {most}"));
            }

            run.Trace.Root.Add(SpanAttribute.Of("llmops.rag.budget_tokens", most - otherTokens));
            if (budget.Kept < chunks.Count)
            {
                run.Trace.Root.Add(SpanAttribute.Of("llmops.rag.chunks_left_out", chunks.Count - budget.Kept));
                run.Trace.Root.Add(SpanAttribute.Of("llmops.rag.budget_is_estimate", isEstimate));
                run.Degrade(RagNames.Budget, "trimmed");
                chunks = [.. chunks.Take(budget.Kept)];
            }
        }

        var context = ContextText.Of(chunks);
        var prompt = new PreparedPrompt(query.Text, context, template.Render(query.Text, context), template.Hash, found with { Chunks = chunks });
        run.Trace.Root.Add(SpanAttribute.Of("llmops.rag.sources", Retriever.Told(chunks)));
        run.Trace.Root.In(() => query.Text);
        run.Trace.Root.Text("llmops.rag.prompt", () => prompt.Text);
        return prompt;
    }

    private PromptTemplate TemplateOf(EndpointFacts facts) => facts.Template is null ? RagTemplate.Default : templates.Get(facts);

    /// <summary>Most tokens of a prompt that any of the pods takes, as it is not known yet which will answer. Null when that is not known.</summary>
    private int? MostTokens(ServedEndpoint endpoint, long answerTokens) => endpoint.FactsOfPods().Min(pod => MostTokens(pod, answerTokens));

    /// <summary>Most tokens of a prompt: what the model reads, and what is left of its context beside the answer. Null when neither is known.</summary>
    private int? MostTokens(EndpointFacts facts, long answerTokens)
    {
        var model = indexes.Model(facts.Model)?.Spec;
        var total = facts.ContextLength ?? model?.Limits?.MaxTotalTokens;
        var least = Math.Min(model?.Limits?.MaxInputTokens ?? long.MaxValue, total - answerTokens ?? long.MaxValue);
        return least == long.MaxValue ? null : (int)Math.Max(1, least - (model?.PromptFormat == "Chat" ? TokensOfChatMarks : 0));
    }
}
