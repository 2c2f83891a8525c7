namespace LlmOperator.Kubernetes.Objects;

/// <summary>What label keys and values must look like. Each check answers the fault, or null.</summary>
public static class LabelRules
{
    private const int LongestName = 63;
    private const int LongestPrefix = 253;

    /// <summary>Fault of a qualified name such as <c>app.kubernetes.io/name</c>; null when it is good.</summary>
    public static string? KeyFault(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var name = key[(slash + 1)..];
        if (slash >= 0 && !IsSubdomain(key[..slash]))
        {
            return $"key \"{key}\": the prefix must be a DNS subdomain of at most {LongestPrefix} characters";
        }

        return name.Length is > 0 and <= LongestName && IsName(name)
            ? null
            : $"key \"{key}\": a name must be 1 to {LongestName} characters, begin and end with a letter or digit, and hold only letters, digits, '-', '_' and '.'";
    }

    /// <summary>Fault of a label value; null when it is good.</summary>
    public static string? ValueFault(string value) =>
        value.Length == 0 || (value.Length <= LongestName && IsName(value))
            ? null
            : $"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', start and end with an alphanumeric character, and have at most {LongestName} characters";

    private static bool IsName(string text)
    {
        if (!char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSubdomain(string text)
    {
        if (text.Length is 0 or > LongestPrefix)
        {
            return false;
        }

        foreach (var part in text.Split('.'))
        {
            if (part.Length == 0 || part[0] == '-' || part[^1] == '-')
            {
                return false;
            }

            foreach (var c in part)
            {
                if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
                {
                    return false;
                }
            }
        }

        return true;
    }
}
