using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// Checks custom resources against their schema, in the API server's words. On update, values that did not change are not
/// checked again, so that tightening a schema does not lock objects that were valid before.
/// </summary>
internal static class Validator
{
    /// <summary>Checks an object, its apiVersion, kind and metadata included as far as the schema restricts them.</summary>
    /// <param name="obj">Pruned and defaulted.</param>
    /// <param name="schema">Its schema.</param>
    /// <param name="errors">Where breaches go.</param>
    /// <param name="old">Present state; null on create.</param>
    public static void Validate(JsonObject obj, Schema schema, FieldErrors errors, JsonObject? old = null)
    {
        var outcome = new SchemaCheck();
        outcome.Check(obj, schema, "", old is null ? default : new(old));
        foreach (var error in outcome.Errors)
        {
            errors.Add(error.Reason, error.Field, error.Message);
        }

        var duplicates = new FieldErrors();
        EmbeddedResources(obj, schema, "", errors);
        ListRules.Check(obj, schema, "", duplicates);
        if (duplicates.Any && (old is null || !HasDuplicates(old, schema)))
        {
            foreach (var error in duplicates.All)
            {
                errors.Add(error.Reason, error.Field, error.Message);
            }
        }
    }

    /// <summary>What is embedded says what it is.</summary>
    private static void CheckType(JsonObject obj, string path, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
        {
            if (obj[name] is not { } value)
            {
                errors.Required($"{path}.{name}", "must not be empty");
            }
            else if (!JsonScalars.TryString(value, out var text))
            {
                errors.Invalid($"{path}.{name}", value.ToJsonString(), "must be a string");
            }
            else if (text.Length == 0)
            {
                errors.Invalid($"{path}.{name}", "\"\"", "must not be empty");
            }
            else if (name == "apiVersion" && text.Count(c => c == '/') > 1)
            {
                errors.Invalid($"{path}.{name}", JsonScalars.Quote(text), $"unexpected GroupVersion string: {text}");
            }
            else if (name == "kind" && !Formats.IsValid("k8s-short-name", text.ToLowerInvariant()))
            {
                errors.Invalid($"{path}.{name}", JsonScalars.Quote(text), "may have mixed case, but should otherwise match: a DNS-1035 label");
            }
        }
    }

    private static bool HasDuplicates(JsonObject obj, Schema schema)
    {
        var errors = new FieldErrors();
        ListRules.Check(obj, schema, "", errors);
        return errors.Any;
    }

    private static void EmbeddedResources(JsonNode? node, Schema schema, string path, FieldErrors errors)
    {
        if (node is JsonArray array && schema.Items is { } items)
        {
            for (var index = 0; index < array.Count; index++)
            {
                EmbeddedResources(array[index], items, $"{path}[{index}]", errors);
            }
        }

        if (node is not JsonObject obj)
        {
            return;
        }

        if (schema.EmbeddedResource)
        {
            CheckType(obj, path, errors);
        }

        foreach (var (name, value) in obj)
        {
            if (value is JsonObject or JsonArray && (schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is { } inner)
            {
                EmbeddedResources(value, inner, path.Length == 0 ? name : $"{path}.{name}", errors);
            }
        }
    }
}
