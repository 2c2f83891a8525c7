using System.Globalization;

namespace LlmOperator.Kubernetes.Applying;

/// <summary>Compares two spellings of a quantity.</summary>
internal static class QuantityText
{
    /// <summary>Whether two texts are quantities of one value, such as <c>0.5</c> and <c>500m</c>.</summary>
    public static bool SameValue(string a, string b) => TryRead(a, out var x) && TryRead(b, out var y) && x == y;

    private static bool TryRead(string text, out decimal value)
    {
        var digits = text.AsSpan().TrimEnd("numkKMGTPEi");
        value = 0;
        if (!decimal.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || Scale(text.AsSpan(digits.Length)) is not { } scale)
        {
            return false;
        }

        try
        {
            value = number * scale;
            return true;
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    private static decimal? Scale(ReadOnlySpan<char> suffix) => suffix switch
    {
        "" => 1m,
        "n" => 1e-9m,
        "u" => 1e-6m,
        "m" => 1e-3m,
        "k" => 1e3m,
        "M" => 1e6m,
        "G" => 1e9m,
        "T" => 1e12m,
        "P" => 1e15m,
        "E" => 1e18m,
        "Ki" => 1L << 10,
        "Mi" => 1L << 20,
        "Gi" => 1L << 30,
        "Ti" => 1L << 40,
        "Pi" => 1L << 50,
        "Ei" => 1L << 60,
        _ => null,
    };
}
