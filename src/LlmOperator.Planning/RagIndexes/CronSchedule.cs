using System.Collections;
using System.Globalization;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>Times in cron's words: minute, hour, day of month, month, day of week, in UTC. Where both days are restricted either counts, as cron has it.</summary>
public sealed class CronSchedule
{
    /// <summary>A 29th of February on a given day of the week may be this many years away.</summary>
    private const int MostYears = 41;

    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly BitArray _minutes;
    private readonly BitArray _hours;
    private readonly BitArray _daysOfMonth;
    private readonly BitArray _months;
    private readonly BitArray _daysOfWeek;
    private readonly bool _eitherDay;

    private CronSchedule(BitArray[] fields, bool eitherDay) =>
        (_minutes, _hours, _daysOfMonth, _months, _daysOfWeek, _eitherDay) = (fields[0], fields[1], fields[2], fields[3], fields[4], eitherDay);

    /// <summary>Reads a schedule.</summary>
    /// <param name="text">Five fields, or @hourly, @daily, @weekly or @monthly.</param>
    /// <param name="schedule">The schedule.</param>
    /// <returns>What is wrong with the text; null when nothing is.</returns>
    public static string? TryParse(string text, out CronSchedule? schedule)
    {
        ArgumentNullException.ThrowIfNull(text);
        schedule = null;
        var fields = (text.Trim() switch
        {
            "@hourly" => "0 * * * *",
            "@daily" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            var other => other,
        }).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5)
        {
            return $"it has {fields.Length} fields and needs five: minute, hour, day of month, month and day of week";
        }

        (string Name, int Least, int Greatest, string[]? Words)[] rules =
            [("minute", 0, 59, null), ("hour", 0, 23, null), ("day of month", 1, 31, null), ("month", 1, 12, Months), ("day of week", 0, 7, Days)];
        var parsed = new BitArray[5];
        for (var i = 0; i < 5; i++)
        {
            var (name, least, greatest, words) = rules[i];
            if (Field(fields[i], least, greatest, words) is not { } bits)
            {
                return $"{name} is \"{fields[i]}\": give *, a number from {least} to {greatest}, a range as in 1-5, a step as in */15, or a list of these";
            }

            parsed[i] = bits;
        }

        parsed[4][0] |= parsed[4][7]; // Sunday has two numbers.
        var read = new CronSchedule(parsed, !fields[2].StartsWith('*') && !fields[4].StartsWith('*'));
        if (read.Next(DateTimeOffset.UnixEpoch) is null)
        {
            return "there is no such day in any month";
        }

        schedule = read;
        return null;
    }

    /// <summary>The first time after a moment; null when there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var utc = after.UtcDateTime;
        var time = new DateTime(utc.Year, utc.Month, utc.Day, utc.Hour, utc.Minute, 0, DateTimeKind.Utc).AddMinutes(1);
        for (var end = utc.Year + MostYears; time.Year < end;)
        {
            if (!_months[time.Month])
            {
                time = new DateTime(time.Year, time.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1);
            }
            else if (!IsDay(time))
            {
                time = time.Date.AddDays(1);
            }
            else if (!_hours[time.Hour])
            {
                time = time.Date.AddHours(time.Hour + 1);
            }
            else if (!_minutes[time.Minute])
            {
                time = time.AddMinutes(1);
            }
            else
            {
                return new(time, TimeSpan.Zero);
            }
        }

        return null;
    }

    private bool IsDay(DateTime time)
    {
        var (month, week) = (_daysOfMonth[time.Day], _daysOfWeek[(int)time.DayOfWeek]);
        return _eitherDay ? month || week : month && week;
    }

    private static BitArray? Field(string text, int least, int greatest, string[]? words)
    {
        var bits = new BitArray(greatest + 1);
        foreach (var part in text.Split(','))
        {
            var step = 1;
            var range = part;
            if (part.Split('/') is [var before, var every])
            {
                range = before;
                if (!int.TryParse(every, NumberStyles.None, CultureInfo.InvariantCulture, out step) || step == 0)
                {
                    return null;
                }
            }

            int? from, to;
            if (range is "*" or "?")
            {
                (from, to) = (least, greatest);
            }
            else if (range.Split('-') is [var low, var high])
            {
                (from, to) = (Number(low, least, words), Number(high, least, words));
            }
            else
            {
                from = Number(range, least, words);
                to = range == part ? from : greatest; // 5/15 begins at 5 and goes on to the end.
            }

            if (from is not { } first || to is not { } last || first < least || last > greatest || first > last)
            {
                return null;
            }

            for (var value = first; value <= last; value += step)
            {
                bits[value] = true;
            }
        }

        return bits;
    }

    private static int? Number(string text, int least, string[]? words)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        var word = words is null ? -1 : Array.FindIndex(words, known => known.Equals(text, StringComparison.OrdinalIgnoreCase));
        return word < 0 ? null : word + least;
    }
}
