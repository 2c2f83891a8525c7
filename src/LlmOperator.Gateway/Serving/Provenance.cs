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
        Add(PodRevision.Header, request.Facts.Revision);
        Add(ModelRevision, request.Facts.ModelRevision);
        Add(TemplateHash, request.TemplateHash);
        Add(Findings.Header, request.Findings?.HeaderValue);

        void Add(string name, string? value)
        {
            if (value is not null && !value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                headers[name] = value;
            }
        }
    }
}
