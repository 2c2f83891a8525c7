using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Cel;

/// <summary>What a rule must say before its expressions are looked at.</summary>
internal static class CelRuleChecks
{
    private static readonly string[] Reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    /// <summary>Checks the rules of one level of a schema.</summary>
    /// <param name="schema">The schema as written.</param>
    /// <param name="path">Its path.</param>
    /// <param name="errors">Where breaches go.</param>
    public static void Check(JsonObject schema, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var item in schema["x-kubernetes-validations"] as JsonArray ?? [])
        {
            var at = $"{path}.x-kubernetes-validations[{index++}]";
            var rule = item as JsonObject ?? [];
            CheckTexts(rule, at, errors);
            if (rule.Text("reason") is { } reason && !Reasons.Contains(reason))
            {
                errors.NotSupported($"{at}.reason", JsonScalars.Quote(reason), Reasons);
            }

            if (rule.Text("fieldPath") is { Length: > 0 } fieldPath)
            {
                CheckFieldPath(fieldPath, schema, $"{at}.fieldPath", errors);
            }
        }
    }

    private static void CheckTexts(JsonObject rule, string at, FieldErrors errors)
    {
        var text = (rule.Text("rule") ?? "").Trim();
        var message = rule.Text("message") ?? "";
        if (text.Length == 0)
        {
            errors.Required($"{at}.rule", "rule is not specified");
        }
        else if (message.Length > 0 && message.Trim().Length == 0)
        {
            errors.Invalid($"{at}.message", JsonScalars.Quote(message), "message must be non-empty if specified");
        }
        else if (HasBreaks(message.Trim()))
        {
            errors.Invalid($"{at}.message", JsonScalars.Quote(message), "message must not contain line breaks");
        }
        else if (HasBreaks(text) && message.Trim().Length == 0)
        {
            errors.Required($"{at}.message", "message must be specified if rule contains line breaks");
        }

        if (rule.Text("messageExpression") is { Length: > 0 } expression && expression.Trim().Length == 0)
        {
            errors.Required($"{at}.messageExpression", "messageExpression must be non-empty if specified");
        }
    }

    private static void CheckFieldPath(string fieldPath, JsonObject schema, string at, FieldErrors errors)
    {
        if (fieldPath.Trim().Length == 0)
        {
            errors.Invalid(at, JsonScalars.Quote(fieldPath), "fieldPath must be non-empty if specified");
            return;
        }

        if (HasBreaks(fieldPath))
        {
            errors.Invalid(at, JsonScalars.Quote(fieldPath), "fieldPath must not contain line breaks");
        }

        try
        {
            CelFieldPath.Read(fieldPath.Trim(), SchemaReader.Read(schema));
        }
        catch (CelRuleException fault)
        {
            errors.Invalid(at, JsonScalars.Quote(fieldPath), fault.Message);
        }
    }

    private static bool HasBreaks(string text) => text.AsSpan().ContainsAny('\n', '\r');
}
