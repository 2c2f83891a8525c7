using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Access;

/// <summary>What is left of a caller's allowance, in the headers OpenAI's API tells it in.</summary>
internal static class LimitHeaders
{
    /// <summary>Writes them for what is limited.</summary>
    public static void Write(IHeaderDictionary headers, Caller caller)
    {
        Write(headers, "requests", caller.Requests);
        Write(headers, "tokens", caller.Tokens);
    }

    private static void Write(IHeaderDictionary headers, string what, TokenBucket? bucket)
    {
        if (bucket is null)
        {
            return;
        }

        var left = bucket.Left;
        headers[$"x-ratelimit-limit-{what}"] = Whole(bucket.PerMinute);
        headers[$"x-ratelimit-remaining-{what}"] = Whole(Math.Max(0, left));
        headers[$"x-ratelimit-reset-{what}"] = $"{Whole(Math.Ceiling((bucket.PerMinute - left) / bucket.PerMinute * 60))}s";
    }

    private static string Whole(double number) => Math.Floor(number).ToString("F0", CultureInfo.InvariantCulture);
}
