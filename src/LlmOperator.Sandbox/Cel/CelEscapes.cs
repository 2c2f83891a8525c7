using System.Globalization;
using System.Text;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Escape sequences of string and bytes literals.</summary>
internal static class CelEscapes
{
    /// <summary>Reads one sequence.</summary>
    /// <param name="source">The expression.</param>
    /// <param name="at">Index of the backslash; afterwards behind the sequence.</param>
    /// <param name="start">Where the literal begins, for messages.</param>
    /// <param name="bytes">Whether it is a bytes literal.</param>
    /// <returns>The code point, or the byte when the sequence means one.</returns>
    public static (int Value, bool IsByte) Read(string source, ref int at, int start, bool bytes)
    {
        if (at + 1 >= source.Length)
        {
            throw new CelSyntaxException(start, "unable to unescape string");
        }

        var next = source[at + 1];
        at += 2;
        switch (next)
        {
            case 'a': return ('\a', false);
            case 'b': return ('\b', false);
            case 'f': return ('\f', false);
            case 'n': return ('\n', false);
            case 'r': return ('\r', false);
            case 't': return ('\t', false);
            case 'v': return ('\v', false);
            case '\\' or '\'' or '"' or '`' or '?': return (next, false);
            case 'x' or 'X': return (Number(source, ref at, 2, 16, start), true);
            case 'u' when !bytes: return (CodePoint(Number(source, ref at, 4, 16, start), start), false);
            case 'U' when !bytes: return (CodePoint(Number(source, ref at, 8, 16, start), start), false);
            case >= '0' and <= '3':
                at--;
                return (Number(source, ref at, 3, 8, start), true);
            default:
                throw new CelSyntaxException(start, $"unable to unescape sequence: \\{next}");
        }
    }

    private static int Number(string source, ref int at, int digits, int radix, int start)
    {
        var value = 0L;
        for (var count = 0; count < digits; count++, at++)
        {
            var digit = at < source.Length && int.TryParse(source.AsSpan(at, 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var read) && read < radix
                ? read
                : throw new CelSyntaxException(start, "unable to unescape string");
            value = (value * radix) + digit;
        }

        return value <= int.MaxValue ? (int)value : throw new CelSyntaxException(start, "unable to unescape string");
    }

    private static int CodePoint(int value, int start) => Rune.IsValid(value) ? value : throw new CelSyntaxException(start, "unable to unescape string: invalid unicode code point");
}
