using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using LlmOperator.Gateway.Balancing;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Rag.Calling;

/// <summary>What a pod is asked, in the form its engine and its model want.</summary>
/// <param name="Path">Path.</param>
/// <param name="Body">JSON.</param>
internal readonly record struct PodQuestion(string Path, ReadOnlyMemory<byte> Body);

/// <summary>What a pod answered.</summary>
/// <param name="Body">The body of the answer.</param>
/// <param name="Facts">What the cluster says of the pod.</param>
internal readonly record struct PodAnswer(byte[] Body, EndpointFacts Facts);

/// <summary>Asks models on the gateway's own behalf: endpoints of the namespace, by their pods, and services elsewhere, by their address.</summary>
/// <param name="options">Options.</param>
/// <param name="engines">Sends requests to pods.</param>
/// <param name="services">Sends requests elsewhere.</param>
internal sealed class EndpointCalls(GatewayOptions options, HttpMessageInvoker engines, HttpMessageInvoker services)
{
    // Vectors of ten texts take some hundred kilobytes. More than this is no answer to what is asked here.
    private const int LongestAnswer = 64 << 20;
    private const int QuotedCharacters = 256;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>Asks an endpoint. As long as pods do not answer, others are asked, each as it wants to be: while an endpoint changes its engine or its model, its pods differ.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="question">Says what a pod is asked, by what the cluster says of it.</param>
    /// <param name="trace">The span the request is made in.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <param name="exchange">Is told of the answer; null when nobody asks.</param>
    /// <param name="answered">Is told which pod answered, whatever it said; null when nobody asks.</param>
    /// <param name="isFit">Says which pods may be asked; any when null.</param>
    /// <exception cref="StepException">There was no answer, or none of success.</exception>
    public async Task<PodAnswer> AskAsync(
        ServedEndpoint endpoint, Func<EndpointFacts, PodQuestion> question, TraceContext trace, CancellationToken cancellationToken, Exchange? exchange = null, Action<EndpointFacts>? answered = null, Func<EndpointFacts, bool>? isFit = null)
    {
        Func<Pod, bool>? isPodFit = isFit is null ? null : pod => isFit(endpoint.FactsOf(pod));
        var (tried, sent) = (new List<Pod>(), 0);
        StepException? failure = null;
        if (exchange is null)
        {
            endpoint.Traffic.Began();
        }

        try
        {
            while (sent < options.MaxAttempts && endpoint.Pods.Take(key: 0, tried, isPodFit) is { } lease)
            {
                using (lease)
                {
                    tried.Add(lease.Pod);
                    var facts = endpoint.FactsOf(lease.Pod);
                    var (path, body) = question(facts);
                    try
                    {
                        var answer = await SendAsync(engines, new($"http://{lease.Pod.Address}{path}"), body, trace, key: null, exchange, () => answered?.Invoke(facts), cancellationToken).ConfigureAwait(false);
                        lease.Succeeded();
                        return new(answer, facts);
                    }
                    catch (StepException error)
                    {
                        if (error.Reason == StepException.Refused)
                        {
                            lease.Succeeded();
                            throw;
                        }

                        lease.Failed();
                        failure = error;
                        sent += error.Reason == StepException.Unavailable ? 0 : 1;
                    }
                }
            }
        }
        finally
        {
            if (exchange is null)
            {
                endpoint.Traffic.FirstByte();
                endpoint.Traffic.Ended();
            }
        }

        throw failure ?? new StepException(StepException.Unavailable, $"no pod of LlmEndpoint {endpoint.Name} is ready");
    }

    /// <summary>Asks a service elsewhere.</summary>
    /// <exception cref="StepException">There was no answer, or none of success.</exception>
    public Task<byte[]> AskAsync(Uri address, string? key, ReadOnlyMemory<byte> body, TraceContext trace, CancellationToken cancellationToken) =>
        SendAsync(services, address, body, trace, key, exchange: null, answered: null, cancellationToken);

    private static async Task<byte[]> SendAsync(HttpMessageInvoker client, Uri address, ReadOnlyMemory<byte> body, TraceContext trace, string? key, Exchange? exchange, Action? answered, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = Json } },
        };
        request.Headers.TryAddWithoutValidation("traceparent", trace.ToString());
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }

        try
        {
            using var response = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
            exchange?.Answered(response);
            answered?.Invoke();
            await response.Content.LoadIntoBufferAsync(LongestAnswer, cancellationToken).ConfigureAwait(false);
            var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            exchange?.Add(answer);
            return response.IsSuccessStatusCode ? answer : throw new StepException(
                (int)response.StatusCode is >= 400 and < 500 and not (int)HttpStatusCode.TooManyRequests and not (int)HttpStatusCode.RequestTimeout ? StepException.Refused : StepException.Failed,
                string.Create(CultureInfo.InvariantCulture, $"{address.Authority} answered {(int)response.StatusCode} at {address.AbsolutePath}: {Quoted(answer)}"));
        }
        catch (Exception error) when (error is HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
        {
            throw new StepException(error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } ? StepException.Unavailable : StepException.Failed, $"{address.Authority}: {error.Message}");
        }
    }

    private static string Quoted(byte[] answer)
    {
        var text = System.Text.Encoding.UTF8.GetString(answer.AsSpan(0, Math.Min(answer.Length, QuotedCharacters)));
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
