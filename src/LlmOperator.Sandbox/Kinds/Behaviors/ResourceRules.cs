using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Requests and limits of a container.</summary>
internal static class ResourceRules
{
    /// <summary>Checks the <c>resources</c> of a container.</summary>
    public static void Check(JsonObject? resources, string path, FieldErrors errors)
    {
        var limits = resources.Object("limits") ?? [];
        var requests = resources.Object("requests") ?? [];
        Amounts(limits, $"{path}.limits", errors);
        Amounts(requests, $"{path}.requests", errors);
        foreach (var (name, node) in requests)
        {
            if (!Quantity.TryParse(node.Text(), out var request))
            {
                continue;
            }

            var extended = IsExtended(name);
            if (!Quantity.TryParse(limits.Text(name), out var limit))
            {
                if (extended || name.StartsWith("hugepages-", StringComparison.Ordinal))
                {
                    errors.Required($"{path}.limits", "Limit must be set for non overcommitable resources");
                }
            }
            else if (extended && request != limit)
            {
                errors.Invalid($"{path}.requests", $"\"{request}\"", $"must be equal to {name} limit of {limit}");
            }
            else if (request > limit)
            {
                errors.Invalid($"{path}.requests", $"\"{request}\"", $"must be less than or equal to {name} limit of {limit}");
            }
        }
    }

    /// <summary>Whether a resource belongs to somebody else's domain, such as <c>nvidia.com/gpu</c>.</summary>
    public static bool IsExtended(string name) =>
        name.Contains('/') && !name.Split('/')[0].EndsWith("kubernetes.io", StringComparison.Ordinal) && !name.StartsWith("requests.", StringComparison.Ordinal);

    private static void Amounts(JsonObject list, string path, FieldErrors errors)
    {
        foreach (var (name, node) in list)
        {
            var at = $"{path}[{name}]";
            if (ObjectMetaRules.QualifiedNameFault(name) is { } fault)
            {
                errors.Invalid(at, $"\"{name}\"", fault);
            }
            else if (!name.Contains('/') && !name.StartsWith("hugepages-", StringComparison.Ordinal) && name is not ("cpu" or "memory" or "ephemeral-storage"))
            {
                errors.Invalid(at, $"\"{name}\"", "must be a standard resource type or fully qualified");
                errors.Invalid(at, $"\"{name}\"", "must be a standard resource for containers");
            }

            if (!Quantity.TryParse(node.Text(), out var amount))
            {
                continue;
            }

            if (amount.Sign < 0)
            {
                errors.Invalid(at, $"\"{amount}\"", "must be greater than or equal to 0");
            }

            if (IsExtended(name) && decimal.Truncate(amount.AsDecimal) != amount.AsDecimal)
            {
                errors.Invalid(at, $"\"{amount}\"", "must be an integer");
            }
        }
    }
}
