using System.Numerics;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>
/// Splits texts into tokens of the stand-in: a word with the space before it, in pieces of at most six characters, or a single other character. Put together again they are the text.
/// </summary>
internal static class Tokens
{
    private const int Longest = 6;

    /// <summary>The tokens of a text.</summary>
    public static List<string> Split(string text)
    {
        var tokens = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var start = at;
            at += text[at] == ' ' ? 1 : 0;
            var word = at;
            while (at < text.Length && at - word < Longest && IsWord(text[at]))
            {
                at++;
            }

            if (at == word)
            {
                // A surrogate pair is one character and stays whole.
                at = start + (char.IsHighSurrogate(text[start]) && start + 1 < text.Length ? 2 : 1);
            }

            tokens.Add(text[start..at]);
        }

        return tokens;
    }

    /// <summary>How many tokens a text has.</summary>
    public static int Count(string text) => Split(text).Count;

    /// <summary>The number of a token, the same in every process.</summary>
    public static int Id(string token) => (int)(Hash(token) % 128_000);

    /// <summary>FNV-1a in 64 bits.</summary>
    public static ulong Hash(string text)
    {
        var hash = 14695981039346656037ul;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211ul;
        }

        // The last bits of FNV are its weakest.
        return hash ^ BitOperations.RotateRight(hash, 29);
    }

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) && !char.IsSurrogate(c);
}
