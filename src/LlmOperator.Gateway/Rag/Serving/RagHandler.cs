using System.Text.Json;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Prompting;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Rag.Texts;
using LlmOperator.Gateway.Requests;
using LlmOperator.Gateway.Serving;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Rag.Serving;

/// <summary>A chat something was retrieved for.</summary>
/// <param name="Request">The request with the prompt in it.</param>
/// <param name="Generation">The span the model is asked in.</param>
/// <param name="Tell">Tells the trace of an answer that succeeded; null when nobody wants to know.</param>
internal sealed record ChatRetrieval(ModelRequest Request, RagSpan Generation, Func<Task>? Tell);

/// <summary>Answers questions from what an index knows.</summary>
internal sealed partial class RagHandler(
    GatewayOptions options,
    ClusterView cluster,
    BodyReader bodies,
    RagPipeline pipeline,
    Generator generator,
    TraceDetails details,
    RequestTracer tracer,
    RequestEnd end,
    RagMetrics metrics,
    TimeProvider time,
    ILogger logger)
{
    private const string Retrieving = "retrieve";
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(2);

    /// <summary>Answers a question at a route of its own.</summary>
    public async Task AnswerAsync(HttpContext context, RagRoute route, Caller caller)
    {
        using var body = await bodies.ReadAsync(context).ConfigureAwait(false);
        var isDefault = route.Kind == RagRouteKind.Default;
        var request = RagRequest.Read(body.Bytes, isDefault ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status400BadRequest, generates: route.Kind != RagRouteKind.Retrieve);
        var endpoint = isDefault ? DefaultEndpoint() : cluster.Find(route.Name) ?? throw RequestPreparer.NoModel(route.Name);
        var facts = endpoint.Facts;
        if (facts.Rag is not { } rag)
        {
            throw new RefusedException(new(StatusCodes.Status400BadRequest, "rag_not_configured", $"LlmEndpoint {facts.Name} has no spec.rag: name an endpoint that has, or ask this one at /v1/chat/completions"));
        }

        var model = new ModelRequest { Endpoint = endpoint, Facts = facts, Caller = caller, Body = body.Bytes, Edits = [] };
        using var traced = tracer.Begin(route.Kind == RagRouteKind.Retrieve ? Retrieving : generator.OperationOf(facts), model, context.Request.Headers.TraceParent, retrieves: true);
        var run = new RagRun(endpoint, facts, traced.Rag!, metrics);
        Func<Task>? tell = null;
        await end.AnswerAsync(
            context,
            traced,
            async () =>
            {
                Provenance.Write(context.Response.Headers, model, traced.Exchange.Trace);
                if (route.Kind == RagRouteKind.Retrieve)
                {
                    await RetrieveAsync(context, run, request.Of(rag)).ConfigureAwait(false);
                }
                else
                {
                    tell = await GenerateAsync(context, model, run, traced, request, isPlain: isDefault).ConfigureAwait(false);
                }
            },
            () => TellAsync(context, traced, tell),
            () => model).ConfigureAwait(false);
    }

    /// <summary>Puts what is found for a chat's last question into its prompt.</summary>
    /// <exception cref="RefusedException">There is no template, or nothing can be searched and the endpoint wants no answer then.</exception>
    public async Task<ChatRetrieval> AugmentAsync(HttpContext context, ModelRequest request, TracedRequest traced)
    {
        var (facts, asked) = (request.Facts, request.Asked!);
        var run = new RagRun(request.Endpoint, facts, traced.Rag!, metrics);
        var others = Math.Max(0, TokenEstimate.Count(Prompts.PromptText.Beginning(request.Body.Span, int.MaxValue)) - TokenEstimate.Count(asked.Text));
        var prompt = await pipeline.PrepareAsync(run, RagPipeline.QueryOf(facts.Rag!, asked.Text), request.MaxTokens ?? 0, others, context.RequestAborted).ConfigureAwait(false);
        var before = Begin(run, prompt, traced, context.RequestAborted);
        var span = BeginGeneration(run, prompt);
        var augmented = request with
        {
            Edits = [.. request.Edits, new(asked.Start, asked.End, RequestPreparer.Quoted(prompt.Text))],
            TemplateHash = prompt.TemplateHash,
            Findings = FindingsOf(run, prompt.Found),
            EngineTrace = span.Context,
        };
        var temperature = RequestSummary.Read(request.Body.Span, withInput: false).Temperature ?? facts.Generation!.Temperature;
        return new(augmented, span, before is null ? null : () => details.EndAsync(run, traced.Origin(facts), before, string.Concat(traced.Exchange.Meter.Texts.Take(1)), temperature, CancellationToken.None));
    }

    /// <summary>Ends the retrieval of a chat whose exchange has ended.</summary>
    public static async Task EndAsync(HttpContext context, TracedRequest traced, ChatRetrieval? retrieval)
    {
        if (retrieval is null)
        {
            return;
        }

        if (traced.Exchange.Error is { } error)
        {
            retrieval.Generation.Fail(error);
        }

        retrieval.Generation.Out(() => string.Concat(traced.Exchange.Meter.Texts.Take(1)));
        retrieval.Generation.Dispose();
        await TellAsync(context, traced, retrieval.Tell).ConfigureAwait(false);
    }

    /// <summary>The client has its answer before the trace has its figures.</summary>
    private static async Task TellAsync(HttpContext context, TracedRequest traced, Func<Task>? tell)
    {
        if (tell is null || traced.Exchange.Error is not null)
        {
            return;
        }

        await context.Response.CompleteAsync().ConfigureAwait(false);
        await tell().ConfigureAwait(false);
    }

    private async Task RetrieveAsync(HttpContext context, RagRun run, RagQuery query)
    {
        var found = await pipeline.RetrieveAsync(run, query, context.RequestAborted).ConfigureAwait(false);
        var findings = FindingsOf(run, found);
        await WriteAsync(context, JsonBody.Object(writer =>
        {
            writer.WriteTexts("queries", found.Queries);
            if (found.Author is { } author)
            {
                writer.WriteStartObject("author"u8);
                writer.WriteString("id"u8, author.Id);
                writer.WriteString("full_name"u8, author.FullName);
                writer.WriteEndObject();
            }

            findings.Write(writer);
        })).ConfigureAwait(false);
    }

    private async Task<Func<Task>?> GenerateAsync(HttpContext context, ModelRequest model, RagRun run, TracedRequest traced, RagRequest request, bool isPlain)
    {
        var (facts, exchange) = (run.Facts, traced.Exchange);
        var sampling = request.Of(facts.Generation!);
        var prompt = await pipeline.PrepareAsync(run, request.Of(facts.Rag!), sampling.MaxTokens, otherTokens: 0, context.RequestAborted).ConfigureAwait(false);
        var findings = FindingsOf(run, prompt.Found);
        var before = Begin(run, prompt, traced, context.RequestAborted);
        Provenance.Write(context.Response.Headers, model with { TemplateHash = prompt.TemplateHash, Findings = findings }, exchange.Trace);
        run.Trace.Root.Add(SpanAttribute.Of(EndpointNames.TemplateHash, prompt.TemplateHash));
        var answer = await AskAsync(context, run, traced, prompt, sampling).ConfigureAwait(false);
        await WriteAsync(context, JsonBody.Object(writer =>
        {
            writer.WriteString("answer"u8, answer);
            if (!isPlain)
            {
                writer.WriteString("model"u8, facts.Name);
                writer.WriteTexts("queries", prompt.Found.Queries);
                findings.Write(writer);
            }
        })).ConfigureAwait(false);
        return before is null ? null : () => details.EndAsync(run, traced.Origin(facts), before, answer, sampling.Temperature, CancellationToken.None);
    }

    private async Task<string> AskAsync(HttpContext context, RagRun run, TracedRequest traced, PreparedPrompt prompt, GenerationSpec sampling)
    {
        using var span = BeginGeneration(run, prompt);
        span.Add(SpanAttribute.Of(GenAiNames.RequestTemperature, sampling.Temperature));
        span.Add(SpanAttribute.Of(GenAiNames.RequestTopP, sampling.TopP));
        span.Add(SpanAttribute.Of(GenAiNames.RequestMaxTokens, sampling.MaxTokens));
        span.Add(SpanAttribute.Of("llmops.rag.repetition_penalty", sampling.RepetitionPenalty));
        using var limit = new CancellationTokenSource(options.AttemptTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        var began = time.GetTimestamp();
        try
        {
            var answer = await generator.AnswerAsync(run.Endpoint, prompt.Text, sampling, span.Context, traced.Exchange, Answered, either.Token).ConfigureAwait(false);
            span.Out(() => answer);
            return answer;
        }
        catch (StepException error)
        {
            span.Fail(error.Reason);
            Log.NoAnswer(logger, run.Facts.Name, error.Reason, error.Message);
            throw new RefusedException(error.Reason == StepException.Unavailable
                ? new(StatusCodes.Status503ServiceUnavailable, "no_ready_pod", $"No pod of {run.Facts.Name} is ready. Try again.") { RetryAfter = RetryTime }
                : new(StatusCodes.Status502BadGateway, ErrorTypes.EngineFailed, "The model did not answer the prompt. Try again.") { RetryAfter = RetryTime });
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            span.Fail(ErrorTypes.Timeout);
            throw new RefusedException(new(StatusCodes.Status504GatewayTimeout, ErrorTypes.Timeout, "The model did not answer in time. Try again, or ask for fewer tokens.") { RetryAfter = RetryTime });
        }
        finally
        {
            metrics.Took(RagNames.Generation, time.GetElapsedTime(began));
        }

        void Answered(EndpointFacts pod) => Provenance.Answered(context.Response.Headers, traced, pod);
    }

    private static RagSpan BeginGeneration(RagRun run, PreparedPrompt prompt)
    {
        var span = run.Trace.Begin(RagNames.GenerationSpan, run.Trace.Root.Context, SpanKind.Client);
        span.In(() => System.Text.Encoding.UTF8.GetString(JsonBody.Object(writer =>
        {
            writer.WriteString("query"u8, prompt.Query);
            writer.WriteString("context"u8, prompt.Context);
        }).Span));
        return span;
    }

    private Findings FindingsOf(RagRun run, Retrieved found) => new(found.Chunks, run.Degradations, run.Trace.Root.Context.TraceId.ToHexString(), time.GetUtcNow());

    /// <summary>Begins to count tokens, if there is anybody to tell; null when there is nobody.</summary>
    private Task<TokenCount[]>? Begin(RagRun run, PreparedPrompt prompt, TracedRequest traced, CancellationToken cancellationToken) =>
        traced.Sinks.Count > 0 && new Sampler(run.Facts.Trace.SampleRate).Keeps(traced.Exchange.Trace.TraceId) ? details.Begin(run, prompt, cancellationToken) : null;

    private ServedEndpoint DefaultEndpoint()
    {
        var all = cluster.All.Where(endpoint => endpoint.Facts.Rag is not null).ToList();
        var marked = all.Where(endpoint => endpoint.Facts.Rag!.AnswersByDefault).ToList();
        return (marked.Count > 0 ? marked : all) is [var one] ? one
            : throw new RefusedException(new(
                StatusCodes.Status404NotFound,
                "no_default_endpoint",
                all.Count == 0 ? "No endpoint of this namespace has spec.rag" : $"{(marked.Count > 0 ? "More than one endpoint has" : "More than one endpoint has spec.rag and none has")} spec.rag.answersByDefault: set it on one of {string.Join(", ", all.Select(endpoint => endpoint.Name).Order(StringComparer.Ordinal).Take(5))}, or ask at /v1/rag/ENDPOINT"));
    }

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private static partial class Log
    {
        [LoggerMessage(62, LogLevel.Warning, "{Endpoint} did not answer a prompt ({Reason}): {Message}")]
        public static partial void NoAnswer(ILogger logger, string endpoint, string reason, string message);
    }
}
