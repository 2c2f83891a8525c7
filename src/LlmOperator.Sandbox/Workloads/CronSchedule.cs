using System.Globalization;
using LlmOperator.Sandbox.Runtime;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>A cron schedule: five fields (minute, hour, day of month, month, day of week), a name for one, or a plain interval.</summary>
internal sealed class CronSchedule
{
    private const int SearchedYears = 5;
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly TimeSpan? _every;
    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _daysOfMonth;
    private readonly ulong _months;
    private readonly ulong _daysOfWeek;
    private readonly bool _anyDayOfMonth;
    private readonly bool _anyDayOfWeek;

    private CronSchedule(TimeSpan every) => _every = every;

    private CronSchedule(string[] fields)
    {
        _minutes = Bits(fields[0], 0, 59, []);
        _hours = Bits(fields[1], 0, 23, []);
        _daysOfMonth = Bits(fields[2], 1, 31, []);
        _months = Bits(fields[3], 1, 12, Months);
        _daysOfWeek = Bits(fields[4], 0, 7, Days);

        // Sunday is both 0 and 7.
        _daysOfWeek |= (_daysOfWeek >> 7) & 1;
        _anyDayOfMonth = fields[2][0] is '*' or '?';
        _anyDayOfWeek = fields[4][0] is '*' or '?';
    }

    /// <summary>Reads a schedule.</summary>
    /// <exception cref="FormatException">It is none; the message names the field.</exception>
    public static CronSchedule Parse(string text)
    {
        text = text.Trim();
        if (text.StartsWith("@every ", StringComparison.Ordinal))
        {
            return Clock.Duration(text[7..]) is { } every && every > TimeSpan.Zero
                ? new CronSchedule(TimeSpan.FromSeconds(Math.Max(1, Math.Floor(every.TotalSeconds))))
                : throw new FormatException($"failed to parse duration {text}");
        }

        text = text switch
        {
            "@yearly" or "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" or "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => text,
        };
        var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 5 ? new CronSchedule(fields) : throw new FormatException($"expected exactly 5 fields, found {fields.Length}: [{text}]");
    }

    /// <summary>The first moment after another; null when there is none within five years (the 30th of February).</summary>
    /// <param name="after">The other moment.</param>
    /// <param name="zone">Time zone the fields are meant in.</param>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        if (_every is { } every)
        {
            return new DateTimeOffset(after.Ticks - (after.Ticks % TimeSpan.TicksPerSecond), after.Offset) + every;
        }

        var local = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        local = new DateTime(local.Year, local.Month, local.Day, local.Hour, local.Minute, 0).AddMinutes(1);
        var end = local.AddYears(SearchedYears);
        while (local < end)
        {
            if (!Has(_months, local.Month))
            {
                local = new DateTime(local.Year, local.Month, 1).AddMonths(1);
            }
            else if (!DayFits(local))
            {
                local = local.Date.AddDays(1);
            }
            else if (!Has(_hours, local.Hour))
            {
                local = local.Date.AddHours(local.Hour + 1);
            }
            else if (!Has(_minutes, local.Minute) || zone.IsInvalidTime(local))
            {
                local = local.AddMinutes(1);
            }
            else
            {
                var moment = new DateTimeOffset(local, zone.GetUtcOffset(local)).ToUniversalTime();
                if (moment > after)
                {
                    return moment;
                }

                local = local.AddMinutes(1);
            }
        }

        return null;
    }

    /// <summary>With both day fields given, either suffices; that is cron's rule since its first days.</summary>
    private bool DayFits(DateTime day)
    {
        var month = Has(_daysOfMonth, day.Day);
        var week = Has(_daysOfWeek, (int)day.DayOfWeek);
        return _anyDayOfMonth || _anyDayOfWeek ? month && week : month || week;
    }

    private static bool Has(ulong bits, int number) => (bits & (1UL << number)) != 0;

    private static ulong Bits(string field, int least, int most, string[] names)
    {
        ulong bits = 0;
        foreach (var range in field.Split(','))
        {
            var slash = range.IndexOf('/', StringComparison.Ordinal);
            var span = slash < 0 ? range : range[..slash];
            var step = slash < 0 ? 1 : Number(range[(slash + 1)..], [], 0);
            var dash = span.IndexOf('-', StringComparison.Ordinal);
            var (from, to) = span is "*" or "?" ? (least, names == Days ? 6 : most)
                : dash > 0 ? (Number(span[..dash], names, least), Number(span[(dash + 1)..], names, least))
                : (Number(span, names, least), slash < 0 ? Number(span, names, least) : most);
            if (from < least || to > most || from > to || step < 1)
            {
                throw new FormatException($"{range} is not within {least} to {most}");
            }

            for (var number = from; number <= to; number += step)
            {
                bits |= 1UL << number;
            }
        }

        return bits;
    }

    private static int Number(string text, string[] names, int first)
    {
        var named = Array.IndexOf(names, text.ToLowerInvariant());
        return named >= 0 ? named + first
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new FormatException($"failed to parse int from {text}");
    }
}
