using System.Text.RegularExpressions;

namespace LlmOperator.Inference.Redaction;

/// <summary>Keys and tokens by the forms their makers gave them. All patterns match in linear time: they read text that anybody may have written.</summary>
internal static partial class Secrets
{
    public static void Find(string text, List<Finding> findings)
    {
        foreach (var match in Known().EnumerateMatches(text))
        {
            findings.Add(new(match.Index, match.Length, RedactionKind.ApiKey));
        }

        foreach (Match match in Assigned().Matches(text))
        {
            var value = match.Groups["value"];
            findings.Add(new(value.Index, value.Length, RedactionKind.ApiKey));
        }

        FindPrivateKeys(text, findings);
    }

    private static void FindPrivateKeys(string text, List<Finding> findings)
    {
        const string Begin = "-----BEGIN ";
        const string End = "PRIVATE KEY-----";
        for (var at = text.IndexOf(Begin, StringComparison.Ordinal); at >= 0; at = text.IndexOf(Begin, at + 1, StringComparison.Ordinal))
        {
            var head = text.IndexOf(End, at, StringComparison.Ordinal);
            if (head < 0 || head - at > 40)
            {
                continue;
            }

            // A key that is not closed, because it was cut, is blotted out to the end of the text.
            var close = text.IndexOf("-----END ", head, StringComparison.Ordinal);
            var tail = close < 0 ? -1 : text.IndexOf(End, close, StringComparison.Ordinal);
            findings.Add(new(at, (tail < 0 ? text.Length : tail + End.Length) - at, RedactionKind.ApiKey));
        }
    }

    [GeneratedRegex(
        @"\b(?:sk-[A-Za-z0-9_-]{16,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{16,}|xox[abposr]-[A-Za-z0-9-]{10,}"
        + @"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{60,}|pypi-[A-Za-z0-9_-]{40,}|sk-ant-[A-Za-z0-9_-]{16,}|pk-lf-[a-f0-9-]{30,}|sk-lf-[a-f0-9-]{30,}"
        + @"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)")]
    private static partial Regex Known();

    [GeneratedRegex(
        @"(?:\b(?:bearer|basic)\s+(?<value>[A-Za-z0-9+/=._~-]{12,})|(?:api[_-]?key|access[_-]?key|secret|token|passwd|password|pwd|parola|şifre)[""']?\s*[:=]\s*(?:bearer\s+)?[""']?(?<value>[^\s""',;&]{6,}))",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Assigned();
}
