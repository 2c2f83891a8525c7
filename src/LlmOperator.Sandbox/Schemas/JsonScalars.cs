using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>Reads scalars of a JSON tree, whichever .NET type stands behind them.</summary>
internal static class JsonScalars
{
    /// <summary>A number written as an integer that fits 64 bits. A double is never one, even when whole: Kubernetes keeps the two apart.</summary>
    public static bool TryInteger(JsonNode? node, out long integer)
    {
        integer = 0;
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.Number)
        {
            return false;
        }

        if (value.TryGetValue(out integer))
        {
            return true;
        }

        if (value.TryGetValue(out int small))
        {
            integer = small;
            return true;
        }

        if (value.TryGetValue(out double _) || value.TryGetValue(out float _) || value.TryGetValue(out decimal _))
        {
            return false;
        }

        return long.TryParse(value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out integer);
    }

    /// <summary>Any number.</summary>
    public static bool TryNumber(JsonNode? node, out double number)
    {
        number = 0;
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.Number)
        {
            return false;
        }

        if (value.TryGetValue(out number))
        {
            return true;
        }

        if (value.TryGetValue(out long integer))
        {
            number = integer;
            return true;
        }

        return double.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>A string.</summary>
    public static bool TryString(JsonNode? node, out string text)
    {
        if (node is JsonValue value && value.GetValueKind() == JsonValueKind.String)
        {
            text = value.TryGetValue(out string? exact) ? exact : value.GetValue<string>();
            return true;
        }

        text = "";
        return false;
    }

    /// <summary>A boolean.</summary>
    public static bool TryBoolean(JsonNode? node, out bool flag)
    {
        var kind = node?.GetValueKind();
        flag = kind == JsonValueKind.True;
        return kind is JsonValueKind.True or JsonValueKind.False;
    }

    /// <summary>A double as Go prints it with <c>%v</c>: shortest form, exponent from 1e21 and below 1e-4.</summary>
    public static string Format(double number)
    {
        if (number == 0)
        {
            return "0";
        }

        var magnitude = Math.Abs(number);
        if (magnitude is >= 1e-4 and < 1e21)
        {
            return number.ToString("0.##############################", CultureInfo.InvariantCulture) is { } plain
                && double.Parse(plain, CultureInfo.InvariantCulture) == number
                ? plain
                : number.ToString("R", CultureInfo.InvariantCulture);
        }

        return number.ToString("0.################e+00", CultureInfo.InvariantCulture);
    }

    /// <summary>A value as the API server prints it in error texts: strings quoted, everything else as JSON.</summary>
    public static string Quote(JsonNode? node)
    {
        if (node is null)
        {
            return "null";
        }

        if (TryString(node, out var text))
        {
            return Quote(text);
        }

        return !TryInteger(node, out _) && TryNumber(node, out var number) ? Format(number) : ToText(node);
    }

    /// <summary>A string in double quotes, escaped as in Go.</summary>
    public static string Quote(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && text.AsSpan().IndexOfAny('"', '\\') < 0)
        {
            return $"\"{text}\"";
        }

        var result = new System.Text.StringBuilder(text.Length + 8).Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => result.Append("\\\""),
                '\\' => result.Append("\\\\"),
                '\n' => result.Append("\\n"),
                '\r' => result.Append("\\r"),
                '\t' => result.Append("\\t"),
                < ' ' or 0x7f => result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ => result.Append(rune.ToString()),
            };
        }

        return result.Append('"').ToString();
    }

    /// <summary>JSON without escapes that only HTML needs.</summary>
    public static string ToText(JsonNode node)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(64);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            node.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
