using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Tracing;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Gateway.Rag.Calling;

/// <summary>Asks the model that helps with queries, at temperature 0.</summary>
internal interface IHelperModel
{
    /// <summary>Asks it.</summary>
    /// <param name="service">Where it is.</param>
    /// <param name="prompt">What it is asked.</param>
    /// <param name="maxTokens">Most tokens of its answer.</param>
    /// <param name="trace">The span it is asked in.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StepException">It did not answer.</exception>
    Task<string> AskAsync(ModelServiceSpec service, string prompt, int maxTokens, TraceContext trace, CancellationToken cancellationToken);
}

/// <inheritdoc cref="IHelperModel"/>
/// <param name="cluster">The endpoints.</param>
/// <param name="calls">Asks models.</param>
/// <param name="secrets">API keys.</param>
internal sealed class HelperModel(ClusterView cluster, EndpointCalls calls, NamedShelf<Secret> secrets) : IHelperModel
{
    private const string Path = "/chat/completions";
    private const int LongestAnswer = 64 << 10;

    /// <inheritdoc/>
    public async Task<string> AskAsync(ModelServiceSpec service, string prompt, int maxTokens, TraceContext trace, CancellationToken cancellationToken)
    {
        byte[] answer;
        if (service.EndpointRef is { } reference)
        {
            var endpoint = cluster.Find(reference.Name) ?? throw new StepException(StepException.NotConfigured, $"there is no LlmEndpoint {reference.Name}");
            answer = (await calls.AskAsync(endpoint, facts => new($"/v1{Path}", Body(service.Model ?? facts.ServedName, prompt, maxTokens)), trace, cancellationToken).ConfigureAwait(false)).Body;
        }
        else if (Uri.TryCreate(service.Url?.TrimEnd('/') + Path, UriKind.Absolute, out var address))
        {
            var key = service.ApiKeySecretRef is not { } secret ? null
                : secrets.Value(secret) ?? throw new StepException(StepException.NotConfigured, $"Secret {secret.Name} has no key {secret.Key}");
            answer = await calls.AskAsync(address, key, Body(service.Model ?? "default", prompt, maxTokens), trace, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            throw new StepException(StepException.NotConfigured, "the helper has neither endpointRef nor url");
        }

        var meter = new AnswerMeter(LongestAnswer);
        meter.AddAnswer(answer);
        return meter.Texts is [var text, ..] ? text : throw new StepException(StepException.InvalidAnswer, "the helper's answer has no text");
    }

    private static ReadOnlyMemory<byte> Body(string model, string prompt, int maxTokens) => JsonBody.Object(writer =>
    {
        writer.WriteString("model"u8, model);
        writer.WriteStartArray("messages"u8);
        writer.WriteStartObject();
        writer.WriteString("role"u8, "user"u8);
        writer.WriteString("content"u8, prompt);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteNumber("temperature"u8, 0);
        writer.WriteNumber("max_tokens"u8, maxTokens);
    });
}
