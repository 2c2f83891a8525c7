using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Rag.Ingest;
using LlmOperator.Gateway.Rag.Serving;
using LlmOperator.Gateway.Requests;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Inference.Hosting;
using LlmOperator.Inference.Proxying;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Serving;

/// <summary>Answers clients.</summary>
internal sealed partial class GatewayHandler(
    GatewayOptions options,
    Drain drain,
    Func<string?> whyNotReady,
    ApiKeys keys,
    BodyReader bodies,
    RequestPreparer preparer,
    Dispatcher dispatcher,
    ModelPages models,
    FeedbackHandler feedback,
    RagHandler rag,
    IngestHandler ingest,
    RequestTracer tracer,
    RequestEnd end,
    GatewayMetrics metrics,
    ILogger logger)
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(1);

    private int _inside;

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (!drain.TryEnter())
        {
            context.Response.Headers.Connection = "close";
            await new OpenAiError(StatusCodes.Status503ServiceUnavailable, "shutting_down", "This gateway is shutting down. Try again: another one will answer.") { RetryAfter = RetryTime }.WriteAsync(context).ConfigureAwait(false);
            return;
        }

        if (!drain.IsReady)
        {
            // While new connections still come to others, the kept ones are given up one answer at a time: none is closed under a request.
            context.Response.Headers.Connection = "close";
        }

        try
        {
            await RouteAsync(context).ConfigureAwait(false);
        }
        catch (RefusedException refusal) when (!context.Response.HasStarted)
        {
            metrics.Answered(null, refusal.Error.Status);
            await refusal.Error.WriteAsync(context).ConfigureAwait(false);
        }
        catch (Exception error) when (context.RequestAborted.IsCancellationRequested || error is ConnectionAbortedException or ConnectionResetException)
        {
            metrics.Answered(null, RequestEnd.ClientLeft);
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            Log.Fault(logger, error);
            await new OpenAiError(StatusCodes.Status500InternalServerError, "internal_error", "The gateway failed at this request, and its log says why. Try again.").WriteAsync(context).ConfigureAwait(false);
        }
        finally
        {
            drain.Leave();
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        var request = context.Request;
        if (RequestHeaders.WhyNotPassedOn(request) is { } fault)
        {
            throw new RefusedException(new(fault.Status, "bad_request", fault.Message));
        }

        if (RequestHeaders.AskForAnotherProtocol(request))
        {
            throw new RefusedException(new(StatusCodes.Status501NotImplemented, "upgrade_not_supported", "Only HTTP requests are served here: connections are not upgraded and tunnels are not opened."));
        }

        var path = request.Path.Value ?? "";
        var operation = Routes.OperationOf(path);
        var isModels = path == Routes.Models || path.StartsWith(Routes.Models + "/", StringComparison.Ordinal);
        var ragRoute = RagRoute.Of(path);
        if (operation is null && !isModels && path != Routes.Feedback && ragRoute is null)
        {
            throw new RefusedException(new(StatusCodes.Status404NotFound, "unknown_url", $"There is no {request.Method} {Shortened(path)} here; models are asked at /v1/chat/completions, /v1/completions, /v1/embeddings and /v1/rerank, and /v1/models lists them"));
        }

        var allowed = isModels ? "GET, HEAD" : ragRoute is { Kind: RagRouteKind.Document } ? "DELETE" : "POST";
        if (!allowed.Split(", ").Contains(request.Method, StringComparer.OrdinalIgnoreCase))
        {
            context.Response.Headers.Allow = allowed;
            throw new RefusedException(new(StatusCodes.Status405MethodNotAllowed, "method_not_allowed", $"{Shortened(path)} takes {allowed}"));
        }

        if (whyNotReady() is { } reason)
        {
            throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "starting", $"The gateway is starting: {reason}. Try again.") { RetryAfter = RetryTime });
        }

        var caller = keys.Identify(context);
        return operation is not null ? LimitedAsync(context, caller, async () =>
            {
                using var body = await bodies.ReadAsync(context).ConfigureAwait(false);
                await AskAsync(context, operation, preparer.Prepare(operation, body.Bytes, caller)).ConfigureAwait(false);
            })
            : ragRoute is not null ? LimitedAsync(context, caller, () => ragRoute.Kind is RagRouteKind.Documents or RagRouteKind.Document ? ingest.AnswerAsync(context, ragRoute, caller) : rag.AnswerAsync(context, ragRoute, caller))
            : path == Routes.Feedback ? feedback.AnswerAsync(context, caller)
            : path.Length > Routes.Models.Length + 1 ? models.OneAsync(context, path[(Routes.Models.Length + 1)..])
            : models.ListAsync(context);
    }

    private async Task LimitedAsync(HttpContext context, Caller caller, Func<Task> answer)
    {
        try
        {
            keys.Admit(caller);
        }
        finally
        {
            LimitHeaders.Write(context.Response.Headers, caller);
        }

        try
        {
            if (Interlocked.Increment(ref _inside) > options.MaxConcurrentRequests)
            {
                throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "overloaded", "The gateway answers as many requests as it may. Try again.") { RetryAfter = RetryTime });
            }

            await answer().ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }

    private async Task AskAsync(HttpContext context, string operation, ModelRequest request)
    {
        using var traced = tracer.Begin(operation, request, context.Request.Headers.TraceParent, retrieves: request.Asked is not null);
        ChatRetrieval? retrieval = null;
        await end.AnswerAsync(
            context,
            traced,
            async () =>
            {
                Provenance.Write(context.Response.Headers, request, traced.Exchange.Trace);
                if (request.Asked is not null)
                {
                    retrieval = await rag.AugmentAsync(context, request, traced).ConfigureAwait(false);
                    request = retrieval.Request;
                    Provenance.Write(context.Response.Headers, request, traced.Exchange.Trace);
                }

                await dispatcher.AnswerAsync(context, request, traced).ConfigureAwait(false);
            },
            () => RagHandler.EndAsync(context, traced, retrieval),
            () => request).ConfigureAwait(false);
    }

    private static string Shortened(string text) => text.Length <= 256 ? text : text[..256] + "…";

    private static partial class Log
    {
        [LoggerMessage(3, LogLevel.Error, "A request failed within the gateway")]
        public static partial void Fault(ILogger logger, Exception error);
    }
}
