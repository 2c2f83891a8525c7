using System.Net;

namespace LlmOperator.Kubernetes.Http;

/// <summary>Whether and when a failed attempt is followed by another.</summary>
internal static class RetryPolicy
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    // A server that wants more than this is better left to the caller's own backoff than to a worker that waits here.
    private static readonly TimeSpan LongestAskedFor = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Whether an answer asks for another attempt. 429 is said before anything was done, and so is a 5xx with a delay;
    /// any other 5xx may come after the deed, which only an idempotent request may repeat.
    /// </summary>
    public static bool Retries(KubeRequest request, HttpStatusCode code, TimeSpan? retryAfter)
    {
        if (request.SingleAttempt || retryAfter > LongestAskedFor)
        {
            return false;
        }

        return code switch
        {
            HttpStatusCode.TooManyRequests => true,
            HttpStatusCode.NotImplemented or HttpStatusCode.HttpVersionNotSupported => false,
            >= HttpStatusCode.InternalServerError => request.Idempotent || retryAfter is not null,
            _ => false,
        };
    }

    /// <summary>Delay before the next attempt: what the server asked for or 100 ms doubling up to 10 s, and up to half as much again, so that clients do not come back in step.</summary>
    /// <param name="failures">Attempts that failed, at least 1.</param>
    /// <param name="retryAfter">What the server asked for.</param>
    /// <param name="jitter">From 0 up to 1.</param>
    public static TimeSpan Delay(int failures, TimeSpan? retryAfter, double jitter)
    {
        var backoff = First * Math.Pow(2, Math.Min(failures - 1, 16));
        var delay = retryAfter ?? (backoff < Longest ? backoff : Longest);
        return delay + (delay * 0.5 * jitter);
    }
}
