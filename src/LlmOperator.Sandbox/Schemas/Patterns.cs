using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// Schema patterns are RE2: no look-around, ASCII classes, <c>$</c> only at the very end. They are translated once and matched
/// in linear time, as RE2 does.
/// </summary>
internal static class Patterns
{
    private static readonly ConcurrentDictionary<string, Regex?> Compiled = new(StringComparer.Ordinal);

    /// <summary>Whether a text matches somewhere; a pattern that does not compile matches everything (its definition was refused or predates the rule).</summary>
    public static bool IsMatch(string pattern, string text) => Get(pattern)?.IsMatch(text) ?? true;

    /// <summary>Whether a pattern is one.</summary>
    public static bool IsValid(string pattern) => Get(pattern) is not null;

    /// <summary>The parts of a text that match, from left to right; none for a pattern that does not compile.</summary>
    public static IEnumerable<string> Find(string pattern, string text) => Get(pattern)?.Matches(text).Select(match => match.Value) ?? [];

    private static Regex? Get(string pattern) => Compiled.GetOrAdd(pattern, static text =>
    {
        try
        {
            return new Regex(Translate(text), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    });

    private static string Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var multiline = false;
        for (var index = 0; index < pattern.Length; index++)
        {
            var character = pattern[index];
            switch (character)
            {
                case '\\':
                    index = Escape(pattern, index, inClass: false, result);
                    break;
                case '[':
                    index = Class(pattern, index, result);
                    break;
                case '$' when !multiline:
                    result.Append(@"\z");
                    break;
                case '(' when pattern.AsSpan(index).StartsWith("(?P<"):
                    result.Append("(?<");
                    index += 3;
                    break;
                case '(' when pattern.AsSpan(index).StartsWith("(?"):
                    var flags = pattern[(index + 2)..].IndexOfAny([')', ':', '<', '=', '!']);
                    multiline |= flags > 0 && pattern.AsSpan(index + 2, flags).Contains('m');
                    result.Append('(');
                    break;
                default:
                    result.Append(character);
                    break;
            }
        }

        return result.ToString();
    }

    /// <summary>Translates one escape; returns the index of its last character.</summary>
    private static int Escape(string pattern, int index, bool inClass, StringBuilder result)
    {
        if (index + 1 >= pattern.Length)
        {
            throw new ArgumentException("trailing backslash");
        }

        var next = pattern[index + 1];
        switch (next)
        {
            case 'd':
                result.Append(inClass ? "0-9" : "[0-9]");
                return index + 1;
            case 'w':
                result.Append(inClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]");
                return index + 1;
            case 's':
                result.Append(inClass ? @"\t\n\f\r " : @"[\t\n\f\r ]");
                return index + 1;
            case 'D' when !inClass:
                result.Append("[^0-9]");
                return index + 1;
            case 'W' when !inClass:
                result.Append("[^0-9A-Za-z_]");
                return index + 1;
            case 'S' when !inClass:
                result.Append(@"[^\t\n\f\r ]");
                return index + 1;
            case 'p' or 'P' when index + 2 < pattern.Length && pattern[index + 2] != '{':
                result.Append(CultureInfo.InvariantCulture, $"\\{next}{{{pattern[index + 2]}}}");
                return index + 2;
            case 'x' when index + 2 < pattern.Length && pattern[index + 2] == '{':
                var close = pattern.IndexOf('}', index);
                if (close < 0)
                {
                    throw new ArgumentException("missing closing brace");
                }

                var rune = new Rune(int.Parse(pattern.AsSpan(index + 3, close - index - 3), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                result.Append(rune.IsBmp ? $"\\u{rune.Value:x4}" : rune.ToString());
                return close;
            case 'Q':
                var end = pattern.IndexOf("\\E", index + 2, StringComparison.Ordinal);
                var literal = end < 0 ? pattern[(index + 2)..] : pattern[(index + 2)..end];
                result.Append(Regex.Escape(literal));
                return end < 0 ? pattern.Length - 1 : end + 1;
            case 'Z' or 'G' or (>= '1' and <= '9'):
                throw new ArgumentException("escape unknown to RE2");
            default:
                result.Append('\\').Append(next);
                return index + 1;
        }
    }

    /// <summary>Translates a bracket expression; returns the index of its closing bracket.</summary>
    private static int Class(string pattern, int start, StringBuilder result)
    {
        result.Append('[');
        var index = start + 1;
        if (index < pattern.Length && pattern[index] == '^')
        {
            result.Append('^');
            index++;
        }

        for (var first = true; index < pattern.Length; index++, first = false)
        {
            var character = pattern[index];
            switch (character)
            {
                case ']' when !first:
                    result.Append(']');
                    return index;
                case ']':
                    result.Append(@"\]");
                    break;
                case '[' when pattern.AsSpan(index).StartsWith("[:") && pattern.IndexOf(":]", index, StringComparison.Ordinal) is > 0 and var close:
                    result.Append(PosixClass(pattern[(index + 2)..close]));
                    index = close + 1;
                    break;
                case '[':
                    result.Append(@"\[");
                    break;
                case '\\':
                    index = Escape(pattern, index, inClass: true, result);
                    break;
                default:
                    result.Append(character);
                    break;
            }
        }

        throw new ArgumentException("missing closing bracket");
    }

    private static string PosixClass(string name) => name switch
    {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => @"\x00-\x7F",
        "blank" => @"\t ",
        "cntrl" => @"\x00-\x1F\x7F",
        "digit" => "0-9",
        "graph" => "!-~",
        "lower" => "a-z",
        "print" => " -~",
        "punct" => @"!-/:-@\[-`{-~",
        "space" => @"\t\n\v\f\r ",
        "upper" => "A-Z",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        _ => throw new ArgumentException("unknown character class"),
    };
}
