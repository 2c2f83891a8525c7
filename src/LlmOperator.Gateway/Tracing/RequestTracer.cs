using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Serving;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Tracing;

/// <summary>A request that is being traced.</summary>
/// <param name="Exchange">The request and its answer.</param>
/// <param name="Sinks">Where it was announced.</param>
internal sealed record TracedRequest(Exchange Exchange, IReadOnlyList<TraceSink> Sinks) : IDisposable
{
    /// <summary>The steps of its retrieval; null when it has none.</summary>
    public RagTrace? Rag { get; init; }

    /// <summary>What the cluster says of the pod that answered; null while none has.</summary>
    public EndpointFacts? Pod { get; set; }

    /// <summary>Where the answer comes from, as far as it is known: the pod that answered, or the revision of the endpoint that does.</summary>
    public EndpointFacts Origin(EndpointFacts endpoint) => Pod ?? endpoint.Of(endpoint.Revision);

    public void Dispose() => Exchange.Dispose();
}

/// <summary>
/// Makes a span of every request: when it came, what became of it, and where the answer came from. Prompts, answers and tokens are in the span of the sidecar, which is its child; told twice, they would
/// be counted twice.
/// </summary>
/// <param name="exporters">Where spans go.</param>
/// <param name="memory">Requests that were answered.</param>
/// <param name="time">Clock.</param>
internal sealed class RequestTracer(TraceExporters exporters, TraceMemory memory, TimeProvider time)
{
    // Name and tag of traces with retrieval.
    private const string RagName = "rag";

    // As much of an answer as a trace tells; its tokens are counted by it, too.
    private const int LongestAnswer = 256 << 10;

    /// <summary>A request has arrived.</summary>
    /// <param name="operation">What is asked for.</param>
    /// <param name="request">The request.</param>
    /// <param name="traceparent">Header of the trace it belongs to.</param>
    /// <param name="retrieves">Whether something is retrieved for it.</param>
    public TracedRequest Begin(string operation, ModelRequest request, string? traceparent, bool retrieves = false)
    {
        var trace = TraceContext.Continue(traceparent);
        if (trace.ParentSpanId == default)
        {
            trace = trace with { IsSampled = new Sampler(request.Facts.Trace.SampleRate).Keeps(trace.TraceId) };
        }

        var sinks = exporters.Announce(request.Facts.Trace);
        return new(new(operation, trace, requestBytes: 0, longestText: retrieves ? LongestAnswer : 0, request.Endpoint.Traffic, time), sinks)
        {
            Rag = retrieves ? new(trace, request.Facts.Trace.CaptureContent && sinks.Count > 0, time) : null,
        };
    }

    /// <summary>A request has been answered; its exchange is finished.</summary>
    /// <param name="request">The request.</param>
    /// <param name="traced">What was begun with it.</param>
    /// <param name="route">Its path.</param>
    /// <param name="status">Status of the answer.</param>
    public void End(ModelRequest request, TracedRequest traced, string route, int status)
    {
        var exchange = traced.Exchange;
        memory.Add(exchange.Trace.TraceId, request.Caller.Name, new(exchange.Trace.SpanId, request.Facts.Name, traced.Origin(request.Facts).Revision));
        var isSampledOut = exchange.Error is null && !new Sampler(request.Facts.Trace.SampleRate).Keeps(exchange.Trace.TraceId);
        exporters.Tell(traced.Sinks, isSampledOut ? null : () => Build(request, traced, route, status));
    }

    /// <summary>What is told in every span of an endpoint, or of a pod of it.</summary>
    public static IEnumerable<SpanAttribute> Of(EndpointFacts facts)
    {
        yield return SpanAttribute.Of(EndpointNames.Endpoint, facts.Name);
        yield return SpanAttribute.Of(EndpointNames.EndpointNamespace, facts.Namespace);
        foreach (var (key, value) in new[] { (EndpointNames.EndpointRevision, facts.Revision), (EndpointNames.Model, facts.IsModelKnown ? facts.Model : null), (EndpointNames.ModelRevision, facts.IsModelKnown ? facts.ModelRevision : null) })
        {
            if (value is not null)
            {
                yield return SpanAttribute.Of(key, value);
            }
        }
    }

    /// <summary>The span of the request, and those of its retrieval.</summary>
    private static IEnumerable<Span> Build(ModelRequest request, TracedRequest traced, string route, int status)
    {
        var origin = traced.Origin(request.Facts);
        var root = Build(request, origin, traced.Exchange, route, status);
        if (traced.Rag is not { } rag)
        {
            return [root];
        }

        var redactor = rag.CapturesContent ? ContentRedactor.Of(request.Facts.Trace) : null;
        return
        [
            root with
            {
                Name = RagName,
                Attributes = [.. root.Attributes, SpanAttribute.Of("tags", [RagName]), SpanAttribute.Of("langfuse.trace.tags", [RagName]), .. rag.Root.Attributes(redactor)],
            },
            .. rag.Finish(redactor, [.. Of(origin)]),
        ];
    }

    private static Span Build(ModelRequest request, EndpointFacts origin, Exchange exchange, string route, int status)
    {
        List<SpanAttribute> attributes =
        [
            SpanAttribute.Of(GenAiNames.HttpRequestMethod, "POST"),
            SpanAttribute.Of(GenAiNames.HttpRoute, route),
            SpanAttribute.Of(GenAiNames.HttpStatusCode, status),
            SpanAttribute.Of(GenAiNames.OperationName, exchange.Operation),
            SpanAttribute.Of(GenAiNames.RequestModel, request.Facts.Name),
            .. Of(origin),
        ];
        if (request.Caller.Name.Length > 0)
        {
            attributes.Add(SpanAttribute.Of(EndpointNames.Caller, request.Caller.Name));
        }

        if (request.TemplateHash is { } hash)
        {
            attributes.Add(SpanAttribute.Of(EndpointNames.TemplateHash, hash));
        }

        // An engine's own word for an error may be anything; the status says it for the gateway.
        var error = exchange.Error is null ? null : exchange.Meter.ErrorType is null || exchange.Status >= 400 ? exchange.Error : ErrorTypes.Other;
        if (error is not null)
        {
            attributes.Add(SpanAttribute.Of(GenAiNames.ErrorType, error));
        }

        return new()
        {
            Context = exchange.Trace,
            Name = $"POST {route}",
            Kind = SpanKind.Server,
            StartUnixNanoseconds = exchange.StartedUnixNanoseconds,
            EndUnixNanoseconds = exchange.StartedUnixNanoseconds + (exchange.Duration.Ticks * TimeSpan.NanosecondsPerTick),
            Attributes = attributes,
            Error = error,
        };
    }
}
