using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOperator.Api.Common;

/// <summary>A number of model parameters, written as people write it: 8B, 70.6B, 350M, or the exact count 8030261248.</summary>
[JsonConverter(typeof(ParameterCountConverter))]
public readonly record struct ParameterCount(long Value)
{
    private static readonly (char Letter, long Factor)[] Units = [('T', 1_000_000_000_000), ('B', 1_000_000_000), ('M', 1_000_000), ('K', 1_000)];

    /// <summary>Reads a count; null when the text is not one or does not fit in 63 bits.</summary>
    public static ParameterCount? TryParse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var factor = 1L;
        var digits = text.AsSpan();
        foreach (var unit in Units)
        {
            if (digits[^1] == unit.Letter)
            {
                factor = unit.Factor;
                digits = digits[..^1];
                break;
            }
        }

        if (!decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > long.MaxValue / factor)
        {
            return null;
        }

        return new((long)decimal.Round(number * factor));
    }

    /// <summary>Short form for people: 8.03B.</summary>
    public override string ToString()
    {
        foreach (var (letter, factor) in Units)
        {
            if (Value >= factor)
            {
                return ((decimal)Value / factor).ToString("0.##", CultureInfo.InvariantCulture) + letter;
            }
        }

        return Value.ToString(CultureInfo.InvariantCulture);
    }
}

/// <summary>Reads a count from a number or a string; writes the exact number.</summary>
internal sealed class ParameterCountConverter : JsonConverter<ParameterCount>
{
    public override ParameterCount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt64(out var number) => new(number),
        JsonTokenType.String when ParameterCount.TryParse(reader.GetString()) is { } count => count,
        _ => throw new JsonException("a parameter count is a whole number or a text such as 8B or 350M"),
    };

    public override void Write(Utf8JsonWriter writer, ParameterCount value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}
