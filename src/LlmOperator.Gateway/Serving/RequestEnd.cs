using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Requests;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Serving;

/// <summary>What is done when a request to a model has been answered: figures, the caller's allowance, and the trace.</summary>
/// <param name="tracer">Makes traces.</param>
/// <param name="metrics">Figures.</param>
internal sealed class RequestEnd(RequestTracer tracer, GatewayMetrics metrics)
{
    // What web servers write down for a client that left before it was answered.
    public const int ClientLeft = 499;

    /// <summary>Answers a request and ends it, whatever comes of it: what is refused is told, and a client that has left is none that failed.</summary>
    /// <param name="context">The client's request.</param>
    /// <param name="traced">Its trace.</param>
    /// <param name="answer">Answers it.</param>
    /// <param name="tell">Adds to the trace what is known only once the exchange has ended.</param>
    /// <param name="request">The request as it was asked of the model in the end.</param>
    public async Task AnswerAsync(HttpContext context, TracedRequest traced, Func<Task> answer, Func<Task> tell, Func<ModelRequest> request)
    {
        var exchange = traced.Exchange;
        try
        {
            await answer().ConfigureAwait(false);
        }
        catch (RefusedException refusal) when (!context.Response.HasStarted)
        {
            exchange.Fail(refusal.Error.Code);
            await refusal.Error.WriteAsync(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            exchange.Fail(ErrorTypes.Cancelled);
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
            await tell().ConfigureAwait(false);
            End(context, request(), traced);
        }
    }

    private void End(HttpContext context, ModelRequest request, TracedRequest traced)
    {
        var exchange = traced.Exchange;
        var status = exchange.Error == ErrorTypes.Cancelled ? ClientLeft : context.Response.StatusCode;
        metrics.Answered(request.Facts.Name, status);
        metrics.Record(traced.Origin(request.Facts), exchange);
        request.Caller.Tokens?.Charge(TokensOf(request, exchange));
        tracer.End(request, traced, context.Request.Path.Value!, status);
    }

    /// <summary>The tokens a request is charged with. Where the answer does not say how long the prompt was, four bytes count as one.</summary>
    private static long TokensOf(ModelRequest request, Exchange exchange) =>
        exchange.Status is >= 200 and < 300 ? (exchange.Meter.InputTokens ?? (request.Body.Length / 4)) + (exchange.Operation == Operations.Embeddings ? 0 : exchange.Meter.OutputTokens ?? 0) : 0;
}
