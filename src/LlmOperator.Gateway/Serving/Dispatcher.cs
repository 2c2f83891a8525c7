using System.Net;
using System.Net.Sockets;
using LlmOperator.Gateway.Balancing;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Requests;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Inference.Proxying;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Serving;

/// <summary>
/// Sends a request to a pod and its answer to the client. As long as nothing of an answer has been sent, a request that fails is sent to another pod; the head of an answer waits for its first byte,
/// so that a pod that ends before it has said anything costs the client nothing.
/// </summary>
/// <param name="options">Options.</param>
/// <param name="engines">Sends requests to pods.</param>
/// <param name="metrics">Figures.</param>
/// <param name="areKeysOurs">Whether keys are the gateway's, and no business of the pods.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Logger.</param>
internal sealed partial class Dispatcher(GatewayOptions options, HttpMessageInvoker engines, GatewayMetrics metrics, Func<bool> areKeysOurs, TimeProvider time, ILogger logger)
{
    private static readonly UriCreationOptions AsGiven = new() { DangerousDisablePathAndQueryCanonicalization = true };
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(2);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context, ModelRequest request, TracedRequest traced)
    {
        var exchange = traced.Exchange;
        using var total = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(total.Token, context.RequestAborted);
        var (tried, sent) = (new List<Pod>(), 0);
        OpenAiError? failure = null;
        try
        {
            while (sent < options.MaxAttempts && request.Endpoint.Pods.Take(request.Key, tried) is { } lease)
            {
                using (lease)
                {
                    tried.Add(lease.Pod);
                    if (tried.Count > 1)
                    {
                        metrics.Retried(request.Facts.Name);
                    }

                    failure = await TryAsync(context, request, traced, lease, isLast: sent + 1 >= options.MaxAttempts || !request.Endpoint.Pods.HasOther(tried), either.Token).ConfigureAwait(false);
                }

                if (failure is null)
                {
                    return;
                }

                // A pod that takes no connection has cost nothing: with many of them gone at once, the others are still found.
                sent += failure.Code == ErrorTypes.EngineUnreachable ? 0 : 1;
            }

            failure ??= new(StatusCodes.Status503ServiceUnavailable, "no_ready_pod", $"No pod of {request.Facts.Name} is ready. Try again.") { RetryAfter = RetryTime };
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            exchange.Fail(ErrorTypes.Cancelled);
            return;
        }
        catch (Exception) when (total.IsCancellationRequested)
        {
            exchange.Fail(ErrorTypes.Timeout);
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            failure = TooSlow;
        }
        catch (OperationCanceledException)
        {
            // The client is gone, which the server is about to notice.
            exchange.Fail(ErrorTypes.Cancelled);
            context.Abort();
            return;
        }

        exchange.Fail(failure.Code);
        await failure.WriteAsync(context).ConfigureAwait(false);
    }

    private static OpenAiError TooSlow => new(StatusCodes.Status504GatewayTimeout, ErrorTypes.Timeout, "The model did not answer in time. Try again, or ask for fewer tokens.") { RetryAfter = RetryTime };

    /// <summary>Asks one pod.</summary>
    /// <returns>Null when the client has an answer, be it a broken one; else why there is none, and another pod may be asked.</returns>
    private async Task<OpenAiError?> TryAsync(HttpContext context, ModelRequest request, TracedRequest traced, PodLease lease, bool isLast, CancellationToken cancellationToken)
    {
        var (exchange, facts) = (traced.Exchange, request.Endpoint.FactsOf(lease.Pod));
        using var first = new CancellationTokenSource(options.AttemptTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(first.Token, cancellationToken);
        try
        {
            using var message = Message(context, request, exchange, lease.Pod, facts);
            using var response = await engines.SendAsync(message, either.Token).ConfigureAwait(false);
            await using var answer = new AnswerStream(response);
            if (!isLast && IsWorthAnotherPod(response.StatusCode))
            {
                Note(lease, response.StatusCode);
                return new(StatusCodes.Status502BadGateway, ErrorTypes.EngineFailed, $"A pod answered {(int)response.StatusCode}. Try again.") { RetryAfter = RetryTime };
            }

            await answer.ReadAheadAsync(either.Token).ConfigureAwait(false);
            first.CancelAfter(Timeout.InfiniteTimeSpan);
            exchange.Answered(response);
            EngineAnswer.CopyHead(response, context.Response);
            Provenance.Answered(context.Response.Headers, traced, facts);
            var rewriter = request.Findings?.InsertInto(response, exchange.Meter);
            if (rewriter is not null)
            {
                context.Response.ContentLength = null;
            }

            await EngineAnswer.CopyBodyAsync(response, answer, context, exchange, rewriter, either.Token).ConfigureAwait(false);
            Note(lease, response.StatusCode);
            return null;
        }
        catch (EngineBrokeOffException error) when (context.Response.HasStarted)
        {
            // The client must see that the answer is not whole.
            lease.Failed();
            exchange.Fail(ErrorTypes.EngineFailed);
            Log.BrokeOff(logger, request.Facts.Name, lease.Pod.Address, error.Message);
            context.Abort();
            return null;
        }
        catch (OperationCanceledException) when (first.IsCancellationRequested && !cancellationToken.IsCancellationRequested && !context.Response.HasStarted)
        {
            lease.Failed();
            Log.Failed(logger, request.Facts.Name, lease.Pod.Address, "no answer in time");
            return TooSlow;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or EngineBrokeOffException && !cancellationToken.IsCancellationRequested && !context.Response.HasStarted)
        {
            lease.Failed();
            Log.Failed(logger, request.Facts.Name, lease.Pod.Address, error.Message);
            return NotAnswered(error);
        }
    }

    private static OpenAiError NotAnswered(Exception error) =>
        error.InnerException is TimeoutException || error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } || error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused }
            ? new(StatusCodes.Status502BadGateway, ErrorTypes.EngineUnreachable, "The model's pods cannot be reached. Try again.") { RetryAfter = RetryTime }
            : new(StatusCodes.Status502BadGateway, ErrorTypes.EngineFailed, "The model's pod ended the connection before it answered. Try again.") { RetryAfter = RetryTime };

    private static void Note(PodLease lease, HttpStatusCode status)
    {
        if ((int)status >= 500)
        {
            lease.Failed();
        }
        else
        {
            lease.Succeeded();
        }
    }

    /// <summary>Answers that say something of the pod rather than of the request: too busy, no engine behind it, shutting down.</summary>
    private static bool IsWorthAnotherPod(HttpStatusCode status) => status is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable;

    private HttpRequestMessage Message(HttpContext context, ModelRequest request, Exchange exchange, Pod pod, EndpointFacts facts)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        var message = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://{pod.Address}{context.Request.Path.Value}{target.QueryString}", AsGiven))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new SplicedContent(request.Body, request.EditsFor(facts)),
        };
        var isKeyOurs = areKeysOurs();
        RequestHeaders.Copy(context.Request.Headers, message, request.EngineTrace ?? exchange.Trace, name => IsOurs(name, isKeyOurs));
        return message;
    }

    /// <summary>
    /// Headers that are about the connection to the gateway or about the body as it came, and what goes by the gateway's own names, which sidecars of before act on. Packed answers could not be counted.
    /// </summary>
    private static bool IsOurs(string name, bool isKeyOurs) =>
        name.Equals("Host", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Expect", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith(Provenance.Prefix, StringComparison.OrdinalIgnoreCase)
        || (isKeyOurs && name.Equals("Authorization", StringComparison.OrdinalIgnoreCase));

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Endpoint}: pod {Pod} broke off an answer: {Reason}")]
        public static partial void BrokeOff(ILogger logger, string endpoint, string pod, string reason);

        [LoggerMessage(2, LogLevel.Information, "{Endpoint}: pod {Pod} did not answer a request: {Reason}")]
        public static partial void Failed(ILogger logger, string endpoint, string pod, string reason);
    }
}
