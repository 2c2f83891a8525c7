using System.Numerics;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Objects;

public sealed class QuantityTests
{
    private static readonly string[] Suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "E-3", "e0", "e+2"];

    private static Arbitrary<string> Texts { get; } =
        (from sign in Gen.Elements("", "-", "+")
         from whole in Gen.Choose(0, 100_000)
         from fraction in Gen.Choose(0, 999)
         from form in Gen.Choose(0, 2)
         from suffix in Gen.Elements(Suffixes)
         select sign + (form == 0 ? $"{whole}" : form == 1 ? $"{whole}.{fraction}" : $".{fraction:000}") + suffix).ToArbitrary();

    [Theory]
    [InlineData("0", 0, 0)]
    [InlineData("1", 1, 1000)]
    [InlineData("500m", 1, 500)]
    [InlineData("1.5", 2, 1500)]
    [InlineData(".5", 1, 500)]
    [InlineData("5.", 5, 5000)]
    [InlineData("-1.1", -2, -1100)]
    [InlineData("1u", 1, 1)]
    [InlineData("100n", 1, 1)]
    [InlineData("2e3", 2000, 2_000_000)]
    [InlineData("2E3", 2000, 2_000_000)]
    [InlineData("2E", 2_000_000_000_000_000_000, long.MaxValue)]
    [InlineData("1e-3", 1, 1)]
    [InlineData("1Ki", 1024, 1_024_000)]
    [InlineData("1.5Gi", 1_610_612_736, 1_610_612_736_000)]
    [InlineData("80Gi", 85_899_345_920, 85_899_345_920_000)]
    [InlineData("7Ei", 8_070_450_532_247_928_832, long.MaxValue)]
    [InlineData("8Ei", long.MaxValue, long.MaxValue)]
    [InlineData("1e999999999", long.MaxValue, long.MaxValue)]
    [InlineData("-1e999999999", -long.MaxValue, long.MinValue)]
    [InlineData("1e-999999999", 1, 1)]
    [InlineData("0e999999999", 0, 0)]
    public void Every_form_is_read(string text, long value, long milli)
    {
        var quantity = Quantity.Parse(text);

        Assert.Equal((value, milli), (quantity.Value, quantity.MilliValue));
        Assert.Equal(text, quantity.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("Gi")]
    [InlineData("1 Gi")]
    [InlineData(" 1")]
    [InlineData("1gi")]
    [InlineData("1K")]
    [InlineData("1ki")]
    [InlineData("1.2.3")]
    [InlineData("1e")]
    [InlineData("1e1.5")]
    [InlineData("1e99999999999")]
    [InlineData("0x10")]
    [InlineData("--1")]
    [InlineData("1mm")]
    [InlineData("NaN")]
    public void Anything_else_is_refused_with_what_would_do(string text)
    {
        Assert.False(Quantity.TryParse(text, out _));
        Assert.Contains("500m, 1.5Gi, 2e3", Assert.Throws<FormatException>(() => Quantity.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0Gi", "0")]
    [InlineData("1000m", "1")]
    [InlineData("1500m", "1500m")]
    [InlineData("0.5", "500m")]
    [InlineData("1000", "1k")]
    [InlineData("1024", "1024")]
    [InlineData("10", "10")]
    [InlineData("1024Ki", "1Mi")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("0.5Ki", "512")]
    [InlineData("1000Ki", "1000Ki")]
    [InlineData("1.0001Ki", "1024102400u")]
    [InlineData("2000e0", "2e3")]
    [InlineData("1e1", "10")]
    [InlineData("5e-2", "50e-3")]
    [InlineData("-2048Mi", "-2Gi")]
    [InlineData("0.0000000001", "1n")]
    public void The_canonical_text_is_the_api_servers(string text, string canonical) =>
        Assert.Equal(canonical, Quantity.Parse(text).ToCanonicalString());

    [Fact]
    public void Canonical_text_is_the_same_amount_and_its_own_canonical_text() =>
        Prop.ForAll(Texts, text =>
        {
            var quantity = Quantity.Parse(text);
            var canonical = quantity.ToCanonicalString();
            return Quantity.Parse(canonical) == quantity && Quantity.Parse(canonical).ToCanonicalString() == canonical;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_amount_is_exact() =>
        Prop.ForAll(Texts, text =>
        {
            var (numerator, denominator) = Exact(text);
            return (BigInteger)Quantity.Parse(text).Nanos == AwayFromZero(numerator * 1_000_000_000, denominator);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Sums_differences_and_order_are_those_of_the_amounts() =>
        Prop.ForAll(Texts, Texts, (left, right) =>
        {
            var (a, b) = (Quantity.Parse(left), Quantity.Parse(right));
            return (a + b).Nanos == a.Nanos + b.Nanos
                && a + b == b + a
                && a + b - b == a
                && a - a == Quantity.Zero
                && (a < b) == (b - a).Sign > 0
                && a.CompareTo(b) == -b.CompareTo(a)
                && Quantity.Max(a, b) >= Quantity.Min(a, b)
                && a * 3 == a + a + a
                && (a != b || a.GetHashCode() == b.GetHashCode());
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("512Mi", "512Mi", "1Gi")]
    [InlineData("250m", "750m", "1")]
    [InlineData("0", "1Gi", "1Gi")]
    [InlineData("1Gi", "1k", "1073742824")]
    public void A_sum_is_written_in_the_suffixes_of_its_first_part(string left, string right, string sum) =>
        Assert.Equal(sum, (Quantity.Parse(left) + Quantity.Parse(right)).ToString());

    [Theory]
    [InlineData("\"1.50Gi\"", "\"1.50Gi\"")]
    [InlineData("2", "\"2\"")]
    [InlineData("1.5e3", "\"1.5e3\"")]
    public void Json_keeps_the_text_and_takes_bare_numbers(string read, string written)
    {
        var options = new JsonSerializerOptions(KubeJson.Default.Options);

        Assert.Equal(written, JsonSerializer.Serialize(JsonSerializer.Deserialize<Quantity>(read, options), options));
    }

    private static (BigInteger Numerator, BigInteger Denominator) Exact(string text)
    {
        var suffix = Suffixes.Where(candidate => text.EndsWith(candidate, StringComparison.Ordinal)).MaxBy(candidate => candidate.Length)!;
        var number = text[..^suffix.Length];
        var digits = number.Replace(".", "", StringComparison.Ordinal).TrimStart('+');
        var fraction = number.Contains('.', StringComparison.Ordinal) ? number.Length - number.IndexOf('.', StringComparison.Ordinal) - 1 : 0;
        var (tens, twos) = suffix switch
        {
            "n" => (-9, 0),
            "u" => (-6, 0),
            "m" => (-3, 0),
            "k" => (3, 0),
            "M" => (6, 0),
            "G" => (9, 0),
            "T" => (12, 0),
            "Ki" => (0, 10),
            "Mi" => (0, 20),
            "Gi" => (0, 30),
            "Ti" => (0, 40),
            "e3" => (3, 0),
            "E-3" => (-3, 0),
            "e+2" => (2, 0),
            _ => (0, 0),
        };
        var exponent = tens - fraction;
        return (BigInteger.Parse(digits) * BigInteger.Pow(2, twos) * BigInteger.Pow(10, Math.Max(exponent, 0)), BigInteger.Pow(10, Math.Max(-exponent, 0)));
    }

    private static BigInteger AwayFromZero(BigInteger numerator, BigInteger denominator)
    {
        var quotient = BigInteger.DivRem(numerator, denominator, out var rest);
        return quotient + rest.Sign;
    }
}
