using System.Globalization;
using System.Text;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Conversions between types, and what else is not tied to one.</summary>
internal static class CelConversions
{
    /// <summary>Calls a conversion; null when there is none for these values.</summary>
    public static object? Call(string function, IReadOnlyList<object> args) => (function, args) switch
    {
        ("dyn", [var value]) => value,
        ("type", [var value]) => new CelTypeValue(CelValues.TypeName(value)),
        ("size", [var value]) => Size(value),
        ("int", [var value]) => ToInt(value),
        ("uint", [var value]) => ToUint(value),
        ("double", [var value]) => ToDouble(value),
        ("bool", [bool value]) => value,
        ("bool", [string text]) => text switch
        {
            "true" or "TRUE" or "True" or "t" or "T" or "1" => true,
            "false" or "FALSE" or "False" or "f" or "F" or "0" => false,
            _ => throw new CelEvaluationException($"strconv.ParseBool: parsing \"{text}\": invalid syntax"),
        },
        ("bytes", [CelBytes value]) => value,
        ("bytes", [string text]) => new CelBytes(Encoding.UTF8.GetBytes(text)),
        ("string", [var value]) => value is CelNull or CelList or CelMap or CelObject or CelTypeValue or CelOptional ? null : ToText(value),
        ("duration", [TimeSpan value]) => value,
        ("duration", [string text]) => CelTime.ParseDuration(text),
        ("timestamp", [DateTimeOffset value]) => value,
        ("timestamp", [string text]) => CelTime.ParseTimestamp(text),
        ("timestamp", [long seconds]) => DateTimeOffset.FromUnixTimeSeconds(seconds),
        ("optional.of", [var value]) => new CelOptional(value),
        ("optional.ofNonZeroValue", [var value]) => IsZero(value) ? CelOptional.None : new CelOptional(value),
        ("optional.none", []) => CelOptional.None,
        _ => null,
    };

    /// <summary>A scalar as text.</summary>
    public static string ToText(object value) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        double number => JsonScalars.Format(number),
        CelBytes bytes => Encoding.UTF8.GetString(bytes.Value),
        TimeSpan span => CelTime.Format(span),
        DateTimeOffset moment => CelTime.Format(moment),
        CelNull => "null",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static object? Size(object value) => value switch
    {
        string text => CelStrings.Length(text),
        CelBytes bytes => (long)bytes.Value.Length,
        CelList list => (long)list.Items.Count,
        CelMap map => (long)map.Entries.Count,
        _ => null,
    };

    private static object? ToInt(object value) => value switch
    {
        long number => number,
        ulong number => number <= long.MaxValue ? (long)number : throw new CelEvaluationException("integer overflow"),
        double number => number is > -9223372036854775808d and < 9223372036854775808d ? (long)number : throw new CelEvaluationException("integer overflow"),
        string text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new CelEvaluationException($"strconv.ParseInt: parsing \"{text}\": invalid syntax"),
        DateTimeOffset moment => moment.ToUnixTimeSeconds(),
        _ => null,
    };

    private static object? ToUint(object value) => value switch
    {
        ulong number => number,
        long number => number >= 0 ? (ulong)number : throw new CelEvaluationException("unsigned integer overflow"),
        double number => number is >= 0 and < 18446744073709551616d ? (ulong)number : throw new CelEvaluationException("unsigned integer overflow"),
        string text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new CelEvaluationException($"strconv.ParseUint: parsing \"{text}\": invalid syntax"),
        _ => null,
    };

    private static object? ToDouble(object value) => value switch
    {
        double number => number,
        long number => (double)number,
        ulong number => (double)number,
        string text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new CelEvaluationException($"strconv.ParseFloat: parsing \"{text}\": invalid syntax"),
        _ => null,
    };

    private static bool IsZero(object value) => value switch
    {
        bool flag => !flag,
        long number => number == 0,
        ulong number => number == 0,
        double number => number == 0,
        string text => text.Length == 0,
        CelBytes bytes => bytes.Value.Length == 0,
        CelList list => list.Items.Count == 0,
        CelMap map => map.Entries.Count == 0,
        CelNull => true,
        _ => false,
    };
}
