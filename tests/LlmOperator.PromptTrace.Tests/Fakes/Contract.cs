using System.Text.Json.Nodes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Fakes;

/// <summary>The GenAI conventions as data, where they are at hand.</summary>
internal sealed class Contract
{
    private readonly JsonNode _data;

    private Contract(JsonNode data) => _data = data;

    public static Contract LoadOrSkip()
    {
        var path = SharedData.Contract("otel-genai.json");
        Assert.SkipWhen(path is null, "the contract data (otel-genai.json) is not beside this checkout");
        return new(JsonNode.Parse(File.ReadAllText(path!))!);
    }

    public IReadOnlyList<JsonNode> Metrics => [.. _data["metrics"]!.AsArray().Select(metric => metric!)];

    public void AssertSpan(JsonObject span)
    {
        var operation = (string)span.Value("gen_ai.operation.name")!;
        var kind = operation == "embeddings" ? "span.gen_ai.embeddings.client" : "span.gen_ai.inference.client";
        var allowed = _data["spans"]!.AsArray().Single(one => (string?)one!["id"] == kind)!["attributes"]!.AsArray();
        var types = allowed.ToDictionary(one => (string)one!["key"]!, one => (string)one!["type"]!);
        foreach (var required in allowed.Where(one => (string?)one!["requirement"] == "Required"))
        {
            Assert.Contains((string)required!["key"]!, span.Keys());
        }

        Assert.Equal(span.Keys().Distinct(), span.Keys());
        foreach (var key in span.Keys().Where(key => key.StartsWith("gen_ai.", StringComparison.Ordinal)))
        {
            Assert.True(types.TryGetValue(key, out var type), $"{key} is not an attribute of {kind}");
            var value = span.Value(key);
            Assert.True(type switch { "string" => value is string, "int" => value is long, "double" => value is double, "boolean" => value is bool, "string[]" => value is string[], _ => value is string }, $"{key} is {value}, not {type}");
        }

        Assert.Equal(3, (int)span["kind"]!);
        Assert.Equal(span.Keys().Contains("server.address"), span.Keys().Contains("server.port"));
        var outputType = _data["attributes"]!.AsArray().Single(one => (string?)one!["key"] == "gen_ai.output.type")!["values"]!.AsArray().Select(value => (string?)value);
        Assert.True(span.Value("gen_ai.output.type") is not string form || outputType.Contains(form));
        Assert.StartsWith(operation, (string)span["name"]!, StringComparison.Ordinal);
    }

    /// <summary>Whether captured content follows its schema.</summary>
    public static void AssertContent(string schemaFile, string json)
    {
        var path = SharedData.Contract(Path.Combine("otel-genai-schemas", schemaFile));
        Assert.SkipWhen(path is null, "the contract data (otel-genai-schemas) is not beside this checkout");
        var schema = JsonNode.Parse(File.ReadAllText(path!))!.AsObject();
        var problem = Schema.Problem(schema, schema, JsonNode.Parse(json), "$");
        Assert.True(problem is null, $"{problem} in {json}");
    }
}

/// <summary>As much of JSON Schema as those schemas use.</summary>
internal static class Schema
{
    public static string? Problem(JsonObject root, JsonObject schema, JsonNode? value, string at)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            return Problem(root, root["$defs"]![reference.Split('/')[^1]]!.AsObject(), value, at);
        }

        if (schema["anyOf"] is JsonArray any)
        {
            var problems = any.Select(one => Problem(root, one!.AsObject(), value, at)).ToList();
            return problems.Contains(null) ? null : $"{at}: none of [{string.Join(" | ", problems)}]";
        }

        if (schema["const"] is { } constant && !JsonNode.DeepEquals(constant, value))
        {
            return $"{at}: is not {constant}";
        }

        if (schema["enum"] is JsonArray values && !values.Any(one => JsonNode.DeepEquals(one, value)))
        {
            return $"{at}: is none of {values.ToJsonString()}";
        }

        var kind = value?.GetValueKind().ToString().ToLowerInvariant() ?? "null";
        if ((string?)schema["type"] is { } type && type != kind && !(type is "integer" && kind == "number") && !(type is "boolean" && kind is "true" or "false"))
        {
            return $"{at}: is {kind}, not {type}";
        }

        return value switch
        {
            JsonObject members => schema["required"]?.AsArray().Where(name => !members.ContainsKey((string)name!)).Select(name => $"{at}: has no {name}").FirstOrDefault()
                ?? members.Select(member => schema["properties"]?[member.Key] is JsonObject property ? Problem(root, property, member.Value, $"{at}.{member.Key}") : null).FirstOrDefault(problem => problem is not null),
            JsonArray items when schema["items"] is JsonObject item => items.Select((one, number) => Problem(root, item, one, $"{at}[{number}]")).FirstOrDefault(problem => problem is not null),
            _ => null,
        };
    }
}
