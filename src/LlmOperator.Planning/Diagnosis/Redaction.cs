using System.Text.RegularExpressions;
using LlmOperator.Api.Endpoints;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>
/// Takes secrets out of text that others wrote before it is shown. What looks like a credential goes by its form or by the name in front of it, and plain values the spec gives to variables
/// and arguments with such names go by their text. Every expression is matched in linear time.
/// </summary>
internal static class Redaction
{
    private const string Hidden = "[redacted]";
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    // Tokens that tell what they are: Hugging Face, AWS key ids, OpenAI and Anthropic, GitHub, GitLab, Slack, NVIDIA, Google, Docker, JSON web tokens.
    private static readonly Regex Token = new(
        @"\b(?:hf_[A-Za-z0-9]{6,}|api_org_[A-Za-z0-9]{6,}|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}|sk-[A-Za-z0-9_-]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{12,}"
        + @"|xox[a-z]-[A-Za-z0-9-]{8,}|nvapi-[A-Za-z0-9_-]{12,}|AIza[A-Za-z0-9_-]{30,}|dckr_pat_[A-Za-z0-9_-]{12,}|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4})",
        Linear);

    private static readonly Regex Authorization = new(@"\b(?<scheme>bearer|basic|token)(?<gap>['""]?[\s:]+['""]?)(?<value>[A-Za-z0-9._~+/=:-]{8,})", Linear | RegexOptions.IgnoreCase);

    private static readonly Regex UserInfo = new(@"(?<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/\s?#'""]*@", Linear);

    private static readonly Regex Assignment = new(
        @"(?<name>[A-Za-z0-9_.-]{2,80})(?<gap>['""]?\s*(?:=>|[=:])\s*|['""]?,\s+|\s+)(?<value>\[[^\]]*\]|'[^']*'|""[^""]*""|[^\s,;&'""\])}]+)", Linear);

    // Long runs of letters and digits as generators make them; names of classes and models have no such number of digits.
    private static readonly Regex Run = new("[A-Za-z0-9+/]{32,}={0,2}", Linear);

    /// <summary>Values the spec gives in plain to variables and arguments whose names say that they are secret.</summary>
    public static IReadOnlyList<string> PlainSecrets(EngineSpec? engine)
    {
        var values = (engine?.Env ?? []).Where(variable => variable.Value is not null && IsSecretName(variable.Name)).Select(variable => variable.Value!).ToList();
        var arguments = engine?.Args ?? [];
        for (var at = 0; at < arguments.Count; at++)
        {
            var parts = arguments[at].Split('=', 2);
            if (parts[0].StartsWith('-') && IsSecretName(parts[0]))
            {
                values.Add(parts.Length > 1 ? parts[1] : at + 1 < arguments.Count ? arguments[at + 1] : "");
            }
        }

        // The longest first, as one may be part of another; very short ones would take words apart.
        return [.. values.Where(value => value.Trim().Length >= 4).Distinct(StringComparer.Ordinal).OrderByDescending(value => value.Length)];
    }

    /// <summary>The text without secrets.</summary>
    /// <param name="text">Text, one line or several.</param>
    /// <param name="known">Values known to be secret.</param>
    public static string Of(string text, IReadOnlyList<string>? known = null)
    {
        foreach (var value in known ?? [])
        {
            text = text.Replace(value, Hidden, StringComparison.Ordinal);
        }

        text = UserInfo.Replace(text, "${scheme}" + Hidden + "@");
        text = Token.Replace(text, Hidden);
        text = Authorization.Replace(text, match => HasDigitOrIsLong(match.Groups["value"].Value) ? match.Groups["scheme"].Value + match.Groups["gap"].Value + Hidden : match.Value);
        text = Assignments(text);
        return Run.Replace(text, static match => IsRandom(match.Value) ? Hidden : match.Value);
    }

    /// <summary>Whether a variable, argument or key of this name holds a secret.</summary>
    public static bool IsSecretName(string name)
    {
        var plain = name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal).ToLowerInvariant();
        return plain.Contains("secret", StringComparison.Ordinal)
            || plain.Contains("passw", StringComparison.Ordinal)
            || plain.Contains("passphrase", StringComparison.Ordinal)
            || plain.Contains("credential", StringComparison.Ordinal)
            || plain.Contains("apikey", StringComparison.Ordinal)
            || plain.Contains("accesskey", StringComparison.Ordinal)
            || plain.Contains("privatekey", StringComparison.Ordinal)
            || plain.Contains("signature", StringComparison.Ordinal)
            || plain.Contains("authorization", StringComparison.Ordinal)
            || plain.Contains("cookie", StringComparison.Ordinal)
            || plain is "auth" or "xauth" or "pwd" or "sig"
            || plain.EndsWith("token", StringComparison.Ordinal)
            || plain.Contains("authtoken", StringComparison.Ordinal)
            || plain.Contains("hftoken", StringComparison.Ordinal);
    }

    /// <summary>Replaces values by the names in front of them. The scan goes on inside what was not replaced: a sentence is full of pairs that look like a name and its value.</summary>
    private static string Assignments(string text)
    {
        var at = 0;
        while (at < text.Length && Assignment.Match(text, at) is { Success: true } match)
        {
            var (name, gap, value) = (match.Groups["name"], match.Groups["gap"].Value, match.Groups["value"]);
            var isAssigned = gap.AsSpan().IndexOfAny('=', ':') >= 0;

            // An argument and its value stand apart by a blank or a comma alone.
            if (!IsSecretName(name.Value) || (!isAssigned && !name.Value.StartsWith("--", StringComparison.Ordinal)))
            {
                at = name.Index + name.Length;
                continue;
            }

            if (value.Value.TrimEnd('`', '.') is "None" or "null" or "''" or "\"\"" or Hidden or "True" or "False" || IsNumberOfToken(name.Value, value.Value))
            {
                at = value.Index + value.Length;
                continue;
            }

            text = string.Concat(text.AsSpan(0, value.Index), Hidden, text.AsSpan(value.Index + value.Length));
            at = value.Index + Hidden.Length;
        }

        return text;
    }

    /// <summary>The number of a word of the model's (<c>eos_token=2</c>), of which logs are full.</summary>
    private static bool IsNumberOfToken(string name, string value) => name.EndsWith("token", StringComparison.OrdinalIgnoreCase) && value.Length <= 6 && value.All(char.IsAsciiDigit);

    private static bool HasDigitOrIsLong(string value) => value.Length >= 20 || value.Any(char.IsAsciiDigit);

    private static bool IsRandom(string value) =>
        value.Count(char.IsAsciiDigit) >= 4 && value.Any(char.IsAsciiLetterUpper) && value.Any(char.IsAsciiLetterLower) && value.Count(letter => letter == '/') <= 3;
}
