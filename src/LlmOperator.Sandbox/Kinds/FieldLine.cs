namespace LlmOperator.Sandbox.Kinds;

/// <summary>
/// One line of a <c>.kinds</c> file, taken apart without copies:
/// <c>name!?: type attribute attribute = default  # description</c>.
/// <c>!</c> marks a required field, <c>?</c> one that is served as null when empty.
/// </summary>
internal readonly ref struct FieldLine
{
    private FieldLine(ReadOnlySpan<char> name, ReadOnlySpan<char> type)
    {
        Name = name;
        Type = type;
    }

    /// <summary>Field name.</summary>
    public ReadOnlySpan<char> Name { get; }

    /// <summary>Type expression: a scalar, <c>[element]</c>, <c>{value}</c> or a type's name.</summary>
    public ReadOnlySpan<char> Type { get; }

    /// <summary>Whether the field must be there.</summary>
    public bool Required { get; private init; }

    /// <summary>Whether null is kept.</summary>
    public bool Nullable { get; private init; }

    /// <summary>List type, merge key and the like, separated by spaces.</summary>
    public ReadOnlySpan<char> Attributes { get; private init; }

    /// <summary>Default value as JSON; empty when none.</summary>
    public ReadOnlySpan<char> Default { get; private init; }

    /// <summary>Text for explain; empty when none.</summary>
    public ReadOnlySpan<char> Description { get; private init; }

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">The line has no type.</exception>
    public static FieldLine Parse(ReadOnlySpan<char> line)
    {
        var description = CutTail(ref line, "  # ");
        var fallback = CutTail(ref line, " = ");
        var colon = line.IndexOf(':');
        if (colon < 0)
        {
            throw new FormatException($"a field is written \"name: type\", not \"{line}\"");
        }

        var name = line[..colon].Trim();
        var rest = line[(colon + 1)..].Trim();
        var space = rest.IndexOf(' ');
        var nullable = name[^1] == '?';
        name = nullable ? name[..^1] : name;
        var required = name[^1] == '!';
        name = required ? name[..^1] : name;
        return new FieldLine(name, space < 0 ? rest : rest[..space])
        {
            Required = required,
            Nullable = nullable,
            Attributes = space < 0 ? [] : rest[(space + 1)..],
            Default = fallback,
            Description = description,
        };
    }

    /// <summary>Removes what follows a mark from a line and gives it back.</summary>
    public static ReadOnlySpan<char> CutTail(scoped ref ReadOnlySpan<char> line, string mark)
    {
        var at = line.IndexOf(mark, StringComparison.Ordinal);
        if (at < 0)
        {
            return [];
        }

        var tail = line[(at + mark.Length)..].Trim();
        line = line[..at];
        return tail;
    }
}
