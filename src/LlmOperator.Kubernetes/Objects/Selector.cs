using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>What a requirement asks of a label.</summary>
public enum SelectorOperator
{
    /// <summary>The label has one of the values.</summary>
    In,

    /// <summary>The label is absent or has none of the values.</summary>
    NotIn,

    /// <summary>The label is there.</summary>
    Exists,

    /// <summary>The label is absent.</summary>
    DoesNotExist,

    /// <summary>The label is an integer above the value.</summary>
    GreaterThan,

    /// <summary>The label is an integer below the value.</summary>
    LessThan,
}

/// <summary>One requirement on a label.</summary>
/// <param name="Key">Label.</param>
/// <param name="Operator">What is asked.</param>
/// <param name="Values">Values; empty for the existence operators.</param>
public sealed record SelectorRequirement(string Key, SelectorOperator Operator, IReadOnlyList<string> Values)
{
    /// <summary>Whether labels meet it.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        string? value = null;
        var exists = labels is not null && labels.TryGetValue(Key, out value);
        return Operator switch
        {
            SelectorOperator.In => exists && Values.Contains(value!),
            SelectorOperator.NotIn => !exists || !Values.Contains(value!),
            SelectorOperator.Exists => exists,
            SelectorOperator.DoesNotExist => !exists,
            _ => exists && long.TryParse(value, out var have) && long.TryParse(Values[0], out var bound)
                && (Operator == SelectorOperator.GreaterThan ? have > bound : have < bound),
        };
    }

    /// <summary>The text form.</summary>
    public override string ToString() => Operator switch
    {
        SelectorOperator.In when Values.Count == 1 => $"{Key}={Values[0]}",
        SelectorOperator.NotIn when Values.Count == 1 => $"{Key}!={Values[0]}",
        SelectorOperator.In => $"{Key} in ({string.Join(',', Values.Order(StringComparer.Ordinal))})",
        SelectorOperator.NotIn => $"{Key} notin ({string.Join(',', Values.Order(StringComparer.Ordinal))})",
        SelectorOperator.Exists => Key,
        SelectorOperator.DoesNotExist => $"!{Key}",
        SelectorOperator.GreaterThan => $"{Key}>{Values[0]}",
        _ => $"{Key}<{Values[0]}",
    };
}

/// <summary>A label selector ready to match, read from the API's text form (<c>a=b,c in (d,e),!f</c>) or from a <see cref="LabelSelector"/>.</summary>
public sealed class Selector
{
    private Selector(IReadOnlyList<SelectorRequirement> requirements, bool nothing = false)
    {
        Requirements = requirements;
        MatchesNothing = nothing;
    }

    /// <summary>Matches every object.</summary>
    public static Selector Everything { get; } = new([]);

    /// <summary>Matches no object: what an absent <see cref="LabelSelector"/> means.</summary>
    public static Selector Nothing { get; } = new([], nothing: true);

    /// <summary>Requirements, all of which must hold.</summary>
    public IReadOnlyList<SelectorRequirement> Requirements { get; }

    /// <summary>Whether no object can match.</summary>
    public bool MatchesNothing { get; }

    /// <summary>Reads the text form; empty text matches everything.</summary>
    /// <exception cref="FormatException">The text is no selector; the message says where and what was expected.</exception>
    public static Selector Parse(string? text)
    {
        var requirements = SelectorParser.Parse(text ?? "");
        return requirements.Count == 0 ? Everything : new Selector(requirements);
    }

    /// <summary>Reads the text form; false and the reason when it is no selector.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Selector? selector, [NotNullWhen(false)] out string? error)
    {
        try
        {
            (selector, error) = (Parse(text), null);
            return true;
        }
        catch (FormatException refused)
        {
            (selector, error) = (null, refused.Message);
            return false;
        }
    }

    /// <summary>The selector of an object; null matches nothing, an empty one everything.</summary>
    /// <exception cref="FormatException">An operator or a value that does not fit it.</exception>
    public static Selector From(LabelSelector? selector)
    {
        if (selector is null)
        {
            return Nothing;
        }

        var requirements = new List<SelectorRequirement>();
        foreach (var (key, value) in selector.MatchLabels ?? new Dictionary<string, string>())
        {
            requirements.Add(new SelectorRequirement(key, SelectorOperator.In, [value]));
        }

        foreach (var expression in selector.MatchExpressions ?? [])
        {
            requirements.Add(Requirement(expression));
        }

        return requirements.Count == 0 ? Everything : new Selector(requirements);
    }

    /// <summary>The selector of a map of labels (a Service's, a node selector): all must be equal.</summary>
    public static Selector From(IReadOnlyDictionary<string, string> labels) => From(new LabelSelector { MatchLabels = labels });

    /// <summary>Whether labels meet all requirements.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        if (MatchesNothing)
        {
            return false;
        }

        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The API's text form.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var requirement in Requirements)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(requirement);
        }

        return text.ToString();
    }

    private static SelectorRequirement Requirement(LabelSelectorRequirement expression)
    {
        var values = expression.Values ?? [];
        var (op, wantsValues) = expression.Operator switch
        {
            "In" => (SelectorOperator.In, true),
            "NotIn" => (SelectorOperator.NotIn, true),
            "Exists" => (SelectorOperator.Exists, false),
            "DoesNotExist" => (SelectorOperator.DoesNotExist, false),
            _ => throw new FormatException($"\"{expression.Operator}\" is not a valid label selector operator; use In, NotIn, Exists or DoesNotExist"),
        };
        return wantsValues == values.Count > 0
            ? new SelectorRequirement(expression.Key, op, values)
            : throw new FormatException(wantsValues
                ? $"label selector on \"{expression.Key}\": operator {op} needs values"
                : $"label selector on \"{expression.Key}\": operator {op} takes no values");
    }
}
