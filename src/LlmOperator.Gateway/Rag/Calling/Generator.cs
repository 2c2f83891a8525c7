using System.Text.Json;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Rag.Calling;

/// <summary>Has a model answer a prompt, in the form its engine and its training want.</summary>
/// <param name="indexes">Models.</param>
/// <param name="calls">Asks models.</param>
internal sealed class Generator(IndexView indexes, EndpointCalls calls)
{
    private const string Chat = "Chat";
    private const string Alpaca = "Alpaca";
    private const int LongestAnswer = 4 << 20;

    /// <summary>What the model is asked for, in the words of the GenAI conventions.</summary>
    public string OperationOf(EndpointFacts facts) => FormatOf(facts) == Chat ? Operations.Chat : IsTgi(facts) ? Operations.GenerateContent : Operations.TextCompletion;

    /// <summary>Asks it.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="sampling">How tokens are drawn.</param>
    /// <param name="trace">The span it is asked in.</param>
    /// <param name="exchange">Is told of the answer.</param>
    /// <param name="answered">Is told which pod answered.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="StepException">There is none.</exception>
    public async Task<string> AnswerAsync(ServedEndpoint endpoint, string prompt, GenerationSpec sampling, TraceContext trace, Exchange exchange, Action<EndpointFacts> answered, CancellationToken cancellationToken)
    {
        var meter = new AnswerMeter(LongestAnswer);
        meter.AddAnswer((await calls.AskAsync(endpoint, facts => Question(facts, prompt, sampling), trace, cancellationToken, exchange, answered).ConfigureAwait(false)).Body);
        return meter.Texts is [var answer, ..] ? answer
            : meter.FinishReasons.Count > 0 ? "" // It had nothing to say.
            : throw new StepException(StepException.InvalidAnswer, "the model's answer has no text");
    }

    private PodQuestion Question(EndpointFacts facts, string prompt, GenerationSpec sampling)
    {
        var format = FormatOf(facts);
        var text = format == Alpaca ? $"Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n{prompt}\n\n### Response:\n" : prompt;

        // TGI's own route knows the penalty, which its OpenAI routes do not.
        return format == Chat ? new("/v1/chat/completions", OpenAi(facts, text, sampling, isChat: true)) : IsTgi(facts) ? new("/generate", Tgi(text, sampling)) : new("/v1/completions", OpenAi(facts, text, sampling, isChat: false));
    }

    private string FormatOf(EndpointFacts facts) => indexes.Model(facts.Model)?.Spec?.PromptFormat ?? "Raw";

    private static bool IsTgi(EndpointFacts facts) => facts.Engine == EngineType.Tgi;

    private static ReadOnlyMemory<byte> Tgi(string prompt, GenerationSpec sampling) => JsonBody.Object(writer =>
    {
        writer.WriteString("inputs"u8, prompt);
        writer.WriteStartObject("parameters"u8);
        writer.WriteNumber("max_new_tokens"u8, sampling.MaxTokens);

        // TGI refuses a temperature of 0 and a top_p of 1; without them it takes the likeliest token, and all of them.
        if (sampling.Temperature > 0)
        {
            writer.WriteNumber("temperature"u8, sampling.Temperature);
        }

        if (sampling.TopP < 1)
        {
            writer.WriteNumber("top_p"u8, sampling.TopP);
        }

        writer.WriteNumber("repetition_penalty"u8, sampling.RepetitionPenalty);
        writer.WriteBoolean("return_full_text"u8, false);
        writer.WriteBoolean("details"u8, true);
        writer.WriteEndObject();
    });

    private static ReadOnlyMemory<byte> OpenAi(EndpointFacts facts, string prompt, GenerationSpec sampling, bool isChat) => JsonBody.Object(writer =>
    {
        writer.WriteString("model"u8, facts.ServedName);
        if (isChat)
        {
            writer.WriteStartArray("messages"u8);
            writer.WriteStartObject();
            writer.WriteString("role"u8, "user"u8);
            writer.WriteString("content"u8, prompt);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteString("prompt"u8, prompt);
        }

        writer.WriteNumber("max_tokens"u8, sampling.MaxTokens);
        writer.WriteNumber("temperature"u8, sampling.Temperature);
        if (sampling.TopP < 1 || !IsTgi(facts))
        {
            writer.WriteNumber("top_p"u8, sampling.TopP);
        }

        writer.WriteNumber(facts.Engine == EngineType.LlamaCpp ? "repeat_penalty"u8 : "repetition_penalty"u8, sampling.RepetitionPenalty);
    });
}
