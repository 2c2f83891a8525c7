using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Requests;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Serving;

/// <summary>A request to a model, ready to be sent to any of its pods.</summary>
internal sealed record ModelRequest
{
    public required ServedEndpoint Endpoint { get; init; }

    /// <summary>What the cluster said of the endpoint when the request came.</summary>
    public required EndpointFacts Facts { get; init; }

    public required Caller Caller { get; init; }

    /// <summary>The client's body.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>What of it is changed, whichever pod is asked.</summary>
    public required IReadOnlyList<Edit> Edits { get; init; }

    /// <summary>What is added for an inference server, by the name endpoints have for it; null when nothing is.</summary>
    public Func<string, Edit>? Defaults { get; init; }

    /// <summary>What of the body is changed for a pod.</summary>
    public IEnumerable<Edit> EditsFor(EndpointFacts pod) => Defaults is null ? Edits : Edits.Append(Defaults(pod.Engine));

    /// <summary>What decides for a pod, where the prompt does.</summary>
    public ulong Key { get; init; }

    /// <summary>Hash of the prompt template that was applied.</summary>
    public string? TemplateHash { get; init; }

    /// <summary>What the user asks, where something is to be found for it; null when nothing is.</summary>
    public AskedText? Asked { get; init; }

    /// <summary>Most tokens of the answer; null when neither the request nor the endpoint says.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>What was found, told with the answer; null when nothing was looked for.</summary>
    public Rag.Serving.Findings? Findings { get; init; }

    /// <summary>The span the pod is asked in; the request's own when null.</summary>
    public TraceContext? EngineTrace { get; init; }
}

/// <summary>What the user asks.</summary>
/// <param name="Start">Where in the body it begins, quotes included.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Text">The text.</param>
internal sealed record AskedText(int Start, int End, string Text);
