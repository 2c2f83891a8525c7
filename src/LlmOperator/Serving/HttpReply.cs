using System.Net;

namespace LlmOperator.Serving;

/// <summary>An answer of one of the operator's pages.</summary>
/// <param name="Status">Status.</param>
/// <param name="Body">Text.</param>
/// <param name="ContentType">Its media type.</param>
internal sealed record HttpReply(HttpStatusCode Status, string Body, string ContentType = "text/plain; charset=utf-8")
{
    public static HttpReply Ok(string body) => new(HttpStatusCode.OK, body);

    public static HttpReply NotFound { get; } = new(HttpStatusCode.NotFound, "not found\n");

    public static HttpReply OnlyRead { get; } = new(HttpStatusCode.MethodNotAllowed, "only GET and HEAD are answered\n");
}
