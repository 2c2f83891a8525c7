using System.Net;
using System.Net.Http.Headers;
using System.Web;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Gives requests of an HTTP client to a node, without a socket.</summary>
internal sealed class QdrantMessageHandler(QdrantServer server) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!server.Node.IsUp)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused");
        }

        var uri = request.RequestUri!;
        var query = HttpUtility.ParseQueryString(uri.Query);
        var call = new QdrantCall(
            request.Method.Method,
            [.. uri.AbsolutePath[1..].Split('/').Select(Uri.UnescapeDataString)],
            query.AllKeys.Where(key => key is not null).ToDictionary(key => key!, key => query[key] ?? ""))
        {
            ApiKey = request.Headers.TryGetValues("api-key", out var keys) ? keys.First() : request.Headers.Authorization?.Parameter,
            ContentType = request.Content?.Headers.ContentType?.ToString(),
            Body = request.Content is null ? default : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false),
        };
        var reply = await server.AnswerAsync(call, cancellationToken).ConfigureAwait(false)
            ?? throw new HttpRequestException(HttpRequestError.ResponseEnded, "The response ended prematurely.");
        var response = new HttpResponseMessage((HttpStatusCode)reply.Status) { RequestMessage = request, Content = new ByteArrayContent(reply.Body) };
        response.Content.Headers.ContentType = reply.ContentType is { } type ? MediaTypeHeaderValue.Parse(type) : null;
        if (reply.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
        }

        return response;
    }
}
