using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace LlmOperator.Inference.Redaction;

/// <summary>Blots out personal data and secrets in a text, leaving the kind in their place.</summary>
public sealed class Redactor
{
    private const int LongestCustomMatchTime = 1;

    private readonly HashSet<RedactionKind> _kinds;
    private readonly IReadOnlyList<Regex> _custom;

    /// <summary>A redactor.</summary>
    /// <param name="kinds">Kinds of data.</param>
    /// <param name="patterns">Patterns of the user's; they are matched in linear time, so without back references and look-around.</param>
    /// <exception cref="ArgumentException">A pattern is not one.</exception>
    public Redactor(IEnumerable<RedactionKind> kinds, IEnumerable<string>? patterns = null)
    {
        _kinds = [.. kinds];
        _custom = [.. (patterns ?? []).Select(pattern => new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(LongestCustomMatchTime)))];
    }

    /// <summary>Every kind of data that is known.</summary>
    public static IReadOnlyList<RedactionKind> AllKinds { get; } = [.. Enum.GetValues<RedactionKind>().Where(kind => kind != RedactionKind.Custom)];

    /// <summary>The text with what was found blotted out.</summary>
    public string Redact(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var findings = new List<Finding>();
        if (_kinds.Contains(RedactionKind.ApiKey))
        {
            Secrets.Find(text, findings);
        }

        if (_kinds.Contains(RedactionKind.Email))
        {
            FindEmails(text, findings);
        }

        if (_kinds.Contains(RedactionKind.Iban))
        {
            Ibans.Find(text, findings);
        }

        if (_kinds.Contains(RedactionKind.IpAddress))
        {
            FindAddresses(text, findings);
        }

        Numbers.Find(text, _kinds, findings);
        foreach (var pattern in _custom)
        {
            foreach (var match in pattern.EnumerateMatches(text))
            {
                findings.Add(new(match.Index, match.Length, RedactionKind.Custom));
            }
        }

        return findings.Count == 0 ? text : Blotted(text, findings);
    }

    private static string Blotted(string text, List<Finding> findings)
    {
        var result = new StringBuilder(text.Length);
        var at = 0;
        foreach (var finding in findings.Where(finding => finding.Length > 0).OrderBy(finding => finding.Start).ThenByDescending(finding => finding.Length))
        {
            var end = finding.Start + finding.Length;
            if (end <= at)
            {
                continue; // Within one that is blotted out already.
            }

            if (finding.Start >= at)
            {
                result.Append(text, at, finding.Start - at).Append(CultureInfo.InvariantCulture, $"[{finding.Kind}]");
            }

            at = end;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static void FindEmails(string text, List<Finding> findings)
    {
        for (var at = text.IndexOf('@', StringComparison.Ordinal); at >= 0; at = text.IndexOf('@', at + 1))
        {
            var start = at;
            while (start > 0 && at - start < 64 && (char.IsLetterOrDigit(text[start - 1]) || text[start - 1] is '.' or '_' or '%' or '+' or '-' or '\''))
            {
                start--;
            }

            var (end, dot) = (at + 1, -1);
            while (end < text.Length && end - at < 255 && (char.IsLetterOrDigit(text[end]) || text[end] is '.' or '-'))
            {
                dot = text[end] == '.' && end + 2 < text.Length && char.IsLetter(text[end + 1]) ? end : dot;
                end++;
            }

            while (end > at + 1 && text[end - 1] is '.' or '-')
            {
                end--;
            }

            if (start < at && dot > at + 1 && end > dot + 2)
            {
                findings.Add(new(start, end - start, RedactionKind.Email));
            }
        }
    }

    private static void FindAddresses(string text, List<Finding> findings)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (!IsPart(text[at]) || (at > 0 && (char.IsLetterOrDigit(text[at - 1]) || text[at - 1] is '.' or ':')))
            {
                continue;
            }

            var end = at;
            while (end < text.Length && end - at < 46 && IsPart(text[end]))
            {
                end++;
            }

            if (end < text.Length && char.IsLetterOrDigit(text[end]))
            {
                continue;
            }

            while (end > at && text[end - 1] is '.' or ':' && !text.AsSpan(at, end - at).EndsWith("::", StringComparison.Ordinal))
            {
                end--;
            }

            // A port after an IPv4 address is no part of it.
            var port = text.IndexOf(':', at, end - at);
            end = port > at && text.AsSpan(at, port - at).Count('.') == 3 ? port : end;
            var word = text.AsSpan(at, end - at);
            if (IPAddress.TryParse(word, out var address) && (address.AddressFamily == AddressFamily.InterNetwork ? word.Count('.') == 3 : word.Count(':') >= 2 && word.Length > 3))
            {
                findings.Add(new(at, end - at, RedactionKind.IpAddress));
                at = end - 1;
            }
        }

        static bool IsPart(char letter) => char.IsAsciiHexDigit(letter) || letter is '.' or ':';
    }
}
