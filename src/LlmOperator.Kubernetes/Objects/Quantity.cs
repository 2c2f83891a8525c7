using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Family of suffixes a quantity is written with.</summary>
public enum QuantityFormat
{
    /// <summary>Powers of 1000: <c>n u m k M G T P E</c>.</summary>
    DecimalSI,

    /// <summary>Powers of 1024: <c>Ki Mi Gi Ti Pi Ei</c>.</summary>
    BinarySI,

    /// <summary>Powers of ten: <c>1e3</c>.</summary>
    DecimalExponent,
}

/// <summary>
/// An amount of a resource. Held exactly, in billionths (finer fractions round away from zero and magnitudes are capped at
/// 2^63-1, as the API server does), together with the text it was read from, which is what is written back.
/// Equality and order are those of the amount: <c>1Gi</c> equals <c>1024Mi</c>.
/// </summary>
[JsonConverter(typeof(QuantityConverter))]
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    internal const long NanosPerUnit = 1_000_000_000;
    private const long NanosPerMilli = 1_000_000;

    private readonly Int128 _nanos;
    private readonly string? _text;

    internal Quantity(Int128 nanos, QuantityFormat format, string? text = null)
    {
        _nanos = nanos;
        Format = format;
        _text = text;
    }

    /// <summary>Nothing.</summary>
    public static Quantity Zero => default;

    /// <summary>Suffixes the amount is written with.</summary>
    public QuantityFormat Format { get; }

    /// <summary>The amount in whole units, rounded away from zero; at most <see cref="long.MaxValue"/>.</summary>
    public long Value => Rounded(NanosPerUnit);

    /// <summary>The amount in thousandths, rounded away from zero; at most <see cref="long.MaxValue"/>.</summary>
    public long MilliValue => Rounded(NanosPerMilli);

    /// <summary>The exact amount; the conversion is lossless for every amount below 7.9e28.</summary>
    public decimal AsDecimal => (decimal)(_nanos / NanosPerUnit) + ((decimal)(_nanos % NanosPerUnit) / NanosPerUnit);

    /// <summary>Whether the amount is nothing.</summary>
    public bool IsZero => _nanos == 0;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Int128.Sign(_nanos);

    internal Int128 Nanos => _nanos;

    /// <summary>Sum.</summary>
    public static Quantity operator +(Quantity left, Quantity right) => new(checked(left._nanos + right._nanos), CommonFormat(left, right));

    /// <summary>Difference.</summary>
    public static Quantity operator -(Quantity left, Quantity right) => new(checked(left._nanos - right._nanos), CommonFormat(left, right));

    /// <summary>The negative amount.</summary>
    public static Quantity operator -(Quantity value) => new(-value._nanos, value.Format);

    /// <summary>The amount taken a number of times.</summary>
    public static Quantity operator *(Quantity value, long times) => new(checked(value._nanos * times), value.Format);

    /// <summary>Same amount.</summary>
    public static bool operator ==(Quantity left, Quantity right) => left._nanos == right._nanos;

    /// <summary>Other amount.</summary>
    public static bool operator !=(Quantity left, Quantity right) => left._nanos != right._nanos;

    /// <summary>Smaller amount.</summary>
    public static bool operator <(Quantity left, Quantity right) => left._nanos < right._nanos;

    /// <summary>Greater amount.</summary>
    public static bool operator >(Quantity left, Quantity right) => left._nanos > right._nanos;

    /// <summary>Smaller or same amount.</summary>
    public static bool operator <=(Quantity left, Quantity right) => left._nanos <= right._nanos;

    /// <summary>Greater or same amount.</summary>
    public static bool operator >=(Quantity left, Quantity right) => left._nanos >= right._nanos;

    /// <summary>The greater of two amounts.</summary>
    public static Quantity Max(Quantity left, Quantity right) => left >= right ? left : right;

    /// <summary>The smaller of two amounts.</summary>
    public static Quantity Min(Quantity left, Quantity right) => left <= right ? left : right;

    /// <summary>A number of whole units, for example bytes (<see cref="QuantityFormat.BinarySI"/>) or devices.</summary>
    public static Quantity FromValue(long value, QuantityFormat format = QuantityFormat.DecimalSI) => new((Int128)value * NanosPerUnit, format);

    /// <summary>A number of thousandths, for example millicores.</summary>
    public static Quantity FromMilli(long value) => new((Int128)value * NanosPerMilli, QuantityFormat.DecimalSI);

    /// <summary>Reads a quantity such as <c>500m</c>, <c>1.5Gi</c>, <c>2e3</c>.</summary>
    /// <exception cref="FormatException">The text is no quantity.</exception>
    public static Quantity Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException(
            $"\"{text}\" is no quantity; write a number with an optional suffix n u m k M G T P E, Ki Mi Gi Ti Pi Ei or an exponent, for example 500m, 1.5Gi, 2e3");

    /// <summary>Reads a quantity; false when the text is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Quantity value)
    {
        if (text is not null && QuantityText.TryParse(text, out var nanos, out var format))
        {
            value = new Quantity(nanos, format, text);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>The one text every equal amount of this format has: no fraction, the largest suffix that allows it.</summary>
    public string ToCanonicalString() => QuantityText.Canonical(_nanos, Format);

    /// <summary>The text it was read from, or the canonical text of a computed amount.</summary>
    public override string ToString() => _text ?? ToCanonicalString();

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => _nanos.CompareTo(other._nanos);

    /// <inheritdoc/>
    public bool Equals(Quantity other) => _nanos == other._nanos;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _nanos.GetHashCode();

    // A sum keeps the left side's suffixes, unless that side is nothing and so has no say.
    private static QuantityFormat CommonFormat(Quantity left, Quantity right) => left.IsZero ? right.Format : left.Format;

    private long Rounded(long unit)
    {
        var (quotient, remainder) = Int128.DivRem(_nanos, unit);
        quotient += Int128.Sign(remainder);
        return long.CreateSaturating(quotient);
    }
}
