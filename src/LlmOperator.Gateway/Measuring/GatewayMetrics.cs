using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Measuring;

/// <summary>The gateway's figures: those of the GenAI conventions for clients of models, which it is, and its own. What clients write is in no label.</summary>
internal sealed class GatewayMetrics
{
    private static readonly double[] Seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

    private readonly Counter<long> _requests;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _ejections;
    private readonly Counter<long> _rateLimited;
    private readonly Counter<long> _feedback;
    private readonly Counter<long> _badTemplates;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstChunk;
    private readonly Histogram<double> _perChunk;
    private readonly Histogram<long> _tokens;

    /// <summary>Adds the instruments to a meter.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="endpoints">The endpoints there are at a reading.</param>
    /// <param name="held">Bytes of prompts that are held.</param>
    public GatewayMetrics(Meter meter, Func<IEnumerable<ServedEndpoint>> endpoints, Func<long> held)
    {
        _requests = meter.CreateCounter<long>("llm_gateway_requests_total", null, "Requests that were answered, by endpoint and HTTP status");
        _retries = meter.CreateCounter<long>("llm_gateway_retries_total", null, "Requests sent again, to another pod");
        _ejections = meter.CreateCounter<long>("llm_gateway_ejections_total", null, "Times a pod was left alone because it kept failing");
        _rateLimited = meter.CreateCounter<long>("llm_gateway_rate_limited_total", null, "Requests refused because their caller has used up its limit");
        _feedback = meter.CreateCounter<long>("llm_gateway_feedback_total", null, "Feedback that was given, by what became of it");
        _badTemplates = meter.CreateCounter<long>("llm_gateway_prompt_template_rejected_total", null, "Prompt templates that were not taken because they are not valid");
        _duration = Histogram("gen_ai.client.operation.duration", "Time from a request's arrival to the end of its answer");
        _firstChunk = Histogram("gen_ai.client.operation.time_to_first_chunk", "Time from a request's arrival to the first chunk of its stream");
        _perChunk = Histogram("gen_ai.client.operation.time_per_output_chunk", "Time between chunks of a stream after the first");
        _tokens = meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens of prompts and answers", null, new InstrumentAdvice<long>
        {
            HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
        });
        meter.CreateObservableGauge("llm_gateway_requests_in_flight", () => Each(one => one.Traffic.InFlight), null, "Requests that arrived and are not answered to their end");
        meter.CreateObservableGauge("llm_gateway_ready_pods", () => Each(one => one.Pods.Count), null, "Pods that take requests");
        meter.CreateObservableGauge("llm_gateway_held_bytes", held, null, "Bytes of prompts that are held");

        IEnumerable<Measurement<long>> Each(Func<ServedEndpoint, long> value) => endpoints().Select(one => new Measurement<long>(value(one), Endpoint(one.Name)));
        Histogram<double> Histogram(string name, string description) => meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });
    }

    /// <summary>A request was answered, or its client left.</summary>
    /// <param name="endpoint">Endpoint; null when it was refused before one was found.</param>
    /// <param name="status">Status of the answer.</param>
    public void Answered(string? endpoint, int status) => _requests.Add(1, Endpoint(endpoint ?? ""), new("code", status.ToString(CultureInfo.InvariantCulture)));

    public void Retried(string endpoint) => _retries.Add(1, Endpoint(endpoint));

    public void Ejected(string endpoint) => _ejections.Add(1, Endpoint(endpoint));

    public void RateLimited(string caller, string limit) => _rateLimited.Add(1, new("caller", caller), new("limit", limit));

    public void Feedback(string result) => _feedback.Add(1, new KeyValuePair<string, object?>("result", result));

    public void RejectedTemplate(string configMap) => _badTemplates.Add(1, new KeyValuePair<string, object?>("config_map", configMap));

    /// <summary>Takes the figures of a request that reached an endpoint.</summary>
    public void Record(EndpointFacts endpoint, Exchange exchange)
    {
        var tags = new TagList
        {
            { GenAiNames.OperationName, exchange.Operation },
            { GenAiNames.ProviderName, endpoint.Provider },
            { GenAiNames.RequestModel, endpoint.Name },
        };
        Tokens(tags, "input", exchange.Meter.InputTokens);
        Tokens(tags, "output", exchange.Operation is Operations.Embeddings or Operations.Rerank ? null : exchange.Meter.OutputTokens);
        if (exchange.Error is null && exchange.FirstChunk is { } first)
        {
            _firstChunk.Record(first.TotalSeconds, tags);
            if (exchange.Meter.Pieces > 1 && exchange.LastToken - exchange.FirstToken is { } span)
            {
                _perChunk.Record(span.TotalSeconds / (exchange.Meter.Pieces - 1), tags);
            }
        }

        if (exchange.Error is { } error)
        {
            // An engine's own words for errors are its own to bound: by status they are few.
            tags.Add(GenAiNames.ErrorType, exchange.Status >= 400 ? exchange.Status.Value.ToString(CultureInfo.InvariantCulture) : exchange.Meter.ErrorType is null ? error : ErrorTypes.Other);
        }

        _duration.Record(exchange.Duration.TotalSeconds, tags);
    }

    private static KeyValuePair<string, object?> Endpoint(string name) => new("endpoint", name);

    private void Tokens(TagList tags, string type, long? count)
    {
        if (count is { } known)
        {
            tags.Add(GenAiNames.TokenType, type);
            _tokens.Record(known, tags);
        }
    }
}
