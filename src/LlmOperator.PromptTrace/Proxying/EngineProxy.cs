using System.Net.Sockets;
using LlmOperator.Inference.Hosting;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LlmOperator.PromptTrace.Proxying;

/// <summary>Passes requests to the engine and its answers back.</summary>
/// <param name="options">Options.</param>
/// <param name="engine">Sends requests to the engine.</param>
/// <param name="recorder">Takes what is to be told of each.</param>
/// <param name="drain">Says when no more is taken.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Logger.</param>
internal sealed partial class EngineProxy(SidecarOptions options, HttpMessageInvoker engine, TraceRecorder recorder, Drain drain, TimeProvider time, ILogger logger)
{
    private readonly string _engine = options.Engine.GetLeftPart(UriPartial.Authority);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (!drain.TryEnter())
        {
            await ErrorAnswer.Draining(context).ConfigureAwait(false);
            return;
        }

        Exchange? exchange = null;
        try
        {
            if (RequestHeaders.AskForAnotherProtocol(context.Request))
            {
                await ErrorAnswer.Upgrade(context).ConfigureAwait(false);
                return;
            }

            exchange = Operations.Of(context.Request.Method, context.Request.Path) is { } operation ? recorder.Begin(operation, context.Request.Headers.TraceParent) : null;
            await PassAsync(context, exchange).ConfigureAwait(false);
        }
        catch (Exception)
        {
            exchange?.Fail(ErrorTypes.Other);
            throw;
        }
        finally
        {
            if (exchange is not null)
            {
                recorder.End(exchange);
            }

            drain.Leave();
        }
    }

    private async Task PassAsync(HttpContext context, Exchange? exchange)
    {
        using var over = new CancellationTokenSource(options.AnswerTimeout, time);
        await using var aborted = context.RequestAborted.UnsafeRegister(static over => ((CancellationTokenSource)over!).Cancel(), over).ConfigureAwait(false);
        var body = context.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody ? new ClientBody(context.Request.BodyReader, exchange?.Request) : null;
        try
        {
            using var request = EngineRequest.Create(context, _engine, exchange?.Trace, body);
            if (request is null)
            {
                exchange?.Fail("400");
                await ErrorAnswer.BadRequest(context, StatusCodes.Status400BadRequest, "The target of the request is none that can be asked for; write a path.").ConfigureAwait(false);
                return;
            }

            using var response = await engine.SendAsync(request, over.Token).ConfigureAwait(false);
            over.CancelAfter(Timeout.InfiniteTimeSpan);
            exchange?.Answered(response);
            EngineAnswer.CopyHead(response, context.Response);
            if (options.Served.Revision is { } revision && context.Request.Headers.ContainsKey(PodRevision.AskHeader))
            {
                context.Response.Headers[PodRevision.Header] = revision;
            }

            await using var answer = new AnswerStream(response);
            await EngineAnswer.CopyBodyAsync(response, answer, context, exchange, over.Token).ConfigureAwait(false);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            exchange?.Fail(ErrorTypes.Cancelled);
        }
        catch (EngineBrokeOffException error)
        {
            // The client must see that the answer is not whole.
            exchange?.Fail(ErrorTypes.EngineFailed);
            Log.BrokeOff(logger, error.Message);
            context.Abort();
        }
        catch (OperationCanceledException) when (!context.Response.HasStarted && over.IsCancellationRequested)
        {
            exchange?.Fail(ErrorTypes.Timeout);
            await ErrorAnswer.EngineTooSlow(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            exchange?.Fail(ErrorTypes.Cancelled);
            context.Abort();
        }
        catch (Exception error) when (error is HttpRequestException or IOException && !context.Response.HasStarted)
        {
            await NotAnsweredAsync(context, exchange, body?.Failure, error).ConfigureAwait(false);
        }
    }

    private Task NotAnsweredAsync(HttpContext context, Exchange? exchange, Exception? failure, Exception error)
    {
        if (failure is Microsoft.AspNetCore.Http.BadHttpRequestException bad)
        {
            exchange?.Fail(bad.StatusCode.ToString(System.Globalization.CultureInfo.InvariantCulture));
            return ErrorAnswer.BadRequest(context, bad.StatusCode, bad.Message);
        }

        if (error.InnerException is TimeoutException)
        {
            exchange?.Fail(ErrorTypes.Timeout);
            return ErrorAnswer.EngineTooSlow(context);
        }

        if (error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } || error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            exchange?.Fail(ErrorTypes.EngineUnreachable);
            return ErrorAnswer.EngineUnreachable(context);
        }

        Log.Failed(logger, error.Message);
        exchange?.Fail(ErrorTypes.EngineFailed);
        return ErrorAnswer.EngineFailed(context);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The inference server broke off an answer: {Reason}")]
        public static partial void BrokeOff(ILogger logger, string reason);

        [LoggerMessage(2, LogLevel.Warning, "The inference server did not answer a request: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
