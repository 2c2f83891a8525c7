using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Requests;

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

    /// <summary>What of it is changed.</summary>
    public required IReadOnlyList<Edit> Edits { get; init; }

    /// <summary>What decides for a pod, where the prompt does.</summary>
    public ulong Key { get; init; }

    /// <summary>Hash of the prompt template that was applied.</summary>
    public string? TemplateHash { get; init; }
}
