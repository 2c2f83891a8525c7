using System.Net.Http.Headers;

namespace LlmOperator.Kubernetes.Http;

/// <summary>One request, from which each attempt makes its own message.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Verb">Kubernetes verb in capitals, for metrics: <c>LIST</c>, <c>WATCH</c>, <c>APPLY</c> …</param>
/// <param name="PathAndQuery">Path below the server's URL, with query.</param>
internal sealed record KubeRequest(HttpMethod Method, string Verb, string PathAndQuery)
{
    public ReadOnlyMemory<byte>? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    /// <summary>Forms of the answer that are read, best first.</summary>
    public string Accept { get; init; } = "application/json";

    /// <summary>Whether doing it twice is doing it once, so that it may be repeated when nobody knows if it was done.</summary>
    public bool Idempotent { get; init; }

    /// <summary>Ask for a compressed answer. Not for streams: the compressor holds lines back.</summary>
    public bool Compressed { get; init; }

    /// <summary>The answer goes on after the deadline of the attempt.</summary>
    public bool Streaming { get; init; }

    /// <summary>Leave repeating to the caller, which has a backoff of its own.</summary>
    public bool SingleAttempt { get; init; }

    public HttpRequestMessage ToMessage(Uri server, string? token)
    {
        // A server URL may have a path of its own (Rancher, for one), which a rooted relative URI would drop.
        var message = new HttpRequestMessage(Method, new Uri(server.GetLeftPart(UriPartial.Path).TrimEnd('/') + PathAndQuery))
        {
            Version = server.Scheme == Uri.UriSchemeHttps ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.TryAddWithoutValidation("User-Agent", ProductName.UserAgent);
        message.Headers.TryAddWithoutValidation("Accept", Streaming && Verb == "LOG" ? "*/*" : Accept);
        if (Compressed)
        {
            message.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        }

        if (token is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(ContentType);
        }

        return message;
    }
}
