using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Requests;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Inference.Hosting;
using LlmOperator.Inference.OpenAi;
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
    RequestTracer tracer,
    GatewayMetrics metrics,
    ILogger logger)
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(1);

    // What web servers write down for a client that left before it was answered.
    private const int ClientLeft = 499;

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

        try
        {
            await RouteAsync(context).ConfigureAwait(false);
        }
        catch (RefusedException refusal) when (!context.Response.HasStarted)
        {
            metrics.Answered(null, refusal.Error.Status);
            await refusal.Error.WriteAsync(context).ConfigureAwait(false);
        }
        catch (Exception error) when (context.RequestAborted.IsCancellationRequested || error is ConnectionAbortedException)
        {
            metrics.Answered(null, ClientLeft);
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            Log.Fault(logger, error);
            await new OpenAiError(StatusCodes.Status500InternalServerError, "internal_error", "The gateway failed at this request").WriteAsync(context).ConfigureAwait(false);
        }
        finally
        {
            drain.Leave();
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        var request = context.Request;
        if (RequestHeaders.AskForAnotherProtocol(request))
        {
            throw new RefusedException(new(StatusCodes.Status501NotImplemented, "upgrade_not_supported", "Only HTTP requests are served here: connections are not upgraded and tunnels are not opened."));
        }

        var path = request.Path.Value ?? "";
        var operation = Routes.OperationOf(path);
        var isModels = path == Routes.Models || path.StartsWith(Routes.Models + "/", StringComparison.Ordinal);
        if (operation is null && !isModels && path != Routes.Feedback)
        {
            throw new RefusedException(new(StatusCodes.Status404NotFound, "unknown_url", $"There is no {request.Method} {Shortened(path)} here"));
        }

        var allowed = isModels ? "GET, HEAD" : "POST";
        if (isModels ? !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) : !HttpMethods.IsPost(request.Method))
        {
            context.Response.Headers.Allow = allowed;
            throw new RefusedException(new(StatusCodes.Status405MethodNotAllowed, "method_not_allowed", $"{Shortened(path)} takes {allowed}"));
        }

        if (whyNotReady() is { } reason)
        {
            throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "starting", $"The gateway is starting: {reason}. Try again.") { RetryAfter = RetryTime });
        }

        var caller = keys.Identify(context);
        return operation is not null ? LimitedAsync(context, operation, caller)
            : path == Routes.Feedback ? feedback.AnswerAsync(context, caller)
            : path.Length > Routes.Models.Length + 1 ? models.OneAsync(context, path[(Routes.Models.Length + 1)..])
            : models.ListAsync(context);
    }

    private async Task LimitedAsync(HttpContext context, string operation, Caller caller)
    {
        keys.Admit(caller);
        try
        {
            if (Interlocked.Increment(ref _inside) > options.MaxConcurrentRequests)
            {
                throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "overloaded", "The gateway answers as many requests as it may. Try again.") { RetryAfter = RetryTime });
            }

            using var body = await bodies.ReadAsync(context).ConfigureAwait(false);
            await AskAsync(context, operation, preparer.Prepare(operation, body.Bytes, caller)).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }

    private async Task AskAsync(HttpContext context, string operation, ModelRequest request)
    {
        using var traced = tracer.Begin(operation, request, context.Request.Headers.TraceParent);
        var exchange = traced.Exchange;
        try
        {
            Provenance.Write(context.Response.Headers, request, exchange.Trace);
            await dispatcher.AnswerAsync(context, request, exchange).ConfigureAwait(false);
        }
        catch (Exception)
        {
            exchange.Fail(ErrorTypes.Other);
            throw;
        }
        finally
        {
            exchange.End();
            exchange.Finish();
            var status = exchange.Error == ErrorTypes.Cancelled ? ClientLeft : context.Response.StatusCode;
            metrics.Answered(request.Facts.Name, status);
            metrics.Record(request.Facts, exchange);
            request.Caller.Tokens?.Charge(TokensOf(request, exchange));
            tracer.End(request, traced, context.Request.Path.Value!, status);
        }
    }

    /// <summary>The tokens a request is charged with. Where the answer does not say how long the prompt was, four bytes count as one.</summary>
    private static long TokensOf(ModelRequest request, Exchange exchange) =>
        exchange.Status is >= 200 and < 300 ? (exchange.Meter.InputTokens ?? (request.Body.Length / 4)) + (exchange.Operation == Operations.Embeddings ? 0 : exchange.Meter.OutputTokens ?? 0) : 0;

    private static string Shortened(string text) => text.Length <= 256 ? text : text[..256] + "…";

    private static partial class Log
    {
        [LoggerMessage(3, LogLevel.Error, "A request failed within the gateway")]
        public static partial void Fault(ILogger logger, Exception error);
    }
}
