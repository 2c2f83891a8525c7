using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;
using LlmOperator.PromptTrace.Configuration;

namespace LlmOperator.PromptTrace.Measuring;

/// <summary>The figures of the GenAI conventions, with their buckets and attributes.</summary>
internal sealed class GenAiMetrics
{
    // The model is what a client wrote, and a series is for ever: models beyond these many are counted together, and names are bounded and redacted as in a span.
    private const int MostModels = 100;
    private const int LongestModel = 128;
    private const string OtherModels = "_OTHER";

    private readonly SidecarOptions _options;
    private readonly NameRedactor _redactor;
    private readonly object _port;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _timeToFirstToken;
    private readonly Histogram<double> _timePerOutputToken;
    private readonly Histogram<long> _tokens;
    private readonly Counter<long> _requests;
    private readonly ConcurrentDictionary<string, string> _models = new(StringComparer.Ordinal);

    public GenAiMetrics(Meter meter, SidecarOptions options, Traffic traffic)
    {
        _options = options;
        _redactor = new(options.RedactPatterns);
        _port = (long)options.Engine.Port;
        _duration = Seconds(meter, "gen_ai.server.request.duration", "Time from a request's arrival to the end of its answer", [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]);
        _timeToFirstToken = Seconds(meter, "gen_ai.server.time_to_first_token", "Time from a request's arrival to the first token of its stream", [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);
        _timePerOutputToken = Seconds(meter, "gen_ai.server.time_per_output_token", "Time between tokens of a stream after the first", [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]);
        _tokens = meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens of prompts and answers", null, new InstrumentAdvice<long>
        {
            HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
        });
        _requests = meter.CreateCounter<long>("prompt_trace_requests_total", null, "Requests that were answered, by operation and HTTP status");
        meter.CreateObservableGauge("prompt_trace_requests_in_flight", () => traffic.InFlight, null, "Requests that arrived and are not answered to their end");
        meter.CreateObservableGauge("prompt_trace_requests_waiting", () => traffic.Waiting, null, "Requests in flight of which no byte of an answer has come: queued or being prefilled in the inference server, or not streamed");
        meter.CreateObservableGauge("prompt_trace_streams_in_flight", () => traffic.Streams, null, "Answers that are being streamed");
    }

    /// <summary>Takes the figures of a request.</summary>
    public void Record(Exchange exchange, RequestSummary request)
    {
        var tags = new TagList
        {
            { GenAiNames.OperationName, exchange.Operation },
            { GenAiNames.ProviderName, _options.Provider },
            { GenAiNames.ServerAddress, _options.Engine.Host },
            { GenAiNames.ServerPort, _port },
        };
        Add(ref tags, GenAiNames.RequestModel, request.Model);
        Add(ref tags, GenAiNames.ResponseModel, exchange.Meter.Model);
        _requests.Add(
            1,
            new(GenAiNames.OperationName, exchange.Operation),
            new("code", exchange.Status?.ToString(CultureInfo.InvariantCulture) ?? exchange.Error ?? ErrorTypes.Other));
        RecordTokens(tags, GenAiTokens.Input, exchange.Meter.InputTokens);
        RecordTokens(tags, GenAiTokens.Output, exchange.Operation == Operations.Embeddings ? null : exchange.Meter.OutputTokens);
        if (exchange.Error is null && exchange.FirstToken is { } first)
        {
            _timeToFirstToken.Record(first.TotalSeconds, tags);
            if (exchange.Meter.OutputTokens > 1 && exchange.LastToken is { } last)
            {
                _timePerOutputToken.Record((last - first).TotalSeconds / (exchange.Meter.OutputTokens.Value - 1), tags);
            }
        }

        if (exchange.Error is { } error)
        {
            tags.Add(GenAiNames.ErrorType, Bounded(error));
        }

        _duration.Record(exchange.Duration.TotalSeconds, tags);
    }

    private static Histogram<double> Seconds(Meter meter, string name, string description, double[] boundaries) =>
        meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    private void RecordTokens(TagList tags, string type, long? count)
    {
        if (count is { } known)
        {
            tags.Add(GenAiNames.TokenType, type);
            _tokens.Record(known, tags);
        }
    }

    private void Add(ref TagList tags, string name, string? model)
    {
        if (model is not null)
        {
            tags.Add(name, Bounded(model));
        }
    }

    private string Bounded(string name)
    {
        if (_models.TryGetValue(name, out var known))
        {
            return known;
        }

        if (_models.Count >= MostModels || name.Length > LongestModel)
        {
            return OtherModels;
        }

        return _models.GetOrAdd(name, _redactor.Redact(name));
    }

    private static class GenAiTokens
    {
        public const string Input = "input";
        public const string Output = "output";
    }
}
