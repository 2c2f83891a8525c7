using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Spans and points in time in the texts Go uses.</summary>
internal static partial class CelTime
{
    /// <summary>Reads <c>1h30m</c>, <c>250ms</c>, <c>-2.5s</c>.</summary>
    /// <exception cref="CelEvaluationException">The text is none.</exception>
    public static TimeSpan ParseDuration(string text)
    {
        if (text is "0" or "+0" or "-0")
        {
            return TimeSpan.Zero;
        }

        var match = Duration().Match(text);
        if (!match.Success)
        {
            throw new CelEvaluationException($"time: invalid duration \"{text}\"");
        }

        var ticks = 0m;
        for (var index = 0; index < match.Groups["number"].Captures.Count; index++)
        {
            var number = decimal.Parse(match.Groups["number"].Captures[index].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
            ticks += number * match.Groups["unit"].Captures[index].Value switch
            {
                "h" => TimeSpan.TicksPerHour,
                "m" => TimeSpan.TicksPerMinute,
                "s" => TimeSpan.TicksPerSecond,
                "ms" => TimeSpan.TicksPerMillisecond,
                "ns" => 0.01m,
                _ => TimeSpan.TicksPerMicrosecond,
            };
        }

        return Math.Abs(ticks) <= long.MaxValue ? new TimeSpan((long)(text[0] == '-' ? -ticks : ticks)) : throw new CelEvaluationException($"time: invalid duration \"{text}\"");
    }

    /// <summary>Reads RFC 3339, or a date alone.</summary>
    /// <exception cref="CelEvaluationException">The text is neither.</exception>
    public static DateTimeOffset ParseTimestamp(string text) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment
            : throw new CelEvaluationException($"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\"");

    /// <summary>A span as CEL writes it: seconds.</summary>
    public static string Format(TimeSpan span) => $"{(span.Ticks / (decimal)TimeSpan.TicksPerSecond).ToString("0.#########", CultureInfo.InvariantCulture)}s";

    /// <summary>A point in time as RFC 3339.</summary>
    public static string Format(DateTimeOffset moment)
    {
        var text = new StringBuilder(moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
        var fraction = moment.Ticks % TimeSpan.TicksPerSecond;
        if (fraction != 0)
        {
            text.Append('.').Append(fraction.ToString("0000000", CultureInfo.InvariantCulture).TrimEnd('0'));
        }

        return text.Append('Z').ToString();
    }

    [GeneratedRegex(@"^[+-]?((?<number>[0-9]+(\.[0-9]*)?|\.[0-9]+)(?<unit>ns|us|µs|μs|ms|s|m|h))+\z")]
    private static partial Regex Duration();
}
