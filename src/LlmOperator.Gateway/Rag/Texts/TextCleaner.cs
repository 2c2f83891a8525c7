using System.Globalization;
using System.Text;

namespace LlmOperator.Gateway.Rag.Texts;

/// <summary>
/// Makes a text fit for embedding: word characters, whitespace and <c>.,!?</c> stay, everything else becomes a space, and runs of whitespace become one. Marks that combine with a letter are part of its word:
/// Turkish that is written so survives as it came.
/// </summary>
internal static class TextCleaner
{
    /// <summary>The cleaned text.</summary>
    public static string Clean(string text)
    {
        var cleaned = new StringBuilder(text.Length);
        var isGap = false;
        foreach (var rune in text.EnumerateRunes())
        {
            // Half a surrogate pair is enumerated as the replacement character, which is a symbol.
            if (!IsKept(rune))
            {
                isGap = true;
                continue;
            }

            if (isGap && cleaned.Length > 0)
            {
                cleaned.Append(' ');
            }

            isGap = false;
            cleaned.Append(rune);
        }

        return cleaned.ToString();
    }

    /// <summary>Whether words are left of a text.</summary>
    public static bool LeavesWords(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsKept(rune) && rune.Value is not ('.' or ',' or '!' or '?'))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsKept(Rune rune) => rune.Value is '_' or '.' or ',' or '!' or '?' || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
