using System.Globalization;

namespace LlmOperator.Sandbox.Runtime;

/// <summary>Durations as people write them in schedules and annotations.</summary>
internal static class Clock
{
    /// <summary>Reads a duration as Go writes it: <c>1h2m3.5s</c>, <c>250ms</c>; a bare number counts seconds. Null when it is none.</summary>
    public static TimeSpan? Duration(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        text = text.Trim();
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            return seconds <= MaxSeconds ? TimeSpan.FromSeconds(seconds) : null;
        }

        var total = 0.0;
        for (var at = 0; at < text.Length;)
        {
            var start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            if (at == start || !double.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            {
                return null;
            }

            var unit = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }

            var factor = text[unit..at] switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, _ => double.NaN };
            if (double.IsNaN(factor))
            {
                return null;
            }

            total += amount * factor;
        }

        return total <= MaxSeconds ? TimeSpan.FromSeconds(total) : null;
    }

    private const double MaxSeconds = 1e9;
}
