using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Serving;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Inference.Tracing;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Serving;

/// <summary>Headers that say where an answer comes from.</summary>
internal static class Provenance
{
    /// <summary>Begins the names of all of them.</summary>
    public const string Prefix = "x-llmops-";

    public const string TraceId = Prefix + "trace-id";
    private const string Endpoint = Prefix + "endpoint";
    private const string Revision = Prefix + "endpoint-revision";
    private const string ModelRevision = Prefix + "model-revision";
    private const string TemplateHash = Prefix + "template-hash";

    /// <summary>Writes them. The revision is the active one, until a pod has answered.</summary>
    public static void Write(IHeaderDictionary headers, ModelRequest request, TraceContext trace)
    {
        headers[TraceId] = trace.TraceId.ToHexString();
        headers[Endpoint] = request.Facts.Name;
        Add(headers, TemplateHash, request.TemplateHash);
        Add(headers, Findings.Header, request.Findings?.HeaderValue);
        Write(headers, request.Facts.Of(request.Facts.Revision));
    }

    /// <summary>A pod has answered.</summary>
    /// <param name="headers">Headers of the answer.</param>
    /// <param name="traced">The request, which remembers it.</param>
    /// <param name="pod">What the cluster says of the pod.</param>
    public static void Answered(IHeaderDictionary headers, TracedRequest traced, EndpointFacts pod)
    {
        traced.Pod = pod;
        Write(headers, pod);
    }

    /// <summary>The model is told where it is known to be that of the revision.</summary>
    private static void Write(IHeaderDictionary headers, EndpointFacts origin)
    {
        headers.Remove(Revision);
        headers.Remove(ModelRevision);
        Add(headers, Revision, origin.Revision);
        Add(headers, ModelRevision, origin.IsModelKnown ? origin.ModelRevision : null);
    }

    private static void Add(IHeaderDictionary headers, string name, string? value)
    {
        if (value is not null && !value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            headers[name] = value;
        }
    }
}
