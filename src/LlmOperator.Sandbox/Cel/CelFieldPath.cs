using System.Text;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Cel;

/// <summary>The <c>fieldPath</c> of a rule: <c>.a.b</c>, <c>['x-y']</c>. Steps are fields and keys of maps, never items of lists.</summary>
internal static class CelFieldPath
{
    /// <summary>Reads a path and writes it as errors do.</summary>
    /// <param name="text">The path.</param>
    /// <param name="schema">Where it begins.</param>
    /// <exception cref="CelRuleException">It is none, or leads nowhere.</exception>
    public static string Read(string text, Schema schema)
    {
        var result = new StringBuilder();
        var at = 0;
        while (at < text.Length)
        {
            string step;
            if (text[at] == '.')
            {
                var end = text.AsSpan(at + 1).IndexOfAny('.', '[') is var found and >= 0 ? at + 1 + found : text.Length;
                step = text[(at + 1)..end];
                at = end;
                if (step.Length == 0)
                {
                    throw Invalid("unexpected end of JSON path");
                }
            }
            else if (text[at] == '[')
            {
                step = Quoted(text, ref at);
            }
            else
            {
                throw Invalid($"expected [ or . but got: {text[at..]}");
            }

            schema = Step(schema, step, result);
        }

        return result.ToString();
    }

    private static Schema Step(Schema schema, string step, StringBuilder result)
    {
        if (schema.Properties.Count > 0)
        {
            result.Append(result.Length > 0 ? "." : "").Append(step);
            return schema.Properties.GetValueOrDefault(step) ?? throw Invalid("does not refer to a valid field");
        }

        if (schema.AdditionalProperties is { } values)
        {
            result.Append('[').Append(step).Append(']');
            return values;
        }

        throw Invalid("does not refer to a valid field");
    }

    private static string Quoted(string text, ref int at)
    {
        var start = at + 1;
        if (start >= text.Length || text[start] != '\'')
        {
            throw Invalid($"expected single quoted string but got {text[start..].Split(']')[0]}");
        }

        var end = start + 1;
        var name = new StringBuilder();
        while (end < text.Length && text[end] != '\'')
        {
            end += text[end] == '\\' && end + 1 < text.Length ? 1 : 0;
            name.Append(text[end++]);
        }

        if (end + 1 >= text.Length || text[end + 1] != ']')
        {
            throw Invalid("unexpected end of JSON path");
        }

        at = end + 2;
        return name.ToString();
    }

    private static CelRuleException Invalid(string reason) => new("fieldPath", $"fieldPath must be a valid path: {reason}");
}
