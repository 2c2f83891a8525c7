using System.Globalization;
using System.Text;

namespace LlmOperator.Telemetry;

/// <summary>Writes the Prometheus text exposition format 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>
    /// The Prometheus name of an instrument. A name with dots is OpenTelemetry's and is put into Prometheus' form as its specification asks: underscores, and the unit and the word total at the end;
    /// any other is a Prometheus name already.
    /// </summary>
    public static string NameOf(string name, string? unit, bool isCounter)
    {
        if (!name.Contains('.', StringComparison.Ordinal))
        {
            return name;
        }

        var suffix = unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "", // Units in braces are words for what is counted, and leave no trace in the name.
        };
        return name.Replace('.', '_') + suffix + (isCounter ? "_total" : "");
    }

    public static void Header(StringBuilder text, string name, string type, string? help)
    {
        text.Append("# HELP ").Append(name).Append(' ').Append((help ?? name).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    public static void Sample(StringBuilder text, string name, ReadOnlySpan<KeyValuePair<string, object?>> labels, double value, string? le = null)
    {
        text.Append(name);
        if (labels.Length > 0 || le is not null)
        {
            var separator = '{';
            foreach (var (label, labelled) in labels)
            {
                Label(text.Append(separator), label, Convert.ToString(labelled, CultureInfo.InvariantCulture) ?? "");
                separator = ',';
            }

            if (le is not null)
            {
                Label(text.Append(separator), "le", le);
            }

            text.Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e'),
    };

    private static void Label(StringBuilder text, string name, string value)
    {
        // Dots are OpenTelemetry's habit; a Prometheus label may not have them.
        foreach (var c in name)
        {
            text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }

        text.Append("=\"");
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append("\\\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append("\\n"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
