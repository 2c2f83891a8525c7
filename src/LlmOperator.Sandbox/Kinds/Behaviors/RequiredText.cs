using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Required text that is there but empty counts as missing; the schema alone sees only that it is there.</summary>
internal static class RequiredText
{
    /// <summary>Reports empty required text in a value and below.</summary>
    public static void Check(JsonNode? node, Schema schema, string path, FieldErrors errors)
    {
        switch (node)
        {
            case JsonObject obj when schema.Properties.Count > 0:
                foreach (var (name, value) in obj)
                {
                    if (!schema.Properties.TryGetValue(name, out var field))
                    {
                        continue;
                    }

                    if (field is { Type: "string", Default: null, Format: null } && schema.Required.Contains(name) && value.Text() == "")
                    {
                        errors.Required($"{path}.{name}");
                    }
                    else
                    {
                        Check(value, field, $"{path}.{name}", errors);
                    }
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
}
