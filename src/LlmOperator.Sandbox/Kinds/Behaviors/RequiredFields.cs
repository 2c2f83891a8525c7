using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>
/// Required fields of built-in kinds. Empty text counts as missing, as decoded fields cannot tell the two apart; a field whose
/// empty value the API server accepts has that value as its default.
/// </summary>
internal static class RequiredFields
{
    /// <summary>Reports what is missing in a value and below.</summary>
    public static void Check(JsonNode? node, Schema schema, string path, FieldErrors errors)
    {
        switch (node)
        {
            case JsonObject obj when schema.Properties.Count > 0:
                foreach (var name in schema.Required)
                {
                    var field = schema.Properties.GetValueOrDefault(name);
                    if (field is { Default: null, Nullable: false } && (obj[name] is null || obj.Text(name) == ""))
                    {
                        errors.Required(Join(path, name));
                    }
                }

                foreach (var (name, value) in obj)
                {
                    if (value is JsonObject or JsonArray && schema.Properties.TryGetValue(name, out var field) && !(path.Length == 0 && name is "metadata" or "status"))
                    {
                        Check(value, field, Join(path, name), errors);
                    }
                }

                break;
            case JsonObject obj when schema.AdditionalProperties is { Type: "object" } values:
                foreach (var (name, value) in obj)
                {
                    Check(value, values, $"{path}[{name}]", errors);
                }

                break;
            case JsonArray array when schema.Items is { Type: "object" } items:
                for (var i = 0; i < array.Count; i++)
                {
                    Check(array[i], items, $"{path}[{i}]", errors);
                }

                break;
        }
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
