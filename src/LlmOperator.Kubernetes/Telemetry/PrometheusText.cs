using System.Globalization;
using System.Text;

namespace LlmOperator.Kubernetes.Telemetry;

/// <summary>Writes the Prometheus text exposition format 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

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
