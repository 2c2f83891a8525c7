using System.Text.RegularExpressions;

namespace LlmOperator.Gateway.Rag.Texts;

/// <summary>Sentences of a text: they end at <c>.</c>, <c>?</c> or <c>!</c> before whitespace, but not after an abbreviation such as <c>e.g.</c> or <c>Mr.</c>.</summary>
internal static partial class Sentences
{
    /// <summary>The sentences, trimmed, without empty ones.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        var (sentences, start) = (new List<string>(), 0);
        foreach (var end in End().EnumerateMatches(text))
        {
            if (text[start..end.Index].Trim() is { Length: > 0 } sentence)
            {
                sentences.Add(sentence);
            }

            start = end.Index + end.Length;
        }

        if (text[start..].Trim() is { Length: > 0 } last)
        {
            sentences.Add(last);
        }

        return sentences;
    }

    // Each look-behind is of a fixed, short length: the time is linear in the text.
    [GeneratedRegex(@"(?<!\w\.\w.)(?<![A-Z][a-z]\.)(?<=[.?!])\s", RegexOptions.CultureInvariant)]
    private static partial Regex End();
}
