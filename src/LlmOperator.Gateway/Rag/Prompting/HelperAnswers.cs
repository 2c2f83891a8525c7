namespace LlmOperator.Gateway.Rag.Prompting;

/// <summary>Somebody a query names.</summary>
/// <param name="Name">Full name; null where an id was given.</param>
/// <param name="Id">Id; null where a name was given.</param>
internal sealed record NamedAuthor(string? Name, string? Id);

/// <summary>Reads what the helper answers.</summary>
internal static class HelperAnswers
{
    // Whoever wrote more than this has not written a name.
    private const int LongestName = 128;
    private const int LongestRewrite = 2000;

    /// <summary>The queries that are searched: the original first, then the rewrites, no more than asked for.</summary>
    /// <param name="original">The query.</param>
    /// <param name="answer">What the helper wrote.</param>
    /// <param name="most">Most queries, the original included.</param>
    public static IReadOnlyList<string> Queries(string original, string answer, int most) =>
    [
        original,
        .. answer.Split(HelperPrompts.Separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(rewrite => rewrite.Length <= LongestRewrite)
            .Take(Math.Max(0, most - 1)),
    ];

    /// <summary>Who a query names; null when it names nobody.</summary>
    public static NamedAuthor? Author(string answer)
    {
        // Models put quotes around what they were asked for, and a full stop after it.
        var text = string.Join(' ', answer.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Trim('"', '\'', '`', '“', '”', ' ');
        return text.Length is 0 or > LongestName || text.TrimEnd('.').Equals(HelperPrompts.None, StringComparison.OrdinalIgnoreCase) ? null
            : Guid.TryParse(text, out var id) ? new(null, id.ToString("D"))
            : text.All(char.IsAsciiDigit) ? new(null, text)
            : new(text, null);
    }
}
