using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>A line of a log.</summary>
/// <param name="Text">What it says, without time, process and level in front.</param>
/// <param name="IsError">False when the line says itself that it is less than an error.</param>
internal readonly record struct LogLine(string Text, bool IsError);

/// <summary>The end of a log as lines fit to be read and shown: no colours, no control characters, no secrets.</summary>
internal static class LogText
{
    /// <summary>Only this many characters at the end are looked at.</summary>
    public const int MaxLength = 64 * 1024;

    private const int MaxRawLine = 8000;
    private const int MaxLine = 2000;
    private const int ExcerptLines = 5;
    private const int ExcerptLength = 600;
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly Regex Escapes = new(@"\x1B(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1B\n]*(?:\x07|\x1B\\)?|[@-Z\\^_])", Linear);

    // What vLLM, SGLang, TGI, llama.cpp and NCCL write before what they say: process, rank, level, time and place. It differs from run to run and tells nothing.
    private static readonly Regex Prefix = new(
        @"^(?:\s*(?:\([A-Za-z][^()\n]{0,60}pid=[0-9]+[^()\n]{0,20}\)|\[rank[0-9]+\]:|\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]{8,}Z?(?: [A-Z]+[0-9]+)*\]?:?|(?<level>ERROR|WARNING|WARN|INFO|DEBUG|CRITICAL)(?: [0-9-]{5,10} [0-9:]{8}(?:[.,][0-9]+)?)?:?(?: (?:\[[A-Za-z_./]+\.py:[0-9]+\]|[A-Za-z_./]+\.py:[0-9]+\]))?"
        + @"|[0-9]+\.[0-9]{2}\.[0-9]{3}\.[0-9]{3} [IWED]|(?:text_generation_launcher|text_generation_router[A-Za-z_:]*|shard-manager):))*\s?",
        Linear);

    /// <summary>Reads a log.</summary>
    /// <param name="log">Text of the log; the end of it, when it is long.</param>
    /// <param name="secrets">Values known to be secret.</param>
    public static IReadOnlyList<LogLine> Lines(string log, IReadOnlyList<string>? secrets = null)
    {
        if (log.Length > MaxLength)
        {
            // A line that was cut may hold half a secret, which nothing can tell.
            log = log[^MaxLength..];
            log = log.IndexOf('\n', StringComparison.Ordinal) is >= 0 and var end ? log[(end + 1)..] : "";
        }

        var lines = new List<LogLine>();
        var isKey = false;
        foreach (var raw in Escapes.Replace(log, "").ReplaceLineEndings("\n").Split('\n'))
        {
            var isBegin = raw.Contains("-----BEGIN", StringComparison.Ordinal);
            var isEnd = raw.Contains("-----END", StringComparison.Ordinal);
            if (isBegin || isKey)
            {
                isKey = !isEnd;
                continue;
            }

            // Redacted before it is cut, or the cut would take the form from a secret; what is far too long is cut between two words first.
            var line = Redaction.Of(Printable(raw.Length <= MaxRawLine ? raw : raw[..Math.Max(0, raw.LastIndexOf(' ', MaxRawLine))]), secrets);
            if (line.Length > MaxLine)
            {
                line = Cut(line, MaxLine);
            }

            var prefix = Prefix.Match(line);
            lines.Add(new(line[prefix.Length..], prefix.Groups["level"].Value is not ("WARNING" or "WARN" or "INFO" or "DEBUG")));
        }

        return lines;
    }

    /// <summary>The last lines that say something, on one line and short enough for a message.</summary>
    public static string Excerpt(IReadOnlyList<LogLine> lines)
    {
        var last = lines.Select(line => line.Text.Trim()).Where(line => line.Any(char.IsLetterOrDigit)).TakeLast(ExcerptLines).ToList();
        var each = ExcerptLength / Math.Max(1, last.Count) - 3;

        // A short line leaves its room to the others.
        var spare = last.Sum(line => Math.Max(0, each - line.Length));
        for (var at = last.Count - 1; at >= 0; at--)
        {
            var room = each + spare;
            spare -= Math.Clamp(last[at].Length - each, 0, spare);
            last[at] = last[at].Length > room ? Cut(last[at], room - 1) + "…" : last[at];
        }

        return string.Join(" | ", last);
    }

    /// <summary>One line of somebody else's words, fit to be shown.</summary>
    public static string Sentence(string? text, IReadOnlyList<string>? secrets = null, int length = ExcerptLength)
    {
        var line = Redaction.Of(Printable(Escapes.Replace(text ?? "", "").ReplaceLineEndings(" ")), secrets).Trim();
        return line.Length > length ? Cut(line, length - 1) + "…" : line;
    }

    private static string Printable(string line)
    {
        if (!line.Any(IsUnprintable))
        {
            return line;
        }

        var text = new StringBuilder(line.Length);
        foreach (var rune in line.EnumerateRunes())
        {
            if (rune.Value == '\t')
            {
                text.Append(' ');
            }
            else if (rune.Value != 0xFFFD && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned))
            {
                text.Append(rune);
            }
        }

        return text.ToString();
    }

    private static bool IsUnprintable(char letter) => letter is < ' ' or (>= '\x7F' and < '\xA0') || (letter > '\xFF' && (char.IsSurrogate(letter) || letter == '\uFFFD' || char.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.PrivateUse));

    /// <summary>Never in the middle of a character.</summary>
    private static string Cut(string text, int length) => text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
}
