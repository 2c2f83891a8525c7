using System.Text.Json;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Texts;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Rag.Calling;

/// <summary>A number of tokens.</summary>
/// <param name="Tokens">How many.</param>
/// <param name="IsEstimate">Whether no tokenizer counted them.</param>
internal readonly record struct TokenCount(int Tokens, bool IsEstimate);

/// <summary>Counts tokens by the tokenizer of the engine that serves a model, which all engines we run have at <c>/tokenize</c>; where it does not answer, they are estimated.</summary>
internal interface ITokenCounter
{
    /// <summary>Counts the tokens of a text.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="text">The text.</param>
    /// <param name="asPrompt">Whether the marks that begin a prompt are counted, too.</param>
    /// <param name="trace">The span it is asked in.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<TokenCount> CountAsync(ServedEndpoint endpoint, string text, bool asPrompt, TraceContext trace, CancellationToken cancellationToken);
}

/// <inheritdoc cref="ITokenCounter"/>
/// <param name="calls">Asks models.</param>
/// <param name="time">Clock.</param>
internal sealed class TokenCounter(EndpointCalls calls, TimeProvider time) : ITokenCounter
{
    // A tokenizer takes milliseconds; an answer must not wait for one that does not come.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public async Task<TokenCount> CountAsync(ServedEndpoint endpoint, string text, bool asPrompt, TraceContext trace, CancellationToken cancellationToken)
    {
        if (text.Length == 0)
        {
            return default;
        }

        using var limit = new CancellationTokenSource(Longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var answer = await calls.AskAsync(endpoint, facts => new("/tokenize", Body(facts, text, asPrompt)), trace, either.Token).ConfigureAwait(false);
            return new(JsonBody.Read(answer.Body, "the tokens", root => Count(root, asPrompt)), IsEstimate: false);
        }
        catch (Exception error) when (error is StepException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new(TokenEstimate.Count(text), IsEstimate: true);
        }
    }

    private static ReadOnlyMemory<byte> Body(EndpointFacts facts, string text, bool asPrompt) => JsonBody.Object(writer =>
    {
        switch (facts.Engine)
        {
            case EngineType.Tgi:
                writer.WriteString("inputs"u8, text);
                break;
            case EngineType.LlamaCpp:
                writer.WriteString("content"u8, text);
                writer.WriteBoolean("add_special"u8, asPrompt);
                break;
            default:
                writer.WriteString("model"u8, facts.ServedName);
                writer.WriteString("prompt"u8, text);
                writer.WriteBoolean("add_special_tokens"u8, asPrompt);
                break;
        }
    });

    private static int Count(JsonElement root, bool asPrompt) => root.ValueKind == JsonValueKind.Array

        // TGI lists the marks, too; they stand for no part of the text.
        ? root.EnumerateArray().Count(token => asPrompt || !(token.TryGetProperty("start", out var start) && token.TryGetProperty("stop", out var stop) && start.GetInt32() == stop.GetInt32()))
        : root.TryGetProperty("count", out var count) ? count.GetInt32() : root.GetProperty("tokens").GetArrayLength();
}
