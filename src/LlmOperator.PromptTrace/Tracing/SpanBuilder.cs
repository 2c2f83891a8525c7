using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Redaction;
using LlmOperator.Inference.Tracing;
using LlmOperator.PromptTrace.Configuration;

namespace LlmOperator.PromptTrace.Tracing;

/// <summary>Makes the span of a request that has been answered.</summary>
/// <param name="options">Options.</param>
internal sealed class SpanBuilder(SidecarOptions options)
{
    private readonly ContentWriter _content = new(new Redactor(options.Redact, options.RedactPatterns), options.ContentCharacters);
    private readonly NameRedactor _names = new(options.RedactPatterns);

    /// <summary>Makes a span.</summary>
    /// <param name="exchange">The request and its answer, finished.</param>
    /// <param name="request">What the request says.</param>
    public Span Build(Exchange exchange, RequestSummary request)
    {
        var attributes = new Attributes();
        attributes.Add(GenAiNames.OperationName, exchange.Operation);
        attributes.Add(GenAiNames.ProviderName, options.Provider);
        var model = Name(request.Model);
        attributes.Add(GenAiNames.RequestModel, model);
        attributes.Add(GenAiNames.ServerAddress, options.Engine.Host);
        attributes.Add(GenAiNames.ServerPort, options.Engine.Port);
        attributes.Add(GenAiNames.ErrorType, Name(exchange.Error));
        attributes.Add(GenAiNames.HttpStatusCode, exchange.Status);
        if (exchange.Operation == Operations.Embeddings)
        {
            attributes.Add(GenAiNames.EmbeddingsDimensionCount, request.Dimensions);
            attributes.Add(GenAiNames.RequestEncodingFormats, Name(request.EncodingFormat) is { } format ? [format] : null);
        }
        else
        {
            AddGeneration(attributes, exchange, request);
        }

        attributes.Add(GenAiNames.ResponseModel, Name(exchange.Meter.Model));
        attributes.Add(GenAiNames.UsageInputTokens, exchange.Meter.InputTokens);
        attributes.Add(EndpointNames.Endpoint, options.Served.Endpoint);
        attributes.Add(EndpointNames.EndpointNamespace, options.Served.Namespace);
        attributes.Add(EndpointNames.EndpointRevision, options.Served.Revision);
        attributes.Add(EndpointNames.Model, options.Served.Model);
        attributes.Add(EndpointNames.ModelRevision, options.Served.ModelRevision);
        if (options.CaptureContent && exchange.Operation != Operations.Embeddings)
        {
            AddContent(attributes, exchange, request);
        }

        return new()
        {
            Context = exchange.Trace,
            Name = model is null ? exchange.Operation : $"{exchange.Operation} {model}",
            Kind = SpanKind.Client,
            StartUnixNanoseconds = exchange.StartedUnixNanoseconds,
            EndUnixNanoseconds = exchange.StartedUnixNanoseconds + (exchange.Duration.Ticks * TimeSpan.NanosecondsPerTick),
            Attributes = attributes.All,
            Error = Status(exchange),
        };
    }

    private void AddGeneration(Attributes attributes, Exchange exchange, RequestSummary request)
    {
        attributes.Add(GenAiNames.OutputType, request.OutputType);
        attributes.Add(GenAiNames.RequestChoiceCount, request.Choices is 1 ? null : request.Choices);
        attributes.Add(GenAiNames.RequestSeed, request.Seed);
        attributes.AddIf(GenAiNames.RequestStream, request.Stream || exchange.IsStream);
        attributes.Add(GenAiNames.RequestFrequencyPenalty, request.FrequencyPenalty);
        attributes.Add(GenAiNames.RequestMaxTokens, request.MaxTokens);
        attributes.Add(GenAiNames.RequestPresencePenalty, request.PresencePenalty);
        attributes.Add(GenAiNames.RequestStopSequences, request.Stop?.Select(stop => Name(stop)!).ToList());
        attributes.Add(GenAiNames.RequestTemperature, request.Temperature);
        attributes.Add(GenAiNames.RequestTopK, request.TopK);
        attributes.Add(GenAiNames.RequestTopP, request.TopP);
        var meter = exchange.Meter;
        attributes.Add(GenAiNames.ResponseFinishReasons, meter.FinishReasons.Count > 0 ? [.. meter.FinishReasons.Select(reason => Name(reason)!)] : null);
        attributes.Add(GenAiNames.ResponseId, Name(meter.Id));
        attributes.Add(GenAiNames.ResponseTimeToFirstChunk, exchange.FirstChunk?.TotalSeconds);
        attributes.Add(GenAiNames.UsageOutputTokens, meter.OutputTokens);
        attributes.Add(GenAiNames.UsageCacheReadInputTokens, meter.CachedTokens);
        attributes.Add(GenAiNames.UsageReasoningOutputTokens, meter.ReasoningTokens);
    }

    private void AddContent(Attributes attributes, Exchange exchange, RequestSummary request)
    {
        var isCut = exchange.Request.IsCut || exchange.Meter.IsCut;
        if (request.Input is { } input && _content.Input(input) is var (messages, isInputCut))
        {
            attributes.Add(GenAiNames.InputMessages, messages);
            isCut |= isInputCut;
        }

        if (exchange.Meter.Texts is { Count: > 0 } texts)
        {
            attributes.Add(GenAiNames.OutputMessages, _content.Output(texts, exchange.Meter.FinishReasons, exchange.Meter.IsCut));
        }

        attributes.AddIf(EndpointNames.ContentCut, isCut);
    }

    /// <summary>An engine's words about an error may quote the prompt: they are told where prompts are.</summary>
    private string? Status(Exchange exchange) => exchange.Error is not { } error ? null
        : options.CaptureContent && exchange.Meter.ErrorMessage is { } message ? _content.Text(message)
        : Name(error);

    private string? Name(string? text) => text is null ? null : _names.Redact(text);

    /// <summary>Attributes that are known.</summary>
    private sealed class Attributes
    {
        public List<SpanAttribute> All { get; } = new(32);

        public void Add(string key, string? value)
        {
            if (value is not null)
            {
                All.Add(SpanAttribute.Of(key, value));
            }
        }

        public void Add(string key, long? value)
        {
            if (value is { } known)
            {
                All.Add(SpanAttribute.Of(key, known));
            }
        }

        public void Add(string key, double? value)
        {
            if (value is { } known)
            {
                All.Add(SpanAttribute.Of(key, known));
            }
        }

        public void Add(string key, IReadOnlyCollection<string>? values)
        {
            if (values is not null)
            {
                All.Add(SpanAttribute.Of(key, values));
            }
        }

        public void AddIf(string key, bool value)
        {
            if (value)
            {
                All.Add(SpanAttribute.Of(key, value));
            }
        }
    }
}
