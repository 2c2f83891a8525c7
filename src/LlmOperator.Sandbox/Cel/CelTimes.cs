namespace LlmOperator.Sandbox.Cel;

/// <summary>Parts of points and spans of time.</summary>
internal static class CelTimes
{
    /// <summary>Calls a method of a time; null when there is none for these values.</summary>
    public static object? Call(string function, IReadOnlyList<object> args) => args switch
    {
        [DateTimeOffset moment] => Part(function, moment.ToUniversalTime()),
        [TimeSpan span] => function switch
        {
            "getHours" => span.Ticks / TimeSpan.TicksPerHour,
            "getMinutes" => span.Ticks / TimeSpan.TicksPerMinute,
            "getSeconds" => span.Ticks / TimeSpan.TicksPerSecond,
            "getMilliseconds" => span.Ticks / TimeSpan.TicksPerMillisecond,
            _ => null,
        },
        _ => null,
    };

    /// <summary>Months, and days where the name does not say otherwise, count from 0.</summary>
    private static object? Part(string function, DateTimeOffset moment) => function switch
    {
        "getFullYear" => (long)moment.Year,
        "getMonth" => moment.Month - 1L,
        "getDayOfYear" => moment.DayOfYear - 1L,
        "getDayOfMonth" => moment.Day - 1L,
        "getDate" => (long)moment.Day,
        "getDayOfWeek" => (long)moment.DayOfWeek,
        "getHours" => (long)moment.Hour,
        "getMinutes" => (long)moment.Minute,
        "getSeconds" => (long)moment.Second,
        "getMilliseconds" => (long)moment.Millisecond,
        _ => null,
    };
}
