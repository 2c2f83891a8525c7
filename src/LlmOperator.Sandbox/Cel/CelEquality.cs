using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Equality and order of values. Values of different types are not equal, except numbers, which compare by value.</summary>
internal static class CelEquality
{
    /// <summary>Whether two values are equal.</summary>
    public static bool AreEqual(object left, object right)
    {
        if (IsNumber(left) && IsNumber(right))
        {
            return !IsNaN(left) && !IsNaN(right) && CompareNumbers(left, right) == 0;
        }

        return (left, right) switch
        {
            (string a, string b) => string.Equals(a, b, StringComparison.Ordinal),
            (CelBytes a, CelBytes b) => a.Value.AsSpan().SequenceEqual(b.Value),
            (CelList a, CelList b) => Lists(a, b),
            (CelMap a, CelMap b) => a.Entries.Count == b.Entries.Count && a.Entries.All(entry => b.Entries.TryGetValue(entry.Key, out var other) && AreEqual(entry.Value, other)),
            (CelObject a, CelObject b) => Objects(a, b),
            (CelOptional a, CelOptional b) => a.Value is null || b.Value is null ? ReferenceEquals(a.Value, b.Value) : AreEqual(a.Value, b.Value),
            _ => left.Equals(right),
        };
    }

    /// <summary>Order of two values.</summary>
    /// <exception cref="CelEvaluationException">There is none between their types.</exception>
    public static int Compare(object left, object right)
    {
        if (IsNumber(left) && IsNumber(right))
        {
            return CompareNumbers(left, right);
        }

        return (left, right) switch
        {
            (string a, string b) => Math.Sign(string.CompareOrdinal(a, b)),
            (bool a, bool b) => a.CompareTo(b),
            (CelBytes a, CelBytes b) => Math.Sign(a.Value.AsSpan().SequenceCompareTo(b.Value)),
            (TimeSpan a, TimeSpan b) => a.CompareTo(b),
            (DateTimeOffset a, DateTimeOffset b) => a.CompareTo(b),
            (Kubernetes.Objects.Quantity a, Kubernetes.Objects.Quantity b) => a.CompareTo(b),
            _ => throw CelEvaluationException.NoOverload,
        };
    }

    /// <summary>Whether a comparison holds; NaN is neither above nor below anything.</summary>
    public static bool Holds(string comparison, object left, object right)
    {
        if (IsNaN(left) || IsNaN(right))
        {
            return IsNumber(left) && IsNumber(right) ? false : throw CelEvaluationException.NoOverload;
        }

        var order = Compare(left, right);
        return comparison switch { "_<_" => order < 0, "_<=_" => order <= 0, "_>_" => order > 0, _ => order >= 0 };
    }

    private static bool IsNumber(object value) => value is long or ulong or double;

    private static bool IsNaN(object value) => value is double number && double.IsNaN(number);

    private static int CompareNumbers(object left, object right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (ulong a, ulong b) => a.CompareTo(b),
        (double a, double b) => a.CompareTo(b),
        (long a, ulong b) => a < 0 ? -1 : ((ulong)a).CompareTo(b),
        (ulong a, long b) => b < 0 ? 1 : a.CompareTo((ulong)b),
        (double a, _) => -CompareToDouble(right, a),
        (_, double b) => CompareToDouble(left, b),
        _ => throw CelEvaluationException.NoOverload,
    };

    private static int CompareToDouble(object integer, double number)
    {
        if (number >= 18446744073709551616d)
        {
            return -1;
        }

        if (number < -9223372036854775808d)
        {
            return 1;
        }

        var whole = Math.Floor(number);
        var order = integer is long signed ? ((Int128)signed).CompareTo((Int128)whole) : ((Int128)(ulong)integer).CompareTo((Int128)whole);
        return order != 0 ? order : number > whole ? -1 : 0;
    }

    private static bool Lists(CelList left, CelList right)
    {
        if (left.Items.Count != right.Items.Count)
        {
            return false;
        }

        // Sets and lists with keys are equal whatever the order of their items.
        if (left.Type is { IsSet: true } or { MapKeys: not null } || right.Type is { IsSet: true } or { MapKeys: not null })
        {
            return left.Items.All(item => right.Items.Any(other => AreEqual(item, other)));
        }

        return left.Items.Zip(right.Items).All(pair => AreEqual(pair.First, pair.Second));
    }

    private static bool Objects(CelObject left, CelObject right)
    {
        if (left.Json.Count != right.Json.Count)
        {
            return false;
        }

        var fields = left.Type.Fields.Values.ToDictionary(field => field.Name, field => field.Type);
        foreach (var (name, value) in left.Json)
        {
            if (!right.Json.TryGetPropertyValue(name, out var other))
            {
                return false;
            }

            var equal = fields.TryGetValue(name, out var type) && value is not null && other is not null
                ? AreEqual(CelValues.Of(value, type), CelValues.Of(other, type))
                : JsonNode.DeepEquals(value, other);
            if (!equal)
            {
                return false;
            }
        }

        return true;
    }
}
