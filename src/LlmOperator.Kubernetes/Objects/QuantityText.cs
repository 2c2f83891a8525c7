using System.Numerics;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>The text form of quantities: <c>sign? digits? (. digits?)? suffix?</c>.</summary>
internal static class QuantityText
{
    private const int NanoDigits = 9;

    // Beyond these, a value is certain to be capped or to round to one nano: no need for the digits of 1e999999999.
    private const int LargestExponent = 400;

    private static readonly Int128 Cap = (Int128)long.MaxValue * Quantity.NanosPerUnit;
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    public static bool TryParse(ReadOnlySpan<char> text, out Int128 nanos, out QuantityFormat format)
    {
        nanos = 0;
        format = QuantityFormat.DecimalSI;
        var at = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is '+' or '-')
        {
            negative = text[0] == '-';
            at = 1;
        }

        var mantissa = BigInteger.Zero;
        var whole = Digits(text[at..]);
        at += whole;
        var start = at - whole;
        var fraction = 0;
        if (at < text.Length && text[at] == '.')
        {
            fraction = Digits(text[(at + 1)..]);
            at += 1 + fraction;
        }

        if (whole + fraction == 0 || whole + fraction > 1000)
        {
            return false;
        }

        foreach (var c in text[start..at])
        {
            if (c != '.')
            {
                mantissa = (mantissa * 10) + (c - '0');
            }
        }

        if (!TrySuffix(text[at..], out var tens, out var twos, out format))
        {
            return false;
        }

        nanos = Scale(mantissa << twos, tens - fraction + NanoDigits);
        nanos = negative ? -nanos : nanos;
        return true;
    }

    public static string Canonical(Int128 nanos, QuantityFormat format)
    {
        if (nanos == 0)
        {
            return "0";
        }

        var (units, rest) = Int128.DivRem(nanos, Quantity.NanosPerUnit);
        if (format == QuantityFormat.BinarySI && rest == 0 && Int128.Abs(units) >= 1024)
        {
            var binary = 0;
            while (binary < BinarySuffixes.Length - 1 && units % 1024 == 0)
            {
                units /= 1024;
                binary++;
            }

            return units + BinarySuffixes[binary];
        }

        // A fraction of a byte, or less than a Ki, has no binary form: decimal keeps it exact.
        var power = 0;
        while (power < DecimalSuffixes.Length - 1 && nanos % 1000 == 0)
        {
            nanos /= 1000;
            power++;
        }

        if (format != QuantityFormat.DecimalExponent)
        {
            return nanos + DecimalSuffixes[power];
        }

        var exponent = (power * 3) - NanoDigits;
        return exponent == 0 ? nanos.ToString() : $"{nanos}e{exponent}";
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    private static bool TrySuffix(ReadOnlySpan<char> suffix, out int tens, out int twos, out QuantityFormat format)
    {
        (tens, twos, format) = (0, 0, QuantityFormat.DecimalSI);
        for (var i = 0; i < DecimalSuffixes.Length; i++)
        {
            if (suffix.SequenceEqual(DecimalSuffixes[i]))
            {
                tens = (i * 3) - NanoDigits;
                return true;
            }
        }

        for (var i = 1; i < BinarySuffixes.Length; i++)
        {
            if (suffix.SequenceEqual(BinarySuffixes[i]))
            {
                (twos, format) = (i * 10, QuantityFormat.BinarySI);
                return true;
            }
        }

        format = QuantityFormat.DecimalExponent;
        return suffix.Length > 1 && suffix[0] is 'e' or 'E'
            && int.TryParse(suffix[1..], System.Globalization.NumberStyles.AllowLeadingSign, null, out tens);
    }

    // Fractions of a nano round away from zero: who asks for some gets some.
    private static Int128 Scale(BigInteger mantissa, int exponent)
    {
        if (mantissa.IsZero)
        {
            return 0;
        }

        exponent = Math.Clamp(exponent, -2 * LargestExponent - 1000, LargestExponent);
        if (exponent >= 0)
        {
            mantissa *= BigInteger.Pow(10, exponent);
        }
        else
        {
            mantissa = BigInteger.DivRem(mantissa, BigInteger.Pow(10, -exponent), out var rest);
            mantissa += rest.IsZero ? 0 : 1;
        }

        return mantissa > (BigInteger)Cap ? Cap : (Int128)mantissa;
    }
}
