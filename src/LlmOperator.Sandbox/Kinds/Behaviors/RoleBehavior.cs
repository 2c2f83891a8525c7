using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Roles: every rule needs verbs and something they are for.</summary>
internal sealed class RoleBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (obj["rules"] is null)
        {
            obj["rules"] = null;
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        var index = 0;
        foreach (var rule in obj.Objects("rules"))
        {
            var at = $"rules[{index++}]";
            if (rule["verbs"] is JsonArray { Count: 0 })
            {
                errors.Required($"{at}.verbs", "verbs must contain at least one value");
            }

            var urls = rule.Texts("nonResourceURLs").Count > 0;
            var resources = rule.Texts("resources").Count > 0;
            if (urls && Kind == "Role")
            {
                errors.Invalid($"{at}.nonResourceURLs", rule["nonResourceURLs"]!.ToJsonString(), "namespaced rules cannot apply to non-resource URLs");
            }
            else if (urls && (resources || rule.Texts("apiGroups").Count > 0 || rule.Texts("resourceNames").Count > 0))
            {
                errors.Invalid($"{at}.nonResourceURLs", rule["nonResourceURLs"]!.ToJsonString(), "rules cannot apply to both regular resources and non-resource URLs");
            }
            else if (!urls)
            {
                if (rule.Texts("apiGroups").Count == 0)
                {
                    errors.Required($"{at}.apiGroups", "resource rules must supply at least one api group");
                }

                if (!resources)
                {
                    errors.Required($"{at}.resources", "resource rules must supply at least one resource");
                }
            }
        }
    }
}
