using System.Globalization;
using System.Text.Json;

namespace LlmOperator.Testing.Contracts;

/// <summary>
/// Checks JSON against the schemas of an OpenAPI 3.0 document, more strictly than the standard does: a property that an object's schema does not name is a failure,
/// for a misspelt one is passed over by the server and nobody learns of it.
/// </summary>
internal sealed class JsonSchemaCheck(JsonElement document)
{
    private const int MostProblems = 20;

    /// <summary>What is wrong with a value; nothing when it is right.</summary>
    public List<string> Check(JsonElement schema, JsonElement value, string path)
    {
        var problems = new List<string>();
        Check(schema, value, path, problems);
        return problems;
    }

    private void Check(JsonElement schema, JsonElement value, string path, List<string> problems)
    {
        if (problems.Count >= MostProblems || schema.ValueKind == JsonValueKind.True)
        {
            return;
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            Check(Resolve(reference.GetString()!), value, path, problems);
            return;
        }

        if (value.ValueKind == JsonValueKind.Null)
        {
            if (!IsNullable(schema))
            {
                problems.Add($"{path}: null is not allowed");
            }

            return;
        }

        if (schema.TryGetProperty("allOf", out var all))
        {
            // Schemas of composition name their properties in parts; only one part is used in practice.
            foreach (var part in all.EnumerateArray())
            {
                Check(part, value, path, problems);
            }

            return;
        }

        if (schema.TryGetProperty("anyOf", out var some) || schema.TryGetProperty("oneOf", out some))
        {
            CheckSome(some, value, path, problems);
            return;
        }

        if (schema.TryGetProperty("enum", out var words) && !words.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)))
        {
            problems.Add($"{path}: {value.GetRawText()} is none of {words.GetRawText()}");
            return;
        }

        switch (schema.TryGetProperty("type", out var type) ? type.GetString() : schema.TryGetProperty("properties", out _) ? "object" : null)
        {
            case "object":
                CheckObject(schema, value, path, problems);
                break;
            case "array":
                CheckArray(schema, value, path, problems);
                break;
            case "string":
                CheckText(schema, value, path, problems);
                break;
            case "integer" or "number":
                CheckNumber(schema, type.GetString()!, value, path, problems);
                break;
            case "boolean":
                Expect(value.ValueKind is JsonValueKind.True or JsonValueKind.False, "a boolean", value, path, problems);
                break;
            case null when IsOnlyNullable(schema):
                problems.Add($"{path}: {Short(value)} matches nothing that is allowed");
                break;
        }
    }

    private void CheckSome(JsonElement some, JsonElement value, string path, List<string> problems)
    {
        List<string>? nearest = null;
        foreach (var one in some.EnumerateArray())
        {
            var found = Check(one, value, path);
            if (found.Count == 0)
            {
                return;
            }

            // The branch with the deepest complaint is the one that was meant.
            if (nearest is null || Depth(found) > Depth(nearest))
            {
                nearest = found;
            }
        }

        problems.AddRange(nearest ?? [$"{path}: nothing is allowed here"]);
    }

    private void CheckObject(JsonElement schema, JsonElement value, string path, List<string> problems)
    {
        if (!Expect(value.ValueKind == JsonValueKind.Object, "an object", value, path, problems))
        {
            return;
        }

        foreach (var required in schema.TryGetProperty("required", out var names) ? names.EnumerateArray() : default)
        {
            if (!value.TryGetProperty(required.GetString()!, out _))
            {
                problems.Add($"{path}.{required.GetString()}: is missing");
            }
        }

        var known = schema.TryGetProperty("properties", out var properties);
        var others = schema.TryGetProperty("additionalProperties", out var additional) ? additional : default;
        foreach (var property in value.EnumerateObject())
        {
            var inner = $"{path}.{property.Name}";
            if (known && properties.TryGetProperty(property.Name, out var own))
            {
                Check(own, property.Value, inner, problems);
            }
            else if (others.ValueKind == JsonValueKind.Object)
            {
                Check(others, property.Value, inner, problems);
            }
            else if (others.ValueKind == JsonValueKind.False || (known && others.ValueKind == JsonValueKind.Undefined))
            {
                problems.Add($"{inner}: is not known");
            }
        }
    }

    private void CheckArray(JsonElement schema, JsonElement value, string path, List<string> problems)
    {
        if (!Expect(value.ValueKind == JsonValueKind.Array, "an array", value, path, problems))
        {
            return;
        }

        if (schema.TryGetProperty("minItems", out var least) && value.GetArrayLength() < least.GetInt32())
        {
            problems.Add($"{path}: has {value.GetArrayLength()} elements, fewer than {least.GetInt32()}");
        }

        if (schema.TryGetProperty("items", out var items))
        {
            var at = 0;
            foreach (var element in value.EnumerateArray())
            {
                Check(items, element, $"{path}[{at++}]", problems);
            }
        }
    }

    private static void CheckText(JsonElement schema, JsonElement value, string path, List<string> problems)
    {
        if (!Expect(value.ValueKind == JsonValueKind.String, "a string", value, path, problems))
        {
            return;
        }

        var text = value.GetString()!;
        if (schema.TryGetProperty("minLength", out var least) && text.Length < least.GetInt32())
        {
            problems.Add($"{path}: is shorter than {least.GetInt32()}");
        }

        var isRight = (schema.TryGetProperty("format", out var format) ? format.GetString() : null) switch
        {
            "uuid" => Guid.TryParse(text, out _),
            "date-time" or "partial-date-time" => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _),
            "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
            _ => true,
        };
        Expect(isRight, format.ValueKind == JsonValueKind.String ? format.GetString()! : "", value, path, problems);
    }

    private static void CheckNumber(JsonElement schema, string type, JsonElement value, string path, List<string> problems)
    {
        if (!Expect(value.ValueKind == JsonValueKind.Number, "a number", value, path, problems))
        {
            return;
        }

        var isWhole = value.TryGetUInt64(out _) || value.TryGetInt64(out _);
        if (type == "integer" && !Expect(isWhole, "a whole number", value, path, problems))
        {
            return;
        }

        var number = value.GetDouble();
        if (schema.TryGetProperty("minimum", out var least) && number < least.GetDouble())
        {
            problems.Add($"{path}: {number} is less than {least.GetDouble()}");
        }

        if (schema.TryGetProperty("maximum", out var most) && number > most.GetDouble())
        {
            problems.Add($"{path}: {number} is more than {most.GetDouble()}");
        }
    }

    private static bool Expect(bool holds, string what, JsonElement value, string path, List<string> problems)
    {
        if (!holds)
        {
            problems.Add($"{path}: {Short(value)} is not {what}");
        }

        return holds;
    }

    private bool IsNullable(JsonElement schema) =>
        (schema.TryGetProperty("nullable", out var nullable) && nullable.ValueKind == JsonValueKind.True)
        || (schema.TryGetProperty("$ref", out var reference) && IsNullable(Resolve(reference.GetString()!)))
        || ((schema.TryGetProperty("anyOf", out var some) || schema.TryGetProperty("oneOf", out some)) && some.EnumerateArray().Any(IsNullable))
        || !schema.EnumerateObject().Any(property => property.Name is not ("description" or "example" or "default" or "title"));

    /// <summary>A schema that says no more than that null is allowed: the other half of an optional reference.</summary>
    private static bool IsOnlyNullable(JsonElement schema) =>
        schema.TryGetProperty("nullable", out _) && !schema.EnumerateObject().Any(property => property.Name is not ("nullable" or "description" or "example" or "default"));

    private JsonElement Resolve(string reference) => reference[2..].Split('/').Aggregate(document, static (element, step) => element.GetProperty(step));

    private static int Depth(List<string> problems) => problems.Max(problem => problem.Split(':')[0].Count(static character => character is '.' or '['));

    private static string Short(JsonElement value) => value.GetRawText() is { Length: > 60 } text ? $"{text[..60]}…" : value.GetRawText();
}
