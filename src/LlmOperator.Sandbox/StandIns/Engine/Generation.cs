using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>Makes the answers of one request in its turn, token by token, and measures it as the server would.</summary>
internal sealed class Generation
{
    private static readonly TimeSpan LastBytesTime = TimeSpan.FromMilliseconds(50);

    private readonly EngineHandler _engine;
    private readonly HttpContext _context;
    private readonly bool _breaksOff;
    private readonly long _begun;

    private Generation(EngineHandler engine, HttpContext context, EngineRequest request, IReadOnlyList<EngineAnswer> answers, bool breaksOff)
    {
        (_engine, _context, Request, Answers, _breaksOff) = (engine, context, request, answers, breaksOff);
        _begun = engine.Time.GetTimestamp();
    }

    public EngineRequest Request { get; }

    /// <summary>The answers, one a choice.</summary>
    public IReadOnlyList<EngineAnswer> Answers { get; }

    /// <summary>Tokens of all answers.</summary>
    public int AnswerTokens => Answers.Sum(answer => answer.Pieces.Count);

    /// <summary>Checks a request.</summary>
    /// <exception cref="EngineRefusal">It cannot be answered.</exception>
    public static async Task<Generation> CreateAsync(EngineHandler engine, HttpContext context, EngineRequest request)
    {
        request = request with { Model = engine.Model(request.Model) };
        var longest = engine.ContextLength;
        if (request.PromptTokens >= longest)
        {
            throw new EngineRefusal(400, $"This model's maximum context length is {longest} tokens. However, your request has {request.PromptTokens} input tokens. Please reduce the length of the input messages.");
        }

        if (request.MaxTokens is { } asked && asked > longest - request.PromptTokens)
        {
            throw new EngineRefusal(
                400,
                $"'max_tokens' or 'max_completion_tokens' is too large: {asked}. This model's maximum context length is {longest} tokens and your request has {request.PromptTokens} input tokens ({asked} > {longest} - {request.PromptTokens}).");
        }

        var breaksOff = await engine.PlayFailureAsync(context);
        var most = request.MaxTokens ?? longest - request.PromptTokens;
        var answers = Enumerable.Range(0, request.Choices).Select(choice => EngineAnswer.Of(request, engine.Engine, most, engine.Directions.AnswerTokens ?? 0, choice)).ToList();
        return new(engine, context, request, answers, breaksOff);
    }

    /// <summary>The tokens of all choices as they are made, each step one of every choice that still goes on.</summary>
    public async IAsyncEnumerable<(int Choice, string Piece, bool IsLast)> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await WaitTurnAsync(cancellationToken);
        var (reason, made) = ("abort", 0);
        TimeSpan? first = null;
        try
        {
            var longest = Answers.Max(answer => answer.Pieces.Count);
            for (var at = 0; at < Math.Max(longest, 1); at++)
            {
                if (_engine.Directions.TokenDelay is var delay && delay > TimeSpan.Zero)
                {
                    await Task.Delay(delay, _engine.Time, cancellationToken);
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (_breaksOff && at >= longest / 2)
                {
                    reason = "error";

                    // What was sent is to be read first: a reset takes from the client what it has not read yet.
                    await _context.Response.Body.FlushAsync(cancellationToken);
                    await Task.Delay(LastBytesTime, cancellationToken);
                    _context.Abort();
                    throw new OperationCanceledException(_context.RequestAborted);
                }

                first ??= _engine.Time.GetElapsedTime(_begun);
                for (var choice = 0; choice < Answers.Count; choice++)
                {
                    var pieces = Answers[choice].Pieces;
                    if (at < pieces.Count)
                    {
                        made++;
                        yield return (choice, pieces[at], at == pieces.Count - 1);
                    }
                    else if (at == 0)
                    {
                        yield return (choice, "", true);
                    }
                }
            }

            reason = Answers[0].FinishReason;
        }
        finally
        {
            _engine.Turns.Release();
            _engine.Metrics.Finish(reason, Request.PromptTokens, made, first, _engine.Time.GetElapsedTime(_begun));
        }
    }

    private async Task WaitTurnAsync(CancellationToken cancellationToken)
    {
        var runs = false;
        _engine.Metrics.Queue();
        try
        {
            await _engine.Turns.WaitAsync(cancellationToken);
            runs = true;
        }
        finally
        {
            _engine.Metrics.Unqueue(_engine.Time.GetElapsedTime(_begun), runs);
        }
    }
}
