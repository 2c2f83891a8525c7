using System.Text;

namespace LlmOperator.Gateway.Rag.Texts;

/// <summary>
/// How many tokens a text has, without its tokenizer: rather too many than too few. Chunks are cut by it, as they must come out the same whether or not an embedder can be asked, and prompts are measured by it where the
/// engine has no tokenizer to ask.
/// </summary>
internal static class TokenEstimate
{
    // English words come in pieces of about four letters; of other alphabets and of letters outside ASCII, such as Turkish ones, a tokenizer trained on English knows little.
    private const int LettersAPiece = 4;
    private const int ForeignLettersAPiece = 2;

    /// <summary>Tokens of a text.</summary>
    public static int Count(string text)
    {
        var count = 0;
        foreach (var (_, _, tokens) in Words(text))
        {
            count += tokens;
        }

        return count;
    }

    /// <summary>The words and single signs of a text, without the whitespace between them, and the tokens of each.</summary>
    public static IEnumerable<(int Start, int End, int Tokens)> Words(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            var start = at;
            var (letters, foreign) = (0, 0);
            while (at < text.Length && Rune.TryGetRuneAt(text, at, out var rune) && IsWord(rune))
            {
                letters++;
                foreign += rune.IsAscii && !Rune.IsDigit(rune) ? 0 : 1;
                at += rune.Utf16SequenceLength;
            }

            if (at == start)
            {
                at += Rune.TryGetRuneAt(text, at, out var sign) ? sign.Utf16SequenceLength : 1;
                yield return (start, at, at - start);
                continue;
            }

            var piece = foreign > 0 ? ForeignLettersAPiece : LettersAPiece;
            yield return (start, at, (letters + piece - 1) / piece);
        }
    }

    private static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune) || rune.Value == '_' || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark;
}
