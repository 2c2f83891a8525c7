using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>
/// What an object of a kind holds before anything is written to it. Built-in kinds are structs that are always written whole:
/// their plain struct fields and required fields are there from the start, so that nobody comes to own them by filling them.
/// </summary>
internal static class EmptyObject
{
    private static readonly ConditionalWeakTable<Schema, JsonObject> Known = [];

    /// <summary>The empty object of a kind, which must not be changed; null when it holds nothing.</summary>
    public static JsonObject? Of(KindDefinition kind) => kind.Custom ? null : Known.GetValue(kind.Schema, Fields);

    private static JsonObject Fields(Schema schema)
    {
        var obj = new JsonObject();
        foreach (var (name, field) in schema.Properties)
        {
            if (field is { Type: "object", Default: JsonObject, AdditionalProperties: null })
            {
                obj[name] = Fields(field);
            }
            else if (schema.Required.Contains(name))
            {
                obj[name] = field.Type switch
                {
                    "string" => JsonValue.Create(""),
                    "integer" or "number" => JsonValue.Create(0),
                    "boolean" => JsonValue.Create(false),
                    _ => null,
                };
            }
        }

        return obj;
    }
}
