using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>Stands between the operator and the API server: counts requests, and answers some of them in the server's place.</summary>
internal sealed class FaultyHandler : DelegatingHandler
{
    private readonly Lock _gate = new();
    private readonly List<string> _requests = [];

    /// <summary>Answers in the server's place; null lets a request pass.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage?>? Fault { get; set; }

    /// <summary>Requests seen so far that are neither watches nor about leases, as <c>GET /path</c>.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>An answer of the API server, a <c>Status</c>.</summary>
    public static HttpResponseMessage Status(HttpStatusCode code, string reason, TimeSpan? retryAfter = null)
    {
        var response = new HttpResponseMessage(code)
        {
            Content = new StringContent(
                $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"injected: {{reason}}","reason":"{{reason}}","code":{{(int)code}}}""",
                Encoding.UTF8,
                "application/json"),
        };
        if (retryAfter is { } delay)
        {
            response.Headers.RetryAfter = new RetryConditionHeaderValue(delay);
        }

        return response;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var uri = request.RequestUri!;
        if (!uri.Query.Contains("watch=true", StringComparison.Ordinal) && !uri.AbsolutePath.Contains("/leases", StringComparison.Ordinal))
        {
            lock (_gate)
            {
                _requests.Add($"{request.Method} {uri.AbsolutePath}");
            }
        }

        if (Fault?.Invoke(request) is { } answer)
        {
            answer.RequestMessage = request;
            return answer;
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
