using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>What the rules of a webhook must say: operations, groups, versions, resources; a wildcard stands alone.</summary>
internal static class WebhookRuleChecks
{
    private static readonly string[] Operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    private static readonly string[] Scopes = ["*", "Cluster", "Namespaced"];

    /// <summary>Checks the rules of a webhook.</summary>
    public static void Check(JsonObject webhook, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var rule in webhook.Objects("rules"))
        {
            var at = $"{path}.rules[{index++}]";
            CheckOperations(rule, $"{at}.operations", errors);
            CheckNames(rule, "apiGroups", "API groups", mayBeEmpty: true, at, errors);
            CheckNames(rule, "apiVersions", "API versions", mayBeEmpty: false, at, errors);
            CheckResources(rule, $"{at}.resources", errors);
            if (rule.Text("scope") is { } scope && !Scopes.Contains(scope))
            {
                errors.NotSupported($"{at}.scope", JsonScalars.Quote(scope), Scopes);
            }
        }
    }

    private static void CheckOperations(JsonObject rule, string path, FieldErrors errors)
    {
        var operations = rule.Texts("operations");
        if (operations.Count == 0)
        {
            errors.Required(path);
        }

        if (operations.Count > 1 && operations.Contains("*"))
        {
            errors.Invalid(path, List(operations), "if '*' is present, must not specify other operations");
        }

        for (var index = 0; index < operations.Count; index++)
        {
            if (!Operations.Contains(operations[index]))
            {
                errors.NotSupported($"{path}[{index}]", JsonScalars.Quote(operations[index]), Operations);
            }
        }
    }

    private static void CheckNames(JsonObject rule, string field, string what, bool mayBeEmpty, string path, FieldErrors errors)
    {
        var names = rule.Texts(field);
        if (names.Count == 0)
        {
            errors.Required($"{path}.{field}");
        }

        if (names.Count > 1 && names.Contains("*"))
        {
            errors.Invalid($"{path}.{field}", List(names), $"if '*' is present, must not specify other {what}");
        }

        for (var index = 0; index < names.Count && !mayBeEmpty; index++)
        {
            if (names[index].Length == 0)
            {
                errors.Required($"{path}.{field}[{index}]");
            }
        }
    }

    private static void CheckResources(JsonObject rule, string path, FieldErrors errors)
    {
        var resources = rule.Texts("resources");
        if (resources.Count == 0)
        {
            errors.Required(path);
        }

        var allOfResource = new HashSet<string>(StringComparer.Ordinal);
        var sameOfAll = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < resources.Count; index++)
        {
            var resource = resources[index];
            if (resource.Length == 0)
            {
                errors.Required($"{path}[{index}]");
                continue;
            }

            if (resource.Split('/', 2) is not [var name, var sub])
            {
                continue;
            }

            if (allOfResource.Contains(name))
            {
                errors.Invalid($"{path}[{index}]", JsonScalars.Quote(resource), $"if '{name}/*' is present, must not specify {resource}");
            }

            if (sameOfAll.Contains(sub))
            {
                errors.Invalid($"{path}[{index}]", JsonScalars.Quote(resource), $"if '*/{sub}' is present, must not specify {resource}");
            }

            if (sub == "*")
            {
                allOfResource.Add(name);
            }

            if (name == "*")
            {
                sameOfAll.Add(sub);
            }
        }

        if (resources.Count > 1 && resources.Contains("*/*"))
        {
            errors.Invalid(path, List(resources), "if '*/*' is present, must not specify other resources");
        }

        if (resources.Contains("*") && resources.Any(resource => resource != "*" && resource.Length > 0 && !resource.Contains('/', StringComparison.Ordinal)))
        {
            errors.Invalid(path, List(resources), "if '*' is present, must not specify other resources without subresources");
        }
    }

    private static string List(IReadOnlyList<string> values) => JsonScalars.ToText(values.ToJson());
}
