using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// In a structural schema <c>allOf</c>, <c>anyOf</c>, <c>oneOf</c> and <c>not</c> hold value validations only, and speak only of
/// fields that are declared outside of them.
/// </summary>
internal sealed class JunctorRules
{
    private readonly FieldErrors _errors;

    private JunctorRules(FieldErrors errors) => _errors = errors;

    /// <summary>Checks the junctors of one level of a schema.</summary>
    /// <param name="schema">The level, as written.</param>
    /// <param name="path">Its path.</param>
    /// <param name="intOrString">Whether it is x-kubernetes-int-or-string, which may be written out as a junctor of types.</param>
    /// <param name="errors">Where breaches go.</param>
    public static void Check(JsonObject schema, string path, bool intOrString, FieldErrors errors)
    {
        var rules = new JunctorRules(errors);
        foreach (var name in (ReadOnlySpan<string>)["allOf", "anyOf", "oneOf"])
        {
            var index = 0;
            foreach (var nested in schema[name] as JsonArray ?? [])
            {
                // int-or-string may be written out as anyOf, directly or in the first allOf.
                if (nested is JsonObject fields && !(intOrString && IsIntOrString(schema, name)))
                {
                    rules.Nested(fields, $"{path}.{name}[{index}]", intOrString && name == "allOf" && index == 0);
                }

                index++;
            }
        }

        if (schema["not"] is JsonObject not)
        {
            rules.Nested(not, $"{path}.not", false);
        }

        rules.Completeness(schema, schema, path);
    }

    private static bool IsIntOrString(JsonObject schema, string name) => name == "anyOf" && schema[name] is JsonArray { Count: 2 } choices
        && choices[0] is JsonObject { Count: 1 } first && JsonScalars.TryString(first["type"], out var one) && one == "integer"
        && choices[1] is JsonObject { Count: 1 } second && JsonScalars.TryString(second["type"], out var two) && two == "string";

    /// <summary>Inside a junctor there are value validations only.</summary>
    private void Nested(JsonObject schema, string path, bool allowsIntOrString)
    {
        foreach (var (name, value) in schema)
        {
            switch (name)
            {
                case "type" or "title" or "description" or "x-kubernetes-list-map-keys" or "x-kubernetes-validations":
                    _errors.Forbidden($"{path}.{name}", "must be empty to be structural");
                    break;
                case "additionalProperties" or "default" or "externalDocs" or "x-kubernetes-list-type" or "x-kubernetes-map-type":
                    _errors.Forbidden($"{path}.{name}", "must be undefined to be structural");
                    break;
                case "nullable" or "x-kubernetes-preserve-unknown-fields" or "x-kubernetes-embedded-resource" or "x-kubernetes-int-or-string"
                    when JsonScalars.TryBoolean(value, out var flag) && flag:
                    _errors.Forbidden($"{path}.{name}", "must be false to be structural");
                    break;
                case "items" or "not" when value is JsonObject inner:
                    Nested(inner, $"{path}.{name}", false);
                    break;
                case "properties" when value is JsonObject properties:
                    foreach (var (property, inner) in properties)
                    {
                        if (property == "metadata")
                        {
                            _errors.Forbidden($"{path}.properties[metadata]", "must not be specified in a nested context");
                        }

                        if (inner is JsonObject fields)
                        {
                            Nested(fields, $"{path}.properties[{property}]", false);
                        }
                    }

                    break;
                case "allOf" or "anyOf" or "oneOf" when value is JsonArray parts && !(allowsIntOrString && IsIntOrString(schema, name)):
                    for (var index = 0; index < parts.Count; index++)
                    {
                        if (parts[index] is JsonObject part)
                        {
                            Nested(part, $"{path}.{name}[{index}]", false);
                        }
                    }

                    break;
            }
        }

        if (JsonScalars.TryString(schema["pattern"], out var pattern) && !Patterns.IsValid(pattern))
        {
            _errors.Invalid($"{path}.pattern", JsonScalars.Quote(pattern), "must be a valid regular expression");
        }
    }

    /// <summary>Every field and item a junctor speaks of must be declared outside of it.</summary>
    private void Completeness(JsonObject? declared, JsonObject validations, string path)
    {
        foreach (var name in (ReadOnlySpan<string>)["allOf", "anyOf", "oneOf"])
        {
            var index = 0;
            foreach (var nested in validations[name] as JsonArray ?? [])
            {
                if (nested is JsonObject fields)
                {
                    Declared(declared, fields, path, $"{path}.{name}[{index}]");
                }

                index++;
            }
        }

        if (validations["not"] is JsonObject not)
        {
            Declared(declared, not, path, $"{path}.not");
        }
    }

    private void Declared(JsonObject? declared, JsonObject nested, string path, string nestedPath)
    {
        if (declared is null)
        {
            _errors.Required(path, $"because it is defined in {nestedPath}");
            return;
        }

        Completeness(declared, nested, nestedPath);
        if (nested["items"] is JsonObject items)
        {
            Declared(declared["items"] as JsonObject, items, $"{path}.items", $"{nestedPath}.items");
        }

        foreach (var (name, property) in nested["properties"] as JsonObject ?? [])
        {
            if (property is JsonObject fields)
            {
                Declared(declared["properties"]?[name] as JsonObject, fields, $"{path}.properties[{name}]", $"{nestedPath}.properties[{name}]");
            }
        }
    }
}
