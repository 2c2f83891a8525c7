using System.Text.RegularExpressions;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>A row of the table of what engines write when they fail.</summary>
/// <param name="Reason">Reason of the cause.</param>
/// <param name="Weight">How much it tells.</param>
/// <param name="Texts">A line with one of these, in any case of letters, is about it.</param>
/// <param name="Message">What is the case and which field to change.</param>
internal sealed record LogPattern(string Reason, LogWeight Weight, string[] Texts, Func<LogDetails, string> Message)
{
    /// <summary>Named parts of the line and the three after it that the message tells; a part that is not found is null.</summary>
    public string[] Details { get; init; } = [];

    /// <summary>Whether the line must have one of the details.</summary>
    public bool NeedsDetails { get; init; }

    private Regex[] Expressions => field ??= [.. Details.Select(static detail => new Regex(detail, RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant))];

    /// <summary>The cause a line and those after it tell; null when they do not.</summary>
    public FailureCause? Match(IReadOnlyList<LogLine> lines, int at)
    {
        var line = lines[at].Text;
        if (!Array.Exists(Texts, text => line.Contains(text, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var window = string.Join(' ', lines.Skip(at).Take(4).Select(part => part.Text));
        foreach (var expression in Expressions)
        {
            var match = expression.Match(window);
            foreach (var name in match.Success ? expression.GetGroupNames() : [])
            {
                if (match.Groups[name] is { Success: true, Length: > 0 } group && !char.IsAsciiDigit(name[0]))
                {
                    found.TryAdd(name, group.Value);
                }
            }
        }

        return NeedsDetails && found.Count == 0 ? null : new(Reason, LogText.Sentence(Message(new(line, found)), length: 1500));
    }
}

/// <summary>What a line tells beside its cause.</summary>
/// <param name="line">The line.</param>
/// <param name="found">Named parts.</param>
internal sealed class LogDetails(string line, Dictionary<string, string> found)
{
    /// <summary>The line in the engine's words, short.</summary>
    public string Line { get; } = LogText.Sentence(line, length: 300);

    /// <summary>A part; null when the line has none.</summary>
    public string? this[string name] => found.GetValueOrDefault(name);

    /// <summary>A part with words around it; nothing when the line has none.</summary>
    public string With(string before, string name, string after = "") => found.TryGetValue(name, out var value) ? before + value.TrimEnd('.', ',', ';', ' ') + after : "";
}
