using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Tests.StandIns;

/// <summary>Checks an answer against a schema of OpenAI's description: types, required fields, enumerations, lists.</summary>
internal static class OpenAiSchema
{
    public static IReadOnlyList<string> Problems(string contract, string schema, JsonNode answer)
    {
        var document = JsonNode.Parse(File.ReadAllText(contract))!;
        var problems = new List<string>();
        Check(document, document["components"]!["schemas"]![schema]!, answer, "$", problems);
        return problems;
    }

    private static void Check(JsonNode document, JsonNode schema, JsonNode? value, string path, List<string> problems)
    {
        if (schema.Text("$ref") is { } reference)
        {
            Check(document, document["components"]!["schemas"]![reference.Split('/')[^1]]!, value, path, problems);
            return;
        }

        foreach (var part in schema.Objects("allOf"))
        {
            Check(document, part, value, path, problems);
        }

        var alternatives = schema.Objects("anyOf").Concat(schema.Objects("oneOf")).ToList();
        if (alternatives.Count > 0 && !alternatives.Exists(each => Fits(document, each, value)))
        {
            problems.Add($"{path} fits no alternative: {value?.ToJsonString()}");
        }

        if (value is null)
        {
            if (schema.Flag("nullable") != true && schema.Text("type") is { } wanted && wanted != "null")
            {
                problems.Add($"{path} is null");
            }

            return;
        }

        var kind = value.GetValueKind();
        var fits = schema.Text("type") switch
        {
            "object" => kind == JsonValueKind.Object,
            "array" => kind == JsonValueKind.Array,
            "string" => kind == JsonValueKind.String,
            "integer" => value.Integer() is not null,
            "number" => kind == JsonValueKind.Number,
            "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
            "null" => false,
            _ => true,
        };
        if (!fits || (schema["enum"] is JsonArray values && !values.Any(each => JsonNode.DeepEquals(each, value))))
        {
            problems.Add($"{path} is {value.ToJsonString()}");
            return;
        }

        if (value is JsonObject obj)
        {
            problems.AddRange(schema.Texts("required").Where(name => !obj.ContainsKey(name)).Select(name => $"{path}.{name} is missing"));
            foreach (var (name, field) in obj)
            {
                if (schema["properties"]?[name] is { } property)
                {
                    Check(document, property, field, $"{path}.{name}", problems);
                }
            }
        }
        else if (value is JsonArray array && schema["items"] is { } items)
        {
            for (var i = 0; i < array.Count; i++)
            {
                Check(document, items, array[i], $"{path}[{i}]", problems);
            }
        }
    }

    private static bool Fits(JsonNode document, JsonNode schema, JsonNode? value)
    {
        var problems = new List<string>();
        Check(document, schema, value, "$", problems);
        return problems.Count == 0;
    }
}
