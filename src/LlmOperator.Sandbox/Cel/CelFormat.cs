using System.Globalization;
using System.Text;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Cel;

/// <summary>The <c>format</c> method of texts: %s, %d, %f, %e, %b, %x, %X, %o with a precision.</summary>
internal static class CelFormat
{
    private const int DefaultPrecision = 6;

    /// <summary>Fills in the values.</summary>
    /// <exception cref="CelEvaluationException">The text asks for what is not there.</exception>
    public static string Apply(string text, CelList values)
    {
        var result = new StringBuilder();
        var next = 0;
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] != '%')
            {
                result.Append(text[index]);
                continue;
            }

            index++;
            if (index < text.Length && text[index] == '%')
            {
                result.Append('%');
                continue;
            }

            var precision = DefaultPrecision;
            if (index < text.Length && text[index] == '.')
            {
                var start = ++index;
                while (index < text.Length && char.IsAsciiDigit(text[index]))
                {
                    index++;
                }

                precision = int.Parse(text.AsSpan(start, index - start), CultureInfo.InvariantCulture);
            }

            if (index >= text.Length)
            {
                throw new CelEvaluationException("could not parse formatting clause: unexpected end of string");
            }

            if (next >= values.Items.Count)
            {
                throw new CelEvaluationException($"index {next} out of range");
            }

            result.Append(Clause(text[index], precision, values.Items[next++]));
        }

        return result.ToString();
    }

    private static string Clause(char verb, int precision, object value) => (verb, value) switch
    {
        ('s', _) => Text(value),
        ('d', long or ulong) => CelConversions.ToText(value),
        ('f', double or long or ulong) => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString("F" + precision, CultureInfo.InvariantCulture),
        ('e', double or long or ulong) => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString($"0.{new string('0', precision)}e+00", CultureInfo.InvariantCulture),
        ('b', bool flag) => flag ? "1" : "0",
        ('b', long number) => Based(number, 2),
        ('o', long number) => Based(number, 8),
        ('x', long number) => Based(number, 16),
        ('X', long number) => Based(number, 16).ToUpperInvariant(),
        ('x', string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)),
        ('X', string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text)),
        ('x', CelBytes bytes) => Convert.ToHexStringLower(bytes.Value),
        ('X', CelBytes bytes) => Convert.ToHexString(bytes.Value),
        _ => throw new CelEvaluationException($"error during formatting: %{verb} cannot be used with {CelValues.TypeName(value)}"),
    };

    private static string Based(long number, int radix) => (number < 0 ? "-" : "") + Convert.ToString(Math.Abs(number), radix);

    private static string Text(object value) => value switch
    {
        CelList list => $"[{string.Join(", ", list.Items.Select(Text))}]",
        CelMap map => $"{{{string.Join(", ", map.Entries.Select(entry => $"{Text(entry.Key)}: {Text(entry.Value)}").Order(StringComparer.Ordinal))}}}",
        CelObject obj => JsonScalars.ToText(obj.Json),
        CelTypeValue type => type.Name,
        _ => CelConversions.ToText(value),
    };
}
