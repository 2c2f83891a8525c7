using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Requests;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Tracing;

/// <summary>Takes feedback and passes it on to where the trace it is about went. It is told and counted, and changes nothing else.</summary>
internal sealed partial class FeedbackHandler(GatewayOptions options, ClusterView cluster, BodyReader bodies, TraceExporters exporters, TraceMemory memory, FeedbackPeers peers, GatewayMetrics metrics, TimeProvider time, ILogger logger)
{
    private const int MostCallers = 10_000;
    private const string Evaluation = "user_feedback";

    private readonly ConcurrentDictionary<string, TokenBucket> _allowances = new(StringComparer.Ordinal);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context, Caller caller)
    {
        var who = caller.Name.Length > 0 ? caller.Name : context.Connection.RemoteIpAddress?.ToString() ?? "";
        try
        {
            if (!peers.IsPeer(context))
            {
                Admit(caller, who);
            }

            using var body = await bodies.ReadAsync(context).ConfigureAwait(false);
            var feedback = Feedback.Read(body.Bytes.Span);
            if (memory.Find(feedback.Trace, caller.Name) is { } request)
            {
                Tell(feedback, request);
            }
            else if (FeedbackPeers.IsAsked(context.Request) || !await peers.TryAsync(context, body.Bytes).ConfigureAwait(false))
            {
                throw new RefusedException(new(StatusCodes.Status404NotFound, "trace_not_found", "No answer with this trace is remembered: give feedback with the x-llmops-trace-id of an answer of yours, soon after it") { Param = "trace_id" });
            }

            metrics.Feedback("accepted");
            context.Response.ContentType = "application/json";
            await context.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes($$"""{"object":"feedback","trace_id":"{{feedback.Trace}}"}"""), context.RequestAborted).ConfigureAwait(false);
        }
        catch (RefusedException refusal)
        {
            metrics.Feedback(refusal.Error.Code);
            throw;
        }
    }

    private void Admit(Caller caller, string who)
    {
        if (_allowances.Count >= MostCallers)
        {
            foreach (var (name, allowance) in _allowances)
            {
                if (allowance.IsFull)
                {
                    _allowances.TryRemove(name, out _);
                }
            }
        }

        // So many at once are one: beyond the bound, newcomers share an allowance.
        var key = _allowances.Count < MostCallers || _allowances.ContainsKey(who) ? who : "";
        if (_allowances.GetOrAdd(key, _ => new(options.FeedbackPerMinute, time)).TryTake(1) is { } wait)
        {
            metrics.RateLimited(caller.Name, "feedback");
            throw new RefusedException(new(StatusCodes.Status429TooManyRequests, "rate_limit_exceeded", $"{options.FeedbackPerMinute} feedbacks a minute are taken. Try again later.") { Type = "requests", RetryAfter = wait });
        }
    }

    private void Tell(Feedback feedback, AnsweredRequest request)
    {
        var facts = cluster.Find(request.Endpoint)?.Facts;
        var trace = facts?.Trace ?? new PromptTraceSpec();
        var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        List<SpanAttribute> result = [SpanAttribute.Of(GenAiNames.EvaluationName, Evaluation), SpanAttribute.Of(GenAiNames.EvaluationScoreValue, feedback.Score)];
        if (feedback.Comment is { Length: > 0 } comment && ContentRedactor.Of(trace) is { } redactor)
        {
            result.Add(SpanAttribute.Of(GenAiNames.EvaluationExplanation, redactor.Redact(comment)));
        }

        var span = new Span
        {
            Context = new(feedback.Trace, ActivitySpanId.CreateRandom(), request.Span, IsSampled: true),
            Name = Evaluation,
            StartUnixNanoseconds = now,
            EndUnixNanoseconds = now,
            Attributes = [.. facts is null ? [SpanAttribute.Of(EndpointNames.Endpoint, request.Endpoint)] : RequestTracer.Of(facts.Of(request.Revision)), .. result],
            Events = [new(GenAiNames.EvaluationResult, now, result)],
        };
        var sinks = exporters.Announce(trace);
        exporters.Tell(sinks, () => [span]);
        Log.Taken(logger, feedback.Trace.ToHexString(), request.Endpoint, feedback.Score, sinks.Count);
    }

    private static partial class Log
    {
        [LoggerMessage(51, LogLevel.Information, "Feedback on trace {Trace} of {Endpoint}: {Score}; receivers told: {Receivers}")]
        public static partial void Taken(ILogger logger, string trace, string endpoint, double score, int receivers);
    }
}
