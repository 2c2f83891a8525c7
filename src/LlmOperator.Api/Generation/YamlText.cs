using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlmOperator.Api.Generation;

/// <summary>Block-style YAML of a JSON tree, in the tree's order, so that equal trees give equal bytes.</summary>
internal static partial class YamlText
{
    public static string Write(JsonNode node)
    {
        var text = new StringBuilder();
        WriteNode(text, node, 0);
        return text.ToString();
    }

    private static void WriteNode(StringBuilder text, JsonNode? node, int indent)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                var first = true;
                foreach (var (key, value) in map)
                {
                    // The first key of a list element follows its dash.
                    if (!first || text.Length == 0 || text[^1] == '\n')
                    {
                        text.Append(' ', indent);
                    }

                    first = false;
                    text.Append(Scalar(key)).Append(':');
                    WriteValue(text, value, indent + 2);
                }

                break;
            case JsonArray { Count: > 0 } list:
                foreach (var element in list)
                {
                    text.Append(' ', indent).Append("- ");
                    if (element is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
                    {
                        WriteNode(text, element, indent + 2);
                    }
                    else
                    {
                        text.Append(Leaf(element)).Append('\n');
                    }
                }

                break;
            default:
                text.Append(Leaf(node)).Append('\n');
                break;
        }
    }

    private static void WriteValue(StringBuilder text, JsonNode? value, int indent)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 }:
                text.Append('\n');
                WriteNode(text, value, indent);
                break;
            case JsonArray { Count: > 0 }:
                text.Append('\n');
                WriteNode(text, value, indent - 2);
                break;
            default:
                text.Append(' ').Append(Leaf(value)).Append('\n');
                break;
        }
    }

    private static string Leaf(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when node.GetValueKind() == JsonValueKind.String => Scalar(node.GetValue<string>()),
        _ => node.ToJsonString(),
    };

    private static string Scalar(string value) => PlainScalar().IsMatch(value) && !Word().IsMatch(value) ? value : '"' + JsonEncodedText.Encode(value, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString() + '"';

    /// <summary>Begins with a letter and holds nothing that YAML could read as structure.</summary>
    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9 ,;.()'/|+*=<>_-]*$")]
    private static partial Regex PlainScalar();

    /// <summary>Words that are not strings in YAML 1.1 or 1.2, and strings that end in a space.</summary>
    [GeneratedRegex(@"^(true|false|yes|no|on|off|null|y|n)$| $", RegexOptions.IgnoreCase)]
    private static partial Regex Word();
}
