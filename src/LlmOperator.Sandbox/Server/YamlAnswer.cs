using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlmOperator.Sandbox.Server;

/// <summary>Writes objects as block YAML; strings that YAML could read as something else are quoted.</summary>
internal static partial class YamlAnswer
{
    /// <summary>Text of an object.</summary>
    public static string Write(JsonObject obj)
    {
        var text = new StringBuilder();
        Fields(text, obj, "");
        return text.ToString();
    }

    private static void Fields(StringBuilder text, JsonObject obj, string indent)
    {
        foreach (var (name, value) in obj)
        {
            text.Append(indent).Append(Scalar(name)).Append(':');
            Value(text, value, indent + "  ");
        }
    }

    private static void Value(StringBuilder text, JsonNode? value, string indent)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } obj:
                text.Append('\n');
                Fields(text, obj, indent);
                break;
            case JsonArray { Count: > 0 } array:
                text.Append('\n');
                foreach (var item in array)
                {
                    text.Append(indent).Append('-');
                    Value(text, item, indent + "  ");
                }

                break;
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String:
                text.Append(' ').Append(Scalar(scalar.GetValue<string>())).Append('\n');
                break;
            default:
                text.Append(' ').Append(value?.ToJsonString() ?? "null").Append('\n');
                break;
        }
    }

    /// <summary>JSON strings are YAML's double-quoted ones.</summary>
    private static string Scalar(string text) =>
        Plain().IsMatch(text) && !Special().IsMatch(text) ? text : JsonValue.Create(text)!.ToJsonString();

    [GeneratedRegex(@"^[A-Za-z_/][A-Za-z0-9_./()-]*\z")]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(?:y|n|yes|no|on|off|true|false|null)\z", RegexOptions.IgnoreCase)]
    private static partial Regex Special();
}
