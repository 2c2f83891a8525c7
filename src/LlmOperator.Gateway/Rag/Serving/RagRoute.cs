namespace LlmOperator.Gateway.Rag.Serving;

/// <summary>What is asked for at a path of retrieval.</summary>
internal enum RagRouteKind
{
    /// <summary>An answer of the endpoint that answers by default.</summary>
    Default,

    /// <summary>An answer of an endpoint.</summary>
    Answer,

    /// <summary>The chunks an answer would be made of.</summary>
    Retrieve,

    /// <summary>Documents for an index.</summary>
    Documents,

    /// <summary>A document of an index.</summary>
    Document,
}

/// <summary>A path of retrieval.</summary>
/// <param name="Kind">What is asked for.</param>
/// <param name="Name">Name of the endpoint or index.</param>
/// <param name="Document">Id of the document.</param>
internal sealed record RagRoute(RagRouteKind Kind, string Name = "", string Document = "")
{
    /// <summary>Reads a path; null when it is none of retrieval.</summary>
    public static RagRoute? Of(string path) => path.Split('/') switch
    {
        ["", "rag"] => new(RagRouteKind.Default),
        ["", "v1", "rag", { Length: > 0 } endpoint] => new(RagRouteKind.Answer, endpoint),
        ["", "v1", "retrieve", { Length: > 0 } endpoint] => new(RagRouteKind.Retrieve, endpoint),
        ["", "v1", "rag", { Length: > 0 } index, "documents"] => new(RagRouteKind.Documents, index),

        // An id may be an address, which has slashes of its own.
        ["", "v1", "rag", { Length: > 0 } index, "documents", .. var rest] when rest is not [""] => new(RagRouteKind.Document, index, string.Join('/', rest)),
        _ => null,
    };
}
