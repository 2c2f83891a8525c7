using System.Text.Json;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Redaction;

namespace LlmOperator.PromptTrace.Tracing;

/// <summary>Prompts and answers for a trace: blotted out first, then bounded.</summary>
/// <param name="redactor">Blots out.</param>
/// <param name="most">Most characters of the prompt, and of the answers.</param>
internal sealed class ContentWriter(Redactor redactor, int most)
{
    // What was cut off may have been the rest of something that is recognised only when it is whole.
    private const int Uncertain = 512;

    /// <summary>The prompt, as the conventions want it; null when it cannot be read.</summary>
    public (string Messages, bool IsCut)? Input(string input)
    {
        var (room, isCut) = (most, false);
        try
        {
            var messages = MessageContent.Input(input, text =>
            {
                var redacted = redactor.Redact(text);
                (redacted, isCut) = redacted.Length <= room ? (redacted, isCut) : (Whole(redacted, room), true);
                room -= redacted.Length;
                return redacted;
            });
            return (messages, isCut);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null; // No Unicode, or nested deeper than anyone writes.
        }
    }

    /// <summary>The answers.</summary>
    /// <param name="texts">Their texts.</param>
    /// <param name="finishReasons">Why each ended.</param>
    /// <param name="areCut">Whether text is missing at their ends.</param>
    public string Output(IReadOnlyList<string> texts, IReadOnlyCollection<string> finishReasons, bool areCut) =>
        MessageContent.Output(texts, [.. finishReasons.Select(redactor.Redact)], text =>
        {
            var redacted = redactor.Redact(text);
            return areCut ? Whole(redacted, Math.Max(0, redacted.Length - Uncertain)) : redacted;
        });

    /// <summary>A text of the engine's.</summary>
    public string Text(string text)
    {
        var redacted = redactor.Redact(text);
        return redacted.Length <= most ? redacted : Whole(redacted, most);
    }

    /// <summary>The beginning of a text, without half a surrogate pair at its end.</summary>
    private static string Whole(string text, int length) => text[..(length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
}
