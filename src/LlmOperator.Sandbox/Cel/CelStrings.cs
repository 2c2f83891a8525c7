using System.Text;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Functions of text. Positions and lengths count code points.</summary>
internal static class CelStrings
{
    /// <summary>Calls a method of a text; null when there is none for these values.</summary>
    public static object? Call(string function, string text, IReadOnlyList<object> args) => (function, args) switch
    {
        ("size", [_]) => Length(text),
        ("startsWith", [_, string part]) => text.StartsWith(part, StringComparison.Ordinal),
        ("endsWith", [_, string part]) => text.EndsWith(part, StringComparison.Ordinal),
        ("contains", [_, string part]) => text.Contains(part, StringComparison.Ordinal),
        ("matches", [_, string pattern]) => Patterns.IsValid(pattern) ? Patterns.IsMatch(pattern, text) : throw new CelEvaluationException($"error parsing regexp: {pattern}"),
        ("find", [_, string pattern]) => Patterns.Find(pattern, text).FirstOrDefault() ?? "",
        ("findAll", [_, string pattern]) => List(Patterns.Find(pattern, text)),
        ("findAll", [_, string pattern, long most]) => List(most < 0 ? Patterns.Find(pattern, text) : Patterns.Find(pattern, text).Take((int)most)),
        ("lowerAscii", [_]) => Map(text, char.ToLowerInvariant),
        ("upperAscii", [_]) => Map(text, char.ToUpperInvariant),
        ("trim", [_]) => text.Trim(),
        ("charAt", [_, long at]) => CharAt(text, at),
        ("indexOf", [_, string part]) => IndexOf(text, part, 0),
        ("indexOf", [_, string part, long from]) => IndexOf(text, part, from),
        ("lastIndexOf", [_, string part]) => LastIndexOf(text, part, Length(text)),
        ("lastIndexOf", [_, string part, long from]) => LastIndexOf(text, part, from),
        ("replace", [_, string old, string replacement]) => Replace(text, old, replacement, -1),
        ("replace", [_, string old, string replacement, long count]) => Replace(text, old, replacement, count),
        ("split", [_, string separator]) => List(Split(text, separator, -1)),
        ("split", [_, string separator, long count]) => List(Split(text, separator, count)),
        ("substring", [_, long start]) => Substring(text, start, Length(text)),
        ("substring", [_, long start, long end]) => Substring(text, start, end),
        ("strings.quote", [_]) => JsonScalars.Quote(text),
        ("format", [_, CelList values]) => CelFormat.Apply(text, values),
        _ => null,
    };

    /// <summary>Number of code points.</summary>
    public static long Length(string text)
    {
        var count = text.Length;
        foreach (var character in text)
        {
            count -= char.IsLowSurrogate(character) ? 1 : 0;
        }

        return count;
    }

    private static string Map(string text, Func<char, char> change) => string.Create(text.Length, (text, change), static (span, state) =>
    {
        for (var index = 0; index < span.Length; index++)
        {
            var character = state.text[index];
            span[index] = char.IsAscii(character) ? state.change(character) : character;
        }
    });

    private static CelList List(IEnumerable<string> texts) => new([.. texts]);

    private static string CharAt(string text, long at)
    {
        var length = Length(text);
        return at < 0 || at > length ? throw new CelEvaluationException($"index out of range: {at}") : at == length ? "" : Substring(text, at, at + 1);
    }

    private static long IndexOf(string text, string part, long from)
    {
        var length = Length(text);
        if (from < 0 || from > length)
        {
            throw new CelEvaluationException($"index out of range: {from}");
        }

        var start = Offset(text, from);
        var found = text.IndexOf(part, start, StringComparison.Ordinal);
        return found < 0 ? -1 : Length(text[..found]);
    }

    private static long LastIndexOf(string text, string part, long from)
    {
        var length = Length(text);
        if (from < 0 || from > length)
        {
            throw new CelEvaluationException($"index out of range: {from}");
        }

        if (part.Length == 0)
        {
            return from;
        }

        for (var at = Math.Min(from, length - Length(part)); at >= 0; at--)
        {
            if (string.CompareOrdinal(text, Offset(text, at), part, 0, part.Length) == 0)
            {
                return at;
            }
        }

        return -1;
    }

    private static string Replace(string text, string old, string replacement, long count)
    {
        if (count < 0)
        {
            count = long.MaxValue;
        }

        var result = new StringBuilder();
        var at = 0;
        if (old.Length == 0)
        {
            foreach (var rune in text.EnumerateRunes())
            {
                result.Append(count-- > 0 ? replacement : "").Append(rune.ToString());
            }

            return result.Append(count > 0 ? replacement : "").ToString();
        }

        for (; count > 0; count--)
        {
            var found = text.IndexOf(old, at, StringComparison.Ordinal);
            if (found < 0)
            {
                break;
            }

            result.Append(text, at, found - at).Append(replacement);
            at = found + old.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static IEnumerable<string> Split(string text, string separator, long count)
    {
        if (count == 0)
        {
            return [];
        }

        if (separator.Length > 0)
        {
            return count < 0 ? text.Split(separator) : text.Split(separator, (int)Math.Min(count, int.MaxValue));
        }

        var characters = text.EnumerateRunes().Select(rune => rune.ToString()).ToList();
        return count < 0 || count >= characters.Count ? characters : [.. characters.Take((int)count - 1), string.Concat(characters.Skip((int)count - 1))];
    }

    private static string Substring(string text, long start, long end)
    {
        var length = Length(text);
        if (start > end)
        {
            throw new CelEvaluationException($"invalid substring range. start: {start}, end: {end}");
        }

        if (start < 0 || start > length)
        {
            throw new CelEvaluationException($"index out of range: {start}");
        }

        return end > length ? throw new CelEvaluationException($"index out of range: {end}") : text[Offset(text, start)..Offset(text, end)];
    }

    /// <summary>Where a code point begins.</summary>
    private static int Offset(string text, long codePoint)
    {
        var offset = 0;
        for (; codePoint > 0; codePoint--)
        {
            offset += char.IsHighSurrogate(text[offset]) && offset + 1 < text.Length ? 2 : 1;
        }

        return offset;
    }
}
