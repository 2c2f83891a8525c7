using System.Net;

namespace LlmOperator.Qdrant;

/// <summary>What went wrong, as far as a caller acts on it.</summary>
public enum QdrantErrorKind
{
    /// <summary>The server failed (5xx without a meaning of its own).</summary>
    Internal,

    /// <summary>The input is malformed, breaks a rule of fields, or cannot be done as things are (400, 422).</summary>
    BadRequest,

    /// <summary>No API key, or a wrong one (401).</summary>
    Unauthorized,

    /// <summary>The key may not do this (403).</summary>
    Forbidden,

    /// <summary>No such collection, point, snapshot or shard (404).</summary>
    NotFound,

    /// <summary>A call for a cluster on a server that is none (405).</summary>
    NotSupported,

    /// <summary>The collection exists, or a name is taken (409).</summary>
    Conflict,

    /// <summary>The request is larger than the server takes (413), or would be.</summary>
    TooLarge,

    /// <summary>The server waited in vain (408, 504). The operation may still take effect: read before it is tried again.</summary>
    Timeout,

    /// <summary>Too many requests for the collection's strict mode (429).</summary>
    RateLimited,

    /// <summary>A shard is not available, or the like is in progress already (502, 503).</summary>
    Unavailable,

    /// <summary>Memory or disk of the server are used up (507).</summary>
    OutOfResources,

    /// <summary>No answer: no connection, a broken one, or none within the client's time.</summary>
    Unreachable,

    /// <summary>An answer that is not Qdrant's.</summary>
    Unexpected,
}

/// <summary>A request that Qdrant did not fulfil. The message holds the request's method and path and the server's words, never the API key.</summary>
public sealed class QdrantException : Exception
{
    /// <summary>Creates a fault.</summary>
    /// <param name="kind">What kind.</param>
    /// <param name="message">The whole message.</param>
    /// <param name="serverMessage">The server's own words, when it had any.</param>
    /// <param name="status">Status of the answer; null when there was none.</param>
    /// <param name="retryAfter">How long the server asks to wait.</param>
    /// <param name="inner">What caused it.</param>
    public QdrantException(
        QdrantErrorKind kind,
        string message,
        string? serverMessage = null,
        HttpStatusCode? status = null,
        TimeSpan? retryAfter = null,
        Exception? inner = null)
        : base(message, inner)
    {
        Kind = kind;
        ServerMessage = serverMessage;
        Status = status;
        RetryAfter = retryAfter;
    }

    /// <summary>What kind of fault.</summary>
    public QdrantErrorKind Kind { get; }

    /// <summary>Status of the answer; null when there was none.</summary>
    public HttpStatusCode? Status { get; }

    /// <summary>The server's own words; null when it had none.</summary>
    public string? ServerMessage { get; }

    /// <summary>How long the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Whether the same request may succeed later. After a <see cref="QdrantErrorKind.Timeout"/> or an <see cref="QdrantErrorKind.Unreachable"/> a write may have taken effect: read first.</summary>
    public bool MayRetry => Kind is QdrantErrorKind.Timeout or QdrantErrorKind.RateLimited or QdrantErrorKind.Unavailable or QdrantErrorKind.Internal or QdrantErrorKind.Unreachable;
}
