using System.Net;

namespace LlmOperator.Kubernetes.Client;

/// <summary>One field at fault in a refused write.</summary>
/// <param name="Reason">FieldValueInvalid, FieldManagerConflict …</param>
/// <param name="Field">Path of the field.</param>
/// <param name="Message">What is wrong with it.</param>
public sealed record StatusCause(string Reason, string Field, string Message);

/// <summary>The API server refused a request, or could not be reached. Made of its <c>Status</c> answer where there is one.</summary>
public sealed class KubeApiException : Exception
{
    /// <summary><see cref="Reason"/> when no answer came: refused, reset, name not resolved, TLS not agreed.</summary>
    public const string ConnectionFailed = "ConnectionFailed";

    /// <summary><see cref="Reason"/> when no answer came in time.</summary>
    public const string DeadlineExceeded = "DeadlineExceeded";

    /// <summary><see cref="Reason"/> when what came was no Kubernetes answer.</summary>
    public const string UnreadableAnswer = "UnreadableAnswer";

    /// <summary>Creates the exception of a <c>Status</c>.</summary>
    public KubeApiException(HttpStatusCode code, string reason, string message, IReadOnlyList<StatusCause>? causes = null, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Reason = reason;
        Causes = causes ?? [];
        RetryAfter = retryAfter;
    }

    /// <summary>HTTP status; 0 when no answer came.</summary>
    public HttpStatusCode Code { get; }

    /// <summary>Machine word of the status (<c>NotFound</c>, <c>Conflict</c> …), empty when the server gave none.</summary>
    public string Reason { get; }

    /// <summary>Fields at fault (Invalid, Conflict of a server-side apply).</summary>
    public IReadOnlyList<StatusCause> Causes { get; }

    /// <summary>Delay the server asked for.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Token with which an expired paged list may go on, at a newer version than it began.</summary>
    public string? Continue { get; init; }

    /// <summary>No such object, or no such kind.</summary>
    public bool IsNotFound => Code == HttpStatusCode.NotFound;

    /// <summary>Create of a name that is taken.</summary>
    public bool IsAlreadyExists => Reason == "AlreadyExists";

    /// <summary>Stale version, or a field another manager owns.</summary>
    public bool IsConflict => Code == HttpStatusCode.Conflict && !IsAlreadyExists;

    /// <summary>Refused by schema, rule or admission.</summary>
    public bool IsInvalid => Code == HttpStatusCode.UnprocessableEntity;

    /// <summary>The version asked for is no longer kept; list again.</summary>
    public bool IsExpired => Code == HttpStatusCode.Gone || Reason is "Expired" or "Gone";

    /// <summary>The credentials do not allow it.</summary>
    public bool IsForbidden => Code == HttpStatusCode.Forbidden;

    /// <summary>The server does not know who we are.</summary>
    public bool IsUnauthorized => Code == HttpStatusCode.Unauthorized;

    /// <summary>The server asks to slow down.</summary>
    public bool IsTooManyRequests => Code == HttpStatusCode.TooManyRequests;

    /// <summary>No answer came.</summary>
    public bool IsUnreachable => Code == 0;

    /// <summary>An apply names a field the server's definition of the kind does not have, which the server reports as a fault of its own: the definition is older than the client.</summary>
    public bool IsUndeclaredField => Code == HttpStatusCode.InternalServerError && Message.Contains("field not declared in schema", StringComparison.Ordinal);

    /// <summary>The same request may succeed later: no answer, too many requests, or a fault inside the server.</summary>
    public bool IsTransient => IsUnreachable || IsTooManyRequests || ((int)Code >= 500 && !IsUndeclaredField);
}
