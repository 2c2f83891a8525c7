namespace LlmOperator.Inference.Redaction;

/// <summary>Numbers that carry check digits, and telephone numbers. Each is looked for within a run of digits and the separators people put between them.</summary>
internal static class Numbers
{
    private const int LongestRun = 64;

    public static void Find(string text, IReadOnlySet<RedactionKind> kinds, List<Finding> findings)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (!IsDigit(text[at]) && !(text[at] is '+' or '(' && at + 1 < text.Length && IsDigit(text[at + 1])))
            {
                continue;
            }

            // A number within a word is part of a name, not a number.
            if (at > 0 && char.IsLetterOrDigit(text[at - 1]))
            {
                at = EndOfWord(text, at);
                continue;
            }

            var end = EndOfRun(text, at);
            InRun(text, at, end, kinds, findings);
            at = end - 1;
        }
    }

    private static void InRun(string text, int start, int end, IReadOnlySet<RedactionKind> kinds, List<Finding> findings)
    {
        Span<int> places = stackalloc int[LongestRun];
        Span<byte> digits = stackalloc byte[LongestRun];
        var count = 0;
        for (var at = start; at < end && count < LongestRun; at++)
        {
            if (IsDigit(text[at]))
            {
                (places[count], digits[count]) = (at, (byte)(text[at] - '0'));
                count++;
            }
        }

        for (var first = 0; first < count; first++)
        {
            // A number begins where a group of digits begins.
            if (first > 0 && places[first] == places[first - 1] + 1)
            {
                continue;
            }

            var found = Longest(text, digits[first..count], places[first..count], kinds, out var kind);
            if (found > 0)
            {
                var from = places[first];
                from = kind == RedactionKind.Phone ? StartOfPhone(text, from, start) : from;
                findings.Add(new(from, places[first + found - 1] + 1 - from, kind));
                first += found - 1;
            }
        }
    }

    /// <summary>Digits of the longest number that begins here; 0 when none does.</summary>
    private static int Longest(string text, ReadOnlySpan<byte> digits, ReadOnlySpan<int> places, IReadOnlySet<RedactionKind> kinds, out RedactionKind kind)
    {
        for (var length = Math.Min(19, digits.Length); length >= 8; length--)
        {
            // … and ends where a group ends.
            if (length < digits.Length && places[length] == places[length - 1] + 1)
            {
                continue;
            }

            if (length >= 13 && kinds.Contains(RedactionKind.CreditCard) && digits[0] != 0 && HasLuhn(digits[..length]) && HasOnly(text, places[0], places[length - 1], " -"))
            {
                kind = RedactionKind.CreditCard;
                return length;
            }

            if (length == 11 && kinds.Contains(RedactionKind.TurkishNationalId) && IsTurkishId(digits[..length]))
            {
                kind = RedactionKind.TurkishNationalId;
                return length;
            }

            if (length <= 15 && kinds.Contains(RedactionKind.Phone) && IsPhone(text, digits[..length], places[0], places[length - 1]))
            {
                kind = RedactionKind.Phone;
                return length;
            }
        }

        kind = default;
        return 0;
    }

    /// <summary>An international number begins with + or 00; a national one with 0 or a bracket, or is parted as 3-3-4. Digits alone are a number of anything.</summary>
    private static bool IsPhone(string text, ReadOnlySpan<byte> digits, int from, int last)
    {
        var before = from > 0 ? text[from - 1] : ' ';
        var parted = last - from + 1 > digits.Length;
        if (before == '+' || (digits is [0, 0, not 0, ..] && digits.Length >= 11))
        {
            return true;
        }

        if (before == '(' && digits.Length is 10 or 11)
        {
            return true;
        }

        if (digits[0] == 0 && digits[1] != 0 && digits.Length is 10 or 11)
        {
            return parted || (digits.Length == 11 && digits[1] == 5);
        }

        return digits.Length == 10 && digits[0] >= 2 && Groups(text, from, last) is "334" or "3322";
    }

    private static string Groups(string text, int from, int last)
    {
        var groups = "";
        var length = 0;
        for (var at = from; at <= last + 1; at++)
        {
            if (at <= last && IsDigit(text[at]))
            {
                length++;
            }
            else if (length > 0)
            {
                groups += (char)('0' + Math.Min(length, 9));
                length = 0;
            }
        }

        return groups;
    }

    private static int StartOfPhone(string text, int from, int start)
    {
        while (from > start && text[from - 1] is '+' or '(')
        {
            from--;
        }

        return from;
    }

    private static bool HasLuhn(ReadOnlySpan<byte> digits)
    {
        var (sum, isDoubled) = (0, false);
        for (var at = digits.Length - 1; at >= 0; at--, isDoubled = !isDoubled)
        {
            var value = isDoubled ? digits[at] * 2 : digits[at];
            sum += value > 9 ? value - 9 : value;
        }

        return sum % 10 == 0 && digits.IndexOfAnyExcept(digits[0]) >= 0;
    }

    /// <summary>Eleven digits, the first not 0; the tenth is 7 times the odd places less the even ones, the eleventh the sum of the first ten, each modulo 10.</summary>
    private static bool IsTurkishId(ReadOnlySpan<byte> digits)
    {
        if (digits[0] == 0)
        {
            return false;
        }

        var odd = digits[0] + digits[2] + digits[4] + digits[6] + digits[8];
        var even = digits[1] + digits[3] + digits[5] + digits[7];
        return (((odd * 7) - even) % 10 + 10) % 10 == digits[9] && (odd + even + digits[9]) % 10 == digits[10];
    }

    private static bool HasOnly(string text, int from, int last, string separators)
    {
        for (var at = from; at <= last; at++)
        {
            if (!IsDigit(text[at]) && !separators.Contains(text[at], StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>End of a run: digits, with at most two separators between them.</summary>
    private static int EndOfRun(string text, int start)
    {
        var end = start + 1;
        for (var at = start; at < text.Length; at++)
        {
            if (IsDigit(text[at]))
            {
                end = at + 1;
            }
            else if (text[at] is not (' ' or '-' or '.' or '(' or ')' or '/' or '+' or '\u00a0') || at - end >= 2)
            {
                break;
            }
        }

        return end;
    }

    private static int EndOfWord(string text, int at)
    {
        while (at + 1 < text.Length && char.IsLetterOrDigit(text[at + 1]))
        {
            at++;
        }

        return at;
    }

    private static bool IsDigit(char letter) => char.IsAsciiDigit(letter);
}

/// <summary>A place that is blotted out.</summary>
internal readonly record struct Finding(int Start, int Length, RedactionKind Kind);
