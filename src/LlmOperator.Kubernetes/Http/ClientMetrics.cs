using System.Diagnostics.Metrics;

namespace LlmOperator.Kubernetes.Http;

/// <summary>The instruments of requests, under client-go's names.</summary>
internal static class ClientMetrics
{
    private static readonly Meter Meter = new("LlmOperator.Kubernetes");

    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "rest_client_requests_total", null, "Number of HTTP requests, partitioned by status code, method, and host.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "rest_client_request_duration_seconds", null, "Request latency in seconds. Broken down by verb, and host.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60] });

    /// <summary>Counts one attempt.</summary>
    /// <param name="request">Request.</param>
    /// <param name="host">Host and port of the server.</param>
    /// <param name="code">Status; null when no answer came.</param>
    /// <param name="elapsed">Time to the beginning of the answer.</param>
    public static void Record(KubeRequest request, string host, int? code, TimeSpan elapsed)
    {
        Requests.Add(1, new("code", code?.ToString() ?? "<error>"), new("method", request.Method.Method), new("host", host));
        Duration.Record(elapsed.TotalSeconds, new("verb", request.Verb), new("host", host));
    }
}
