using System.Text;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>What the stand-in answers: always the same to the same request, quoting it, and saying what made it.</summary>
/// <param name="Pieces">Tokens.</param>
/// <param name="FinishReason">stop or length.</param>
internal sealed record EngineAnswer(IReadOnlyList<string> Pieces, string FinishReason)
{
    /// <summary>The text.</summary>
    public string Text => string.Concat(Pieces);

    /// <summary>Makes the answer to a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="engine">What the server is called.</param>
    /// <param name="most">Most tokens.</param>
    /// <param name="least">Least tokens.</param>
    /// <param name="choice">Which of several answers.</param>
    public static EngineAnswer Of(EngineRequest request, string engine, int most, int least, int choice)
    {
        var text = request.WantsJson
            ? Encoding.UTF8.GetString(EngineHandler.Encode(new JsonObject { ["stand_in"] = engine, ["model"] = request.Model, ["you_wrote"] = request.Quoted }))
            : HelperAnswers.To(request.Quoted) ?? $"This is the stand-in engine for {engine}, in place of {request.Model}. You wrote: \"{request.Quoted}\"{(choice > 0 ? $" (answer {choice + 1})" : "")}";
        var pieces = Tokens.Split(text);
        var target = request.IgnoresEnd ? most : Math.Max(pieces.Count, Math.Max(least, request.MinTokens));
        var length = Math.Min(target, most);
        for (var again = Tokens.Split(" And again: " + text); pieces.Count < length;)
        {
            pieces.AddRange(again);
        }

        var isCut = target > most || request.IgnoresEnd;
        pieces = pieces[..length];
        return Stopped(pieces, request.Stop) is { } stopped ? new(stopped, "stop") : new(pieces, isCut ? "length" : "stop");
    }

    /// <summary>The tokens before the first text that ends the answer; null when there is none.</summary>
    private static List<string>? Stopped(List<string> pieces, IReadOnlyList<string> stops)
    {
        var text = string.Concat(pieces);
        var end = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
        return end < 0 ? null : Tokens.Split(text[..end]);
    }
}
