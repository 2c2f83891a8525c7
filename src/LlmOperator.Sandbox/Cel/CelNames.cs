namespace LlmOperator.Sandbox.Cel;

/// <summary>Names of fields as expressions write them: what is no identifier or is a word of the language is escaped.</summary>
internal static class CelNames
{
    private static readonly HashSet<string> Words = new(StringComparer.Ordinal)
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
        "return", "var", "void", "while",
    };

    /// <summary>Whether a name is a word of the language.</summary>
    public static bool IsWord(string name) => Words.Contains(name);

    /// <summary>The identifier for a field; null when there is none.</summary>
    public static string? Escape(string name)
    {
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            return null;
        }

        if (Words.Contains(name))
        {
            return $"__{name}__";
        }

        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('_' or '-' or '.' or '/'))
            {
                return null;
            }
        }

        return name.Replace("__", "__underscores__", StringComparison.Ordinal)
            .Replace(".", "__dot__", StringComparison.Ordinal)
            .Replace("-", "__dash__", StringComparison.Ordinal)
            .Replace("/", "__slash__", StringComparison.Ordinal);
    }
}
