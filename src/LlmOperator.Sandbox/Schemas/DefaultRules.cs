using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>Defaults in a definition's schema are pruned, defaulted and validated like any value of their schema.</summary>
internal static class DefaultRules
{
    /// <summary>Checks the defaults of a schema and all below it.</summary>
    /// <param name="json">The schema as written.</param>
    /// <param name="schema">The same, read.</param>
    /// <param name="path">Its path.</param>
    /// <param name="errors">Where breaches go.</param>
    public static void Check(JsonObject json, Schema schema, string path, FieldErrors errors)
    {
        if (schema.Default is { } value)
        {
            CheckDefault(value.DeepClone(), schema, $"{path}.default", errors);
        }

        foreach (var (name, property) in schema.Properties)
        {
            if (json["properties"]?[name] is JsonObject inner)
            {
                Check(inner, property, $"{path}.properties[{name}]", errors);
            }
        }

        if (schema.Items is { } items && json["items"] is JsonObject itemJson)
        {
            Check(itemJson, items, $"{path}.items", errors);
        }

        if (schema.AdditionalProperties is { } values && json["additionalProperties"] is JsonObject valueJson)
        {
            Check(valueJson, values, $"{path}.additionalProperties", errors);
        }
    }

    private static void CheckDefault(JsonNode value, Schema schema, string path, FieldErrors errors)
    {
        // Wrapped, so that a scalar goes through the same passes as an object.
        var wrapper = new JsonObject { ["default"] = value };
        var wrapped = new Schema { Type = "object" };
        wrapped.Properties["default"] = schema;
        var unknown = new List<string>();
        Pruner.Prune(wrapper, wrapped, unknown);
        if (unknown.Count > 0)
        {
            errors.Invalid(path, JsonScalars.Quote(schema.Default), "must not have unknown fields");
            return;
        }

        Defaulter.Apply(wrapper, wrapped);
        var found = new FieldErrors();
        Validator.Validate(wrapper, wrapped, found);
        foreach (var error in found.All)
        {
            var field = error.Field.StartsWith("default", StringComparison.Ordinal) ? path + error.Field["default".Length..] : error.Field;
            errors.Add(error.Reason, field, error.Message.Replace("default in body", $"{path} in body", StringComparison.Ordinal));
        }
    }
}
