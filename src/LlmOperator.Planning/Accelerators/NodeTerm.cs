using System.Globalization;

namespace LlmOperator.Planning.Accelerators;

/// <summary>How a label is compared; the words of a node selector requirement.</summary>
public enum LabelOperator
{
    /// <summary>The label has one of the values.</summary>
    In,

    /// <summary>The label has none of the values, or is not there.</summary>
    NotIn,

    /// <summary>The label is a whole number above the value.</summary>
    Gt,

    /// <summary>The label is a whole number below the value.</summary>
    Lt,

    /// <summary>The label is not there.</summary>
    DoesNotExist,
}

/// <summary>One comparison of a node label.</summary>
/// <param name="Key">Label.</param>
/// <param name="Operator">How it is compared.</param>
/// <param name="Values">With what: one value for <see cref="LabelOperator.Gt"/> and <see cref="LabelOperator.Lt"/>, none for <see cref="LabelOperator.DoesNotExist"/>.</param>
public sealed record LabelMatch(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    /// <summary>Whether labels pass, as the scheduler would judge.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null || !labels.TryGetValue(Key, out var value))
        {
            return Operator is LabelOperator.DoesNotExist or LabelOperator.NotIn;
        }

        return Operator switch
        {
            LabelOperator.In => Values.Contains(value),
            LabelOperator.NotIn => !Values.Contains(value),
            LabelOperator.DoesNotExist => false,
            _ => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && long.Parse(Values[0], CultureInfo.InvariantCulture) is var bound
                && (Operator == LabelOperator.Gt ? number > bound : number < bound),
        };
    }
}

/// <summary>One way in which nodes say that they have an accelerator: all comparisons must pass.</summary>
/// <param name="Matches">Comparisons.</param>
public sealed record NodeTerm(IReadOnlyList<LabelMatch> Matches)
{
    /// <summary>Whether labels pass.</summary>
    public bool Accepts(IReadOnlyDictionary<string, string>? labels) => Matches.All(match => match.Matches(labels));
}
