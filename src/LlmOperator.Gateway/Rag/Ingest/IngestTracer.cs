using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Inference.Tracing;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Rag.Ingest;

/// <summary>Makes a span of each request with documents, under which those of the embedding model are. It goes where the spans of that model's endpoint go.</summary>
/// <param name="cluster">The endpoints.</param>
/// <param name="exporters">Where spans go.</param>
/// <param name="time">Clock.</param>
internal sealed class IngestTracer(ClusterView cluster, TraceExporters exporters, TimeProvider time)
{
    private const string Route = "/v1/rag/{index}/documents";

    /// <summary>Documents begin to arrive.</summary>
    public TracedIngest Begin(HttpContext context, IndexFacts index, Caller caller)
    {
        var spec = (index.Source.Endpoint is { } endpoint ? cluster.Find(endpoint)?.Facts.Trace : null) ?? new PromptTraceSpec();
        var trace = TraceContext.Continue(context.Request.Headers.TraceParent);
        var isKept = new Sampler(spec.SampleRate).Keeps(trace.TraceId);
        trace = trace.ParentSpanId == default ? trace with { IsSampled = isKept } : trace;
        var span = new RagSpan(RagNames.IngestSpan, trace, SpanKind.Server, capturesContent: false, time);
        span.Add(SpanAttribute.Of(GenAiNames.HttpRequestMethod, context.Request.Method));
        span.Add(SpanAttribute.Of(GenAiNames.HttpRoute, Route));
        span.Add(SpanAttribute.Of(RagNames.Index, index.Name));
        if (caller.Name.Length > 0)
        {
            span.Add(SpanAttribute.Of(EndpointNames.Caller, caller.Name));
        }

        return new(span, exporters, exporters.Announce(spec), isKept);
    }
}

/// <summary>Documents that are being taken.</summary>
internal sealed class TracedIngest(RagSpan span, TraceExporters exporters, IReadOnlyList<TraceSink> sinks, bool isKept)
{
    /// <summary>Where what is done for it stands.</summary>
    public TraceContext Context => span.Context;

    /// <summary>It is over.</summary>
    /// <param name="status">Status of the answer.</param>
    /// <param name="error">Why it failed; null when it did not.</param>
    /// <param name="counts">How many of what there were.</param>
    public void End(int status, string? error, params IEnumerable<(string Name, int Count)> counts)
    {
        span.Dispose();
        span.Add(SpanAttribute.Of(GenAiNames.HttpStatusCode, status));
        foreach (var (name, count) in counts)
        {
            span.Add(SpanAttribute.Of(name, count));
        }

        if (error is not null)
        {
            span.Fail(error);
        }

        exporters.Tell(sinks, isKept || error is not null ? () => [span.Finish(redactor: null, [])] : null);
    }
}
