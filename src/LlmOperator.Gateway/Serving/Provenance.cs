using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Serving;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Serving;

/// <summary>Headers that say where an answer comes from.</summary>
internal static class Provenance
{
    public const string TraceId = "x-llmops-trace-id";
    private const string Endpoint = "x-llmops-endpoint";
    private const string ModelRevision = "x-llmops-model-revision";
    private const string TemplateHash = "x-llmops-template-hash";

    /// <summary>Writes them. The revision is the active one, until a pod says which it is of.</summary>
    public static void Write(IHeaderDictionary headers, ModelRequest request, TraceContext trace)
    {
        headers[TraceId] = trace.TraceId.ToHexString();
        headers[Endpoint] = request.Facts.Name;
        Add(headers, PodRevision.Header, request.Facts.Revision);
        Add(headers, TemplateHash, request.TemplateHash);
        Add(headers, Findings.Header, request.Findings?.HeaderValue);
        Answered(headers, request.Facts);
    }

    /// <summary>A pod has said which revision it is of: the model is told where it is known to be that pod's.</summary>
    public static void Answered(IHeaderDictionary headers, EndpointFacts facts)
    {
        headers.Remove(ModelRevision);
        Add(headers, ModelRevision, facts.IsModelOf(Revision(headers)) ? facts.ModelRevision : null);
    }

    /// <summary>The same facts, of the revision that answered.</summary>
    public static EndpointFacts Of(IHeaderDictionary headers, EndpointFacts facts) => Revision(headers) is { } revision && revision != facts.Revision ? facts with { Revision = revision } : facts;

    private static string? Revision(IHeaderDictionary headers) => headers.TryGetValue(PodRevision.Header, out var values) ? values.ToString() : null;

    private static void Add(IHeaderDictionary headers, string name, string? value)
    {
        if (value is not null && !value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            headers[name] = value;
        }
    }
}
