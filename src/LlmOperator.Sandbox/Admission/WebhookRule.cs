using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>One rule of a webhook: which operations on which resources it is asked about.</summary>
internal sealed class WebhookRule(JsonObject rule)
{
    private readonly IReadOnlyList<string> _operations = rule.Texts("operations");
    private readonly IReadOnlyList<string> _groups = rule.Texts("apiGroups");
    private readonly IReadOnlyList<string> _versions = rule.Texts("apiVersions");
    private readonly IReadOnlyList<string> _resources = rule.Texts("resources");
    private readonly string _scope = rule.Text("scope") ?? "*";

    /// <summary>Whether the rule covers an operation on a version of a kind.</summary>
    public bool Matches(KindDefinition kind, string operation, string? subresource) =>
        Holds(_operations, operation) && Holds(_groups, kind.Group) && Holds(_versions, kind.Version) && InScope(kind) && IsResource(kind.Plural, subresource ?? "");

    private static bool Holds(IReadOnlyList<string> values, string value) => values.Contains("*") || values.Contains(value);

    private bool InScope(KindDefinition kind) => _scope switch
    {
        "Namespaced" => kind.Namespaced,
        "Cluster" => !kind.Namespaced,
        _ => true,
    };

    private bool IsResource(string plural, string subresource)
    {
        foreach (var resource in _resources)
        {
            var slash = resource.IndexOf('/', StringComparison.Ordinal);
            var (name, sub) = slash < 0 ? (resource, "") : (resource[..slash], resource[(slash + 1)..]);
            if ((name == "*" || name == plural) && (sub == "*" || sub == subresource))
            {
                return true;
            }
        }

        return false;
    }
}
