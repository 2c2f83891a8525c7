using LlmOperator.Gateway.Cluster;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Tracing;

/// <summary>
/// The other gateways of the namespace: an answer is remembered by the one that gave it, and feedback may come to any. They are asked in turn, with the caller's own key, and do not ask further.
/// </summary>
/// <param name="cluster">Knows their addresses.</param>
/// <param name="gateways">Sends requests.</param>
/// <param name="time">Clock.</param>
internal sealed class FeedbackPeers(ClusterView cluster, HttpMessageInvoker gateways, TimeProvider time)
{
    private const string AskedHeader = "x-llmops-asked-by-gateway";
    private static readonly TimeSpan AskTime = TimeSpan.FromSeconds(2);

    /// <summary>Whether a request is another gateway's question. A client that says so itself only keeps others from being asked.</summary>
    public static bool IsAsked(HttpRequest request) => request.Headers.ContainsKey(AskedHeader);

    /// <summary>Whether a request comes from the address of a gateway of the namespace, which has counted it against the caller's allowance already.</summary>
    public bool IsPeer(HttpContext context) => IsAsked(context.Request) && context.Connection.RemoteIpAddress is { } address
        && cluster.Gateways.Any(gateway => System.Net.IPEndPoint.TryParse(gateway, out var known) && known.Address.Equals(address));

    /// <summary>Gives the feedback to the others.</summary>
    /// <returns>Whether one of them took it.</returns>
    public async Task<bool> TryAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        using var over = new CancellationTokenSource(AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, context.RequestAborted);
        foreach (var gateway in cluster.Gateways)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{gateway}{Serving.Routes.Feedback}") { Content = new ReadOnlyMemoryContent(body) };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.TryAddWithoutValidation(AskedHeader, "1");
            if (context.Request.Headers.Authorization.ToString() is { Length: > 0 } key)
            {
                request.Headers.TryAddWithoutValidation("Authorization", key);
            }

            try
            {
                using var answer = await gateways.SendAsync(request, either.Token).ConfigureAwait(false);
                if (answer.IsSuccessStatusCode)
                {
                    return true;
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !context.RequestAborted.IsCancellationRequested))
            {
                // One that is gone has forgotten what it answered.
            }
        }

        return false;
    }
}
