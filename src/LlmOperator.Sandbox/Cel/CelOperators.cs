namespace LlmOperator.Sandbox.Cel;

/// <summary>Operators: arithmetic that overflows is an error, as is an index that is not there.</summary>
internal static class CelOperators
{
    /// <summary>Applies an operator.</summary>
    public static object Call(string function, IReadOnlyList<object> args)
    {
        try
        {
            return function switch
            {
                "_==_" => CelEquality.AreEqual(args[0], args[1]),
                "_!=_" => !CelEquality.AreEqual(args[0], args[1]),
                "_<_" or "_<=_" or "_>_" or "_>=_" => CelEquality.Holds(function, args[0], args[1]),
                "!_" => args[0] is bool flag ? !flag : throw CelEvaluationException.NoOverload,
                "-_" => args[0] switch { long number => checked(-number), double number => -number, _ => throw CelEvaluationException.NoOverload },
                "@in" => In(args[0], args[1]),
                "_[_]" or "_[?_]" => Index(args[0], args[1], function == "_[?_]"),
                _ => checked(Arithmetic(function[1], args[0], args[1])),
            };
        }
        catch (OverflowException)
        {
            throw new CelEvaluationException(args[0] is ulong ? "unsigned integer overflow" : "integer overflow");
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new CelEvaluationException("timestamp overflow");
        }
    }

    private static object Arithmetic(char operation, object left, object right) => (operation, left, right) switch
    {
        ('+', long a, long b) => checked(a + b),
        ('-', long a, long b) => checked(a - b),
        ('*', long a, long b) => checked(a * b),
        ('/', long, 0L) or ('/', ulong, 0UL) => throw new CelEvaluationException("division by zero"),
        ('%', long, 0L) or ('%', ulong, 0UL) => throw new CelEvaluationException("modulus by zero"),
        ('/', long a, long b) => checked(a / b),
        ('%', long a, long b) => b == -1 ? 0L : a % b,
        ('+', ulong a, ulong b) => checked(a + b),
        ('-', ulong a, ulong b) => checked(a - b),
        ('*', ulong a, ulong b) => checked(a * b),
        ('/', ulong a, ulong b) => a / b,
        ('%', ulong a, ulong b) => a % b,
        ('+', double a, double b) => a + b,
        ('-', double a, double b) => a - b,
        ('*', double a, double b) => a * b,
        ('/', double a, double b) => a / b,
        ('+', string a, string b) => a + b,
        ('+', CelBytes a, CelBytes b) => new CelBytes([.. a.Value, .. b.Value]),
        ('+', CelList a, CelList b) => CelLists.Concat(a, b),
        ('+', TimeSpan a, TimeSpan b) => a + b,
        ('-', TimeSpan a, TimeSpan b) => a - b,
        ('+', DateTimeOffset a, TimeSpan b) => a + b,
        ('+', TimeSpan a, DateTimeOffset b) => b + a,
        ('-', DateTimeOffset a, TimeSpan b) => a - b,
        ('-', DateTimeOffset a, DateTimeOffset b) => a - b,
        _ => throw CelEvaluationException.NoOverload,
    };

    private static bool In(object value, object container) => container switch
    {
        CelList list => list.Items.Any(item => CelEquality.AreEqual(item, value)),
        CelMap map => map.Entries.ContainsKey(value),
        _ => throw CelEvaluationException.NoOverload,
    };

    private static object Index(object container, object index, bool optional)
    {
        if (container is CelOptional wrapped)
        {
            return wrapped.Value is { } inner ? Index(inner, index, true) : CelOptional.None;
        }

        object? found;
        string missing;
        switch (container)
        {
            case CelList list:
                var at = index switch
                {
                    long number => number,
                    ulong number => (long)number,
                    double number when number == Math.Floor(number) => (long)number,
                    _ => throw CelEvaluationException.NoOverload,
                };
                found = at >= 0 && at < list.Items.Count ? list.Items[(int)at] : null;
                missing = $"index out of bounds: {at}";
                break;
            case CelMap map:
                found = map.Entries.GetValueOrDefault(index);
                missing = $"no such key: {CelConversions.ToText(index)}";
                break;
            case CelObject obj when index is string name:
                found = obj.Get(name);
                missing = $"no such key: {name}";
                break;
            default:
                throw CelEvaluationException.NoOverload;
        }

        return optional ? new CelOptional(found) : found ?? throw new CelEvaluationException(missing);
    }
}
