using System.Globalization;
using System.Runtime.CompilerServices;
using LlmOperator.Inference.Hosting;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Tracing;
using LlmOperator.PromptTrace.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LlmOperator.PromptTrace.Proxying;

/// <summary>Passes requests to the engine and its answers back.</summary>
/// <param name="options">Options.</param>
/// <param name="engine">Sends requests to the engine.</param>
/// <param name="recorder">Takes what is to be told of each.</param>
/// <param name="drain">Says when no more is taken.</param>
/// <param name="logger">Logger.</param>
internal sealed partial class EngineProxy(SidecarOptions options, EngineClient engine, TraceRecorder recorder, Drain drain, ILogger logger)
{
    private readonly string _host = options.Engine.Authority;

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (!drain.TryEnter())
        {
            await ErrorAnswer.Draining(context).ConfigureAwait(false);
            return;
        }

        if (!drain.IsReady)
        {
            // While new connections still come to others, the kept ones are given up one answer at a time: none is closed under a request.
            context.Response.Headers.Connection = "close";
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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask PassAsync(HttpContext context, Exchange? exchange)
    {
        if (RequestHeaders.WhyNotPassedOn(context.Request) is { } fault)
        {
            exchange?.Fail(fault.Status.ToString(CultureInfo.InvariantCulture));
            await ErrorAnswer.BadRequest(context, fault.Status, fault.Message).ConfigureAwait(false);
            return;
        }

        if (RequestTarget.Of(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget) is not { } target)
        {
            exchange?.Fail("400");
            await ErrorAnswer.BadRequest(context, StatusCodes.Status400BadRequest, "The target of the request is none that can be asked for; write a path.").ConfigureAwait(false);
            return;
        }

        using var request = OutgoingRequest.Create(context, target, _host, exchange?.Trace, exchange?.Request);
        try
        {
            await using var answer = await engine.SendAsync(request, context.RequestAborted).ConfigureAwait(false);
            exchange?.Answered(answer.Head.Status, answer.Head.ContentType, answer.Head.IsEncoded);
            AnswerCopy.Head(answer.Head, context.Response);
            await AnswerCopy.BodyAsync(answer.Connection, context, exchange).ConfigureAwait(false);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            exchange?.Fail(ErrorTypes.Cancelled);
        }
        catch (EngineBrokeOffException error)
        {
            if (!context.Response.HasStarted && request.Rest?.Failure is BadHttpRequestException bad)
            {
                context.Response.Clear();
                await BadBodyAsync(context, exchange, bad).ConfigureAwait(false);
                return;
            }

            // The client must see that the answer is not whole.
            exchange?.Fail(ErrorTypes.EngineFailed);
            Log.BrokeOff(logger, error.Message);
            context.Abort();
        }
        catch (OperationCanceledException)
        {
            exchange?.Fail(ErrorTypes.Cancelled);
            context.Abort();
        }
        catch (EngineException error)
        {
            await NotAnsweredAsync(context, exchange, request.Rest?.Failure, error).ConfigureAwait(false);
        }
    }

    private Task NotAnsweredAsync(HttpContext context, Exchange? exchange, Exception? failure, EngineException error)
    {
        switch (failure)
        {
            case BadHttpRequestException bad:
                return BadBodyAsync(context, exchange, bad);
            case ConnectionResetException or OperationCanceledException:
                exchange?.Fail(ErrorTypes.Cancelled);
                context.Abort();
                return Task.CompletedTask;
            case IOException unreadable:
                // What the server makes of a length beyond all bounds.
                return BadBodyAsync(context, exchange, new BadHttpRequestException($"The body cannot be read: {unreadable.Message}", unreadable));
        }

        switch (error.Fault)
        {
            case EngineFault.TooSlow:
                exchange?.Fail(ErrorTypes.Timeout);
                return ErrorAnswer.EngineTooSlow(context);
            case EngineFault.Unreachable:
                exchange?.Fail(ErrorTypes.EngineUnreachable);
                return ErrorAnswer.EngineUnreachable(context);
            default:
                Log.Failed(logger, error.Message);
                exchange?.Fail(ErrorTypes.EngineFailed);
                return ErrorAnswer.EngineFailed(context);
        }
    }

    private static Task BadBodyAsync(HttpContext context, Exchange? exchange, BadHttpRequestException bad)
    {
        exchange?.Fail(bad.StatusCode.ToString(CultureInfo.InvariantCulture));
        return ErrorAnswer.BadRequest(context, bad.StatusCode, bad.Message);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The inference server broke off an answer: {Reason}")]
        public static partial void BrokeOff(ILogger logger, string reason);

        [LoggerMessage(2, LogLevel.Warning, "The inference server did not answer a request: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
