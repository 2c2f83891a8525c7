using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>NetworkPolicies: which directions they restrict follows from their rules when left out.</summary>
internal sealed class NetworkPolicyBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        var spec = obj.Child("spec");
        if (spec["policyTypes"] is not JsonArray { Count: > 0 })
        {
            spec["policyTypes"] = spec["egress"] is JsonArray { Count: > 0 } ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        Rules.Selector(spec["podSelector"], "spec.podSelector", errors);
        Direction(spec, "ingress", "from", errors);
        Direction(spec, "egress", "to", errors);
        var types = spec.Texts("policyTypes");
        for (var i = 0; i < types.Count; i++)
        {
            Rules.OneOf(types[i], $"spec.policyTypes[{i}]", errors, "Egress", "Ingress");
        }
    }

    private static void Direction(JsonObject spec, string direction, string peers, FieldErrors errors)
    {
        var index = 0;
        foreach (var rule in spec.Objects(direction))
        {
            var at = $"spec.{direction}[{index++}]";
            var place = 0;
            foreach (var port in rule.Objects("ports"))
            {
                var path = $"{at}.ports[{place++}]";
                Rules.OneOf(port["protocol"], $"{path}.protocol", errors, "SCTP", "TCP", "UDP");
                Rules.PortOrName(port["port"], $"{path}.port", errors);
            }

            place = 0;
            foreach (var peer in rule.Objects(peers))
            {
                var path = $"{at}.{peers}[{place++}]";
                if (peer.Count == 0)
                {
                    errors.Required(path, "must specify a peer");
                }
                else if (peer.ContainsKey("ipBlock") && peer.Count > 1)
                {
                    errors.Forbidden(path, "may not specify both ipBlock and another peer");
                }

                Rules.Selector(peer["podSelector"], $"{path}.podSelector", errors);
                Rules.Selector(peer["namespaceSelector"], $"{path}.namespaceSelector", errors);
                if (peer.Text("ipBlock", "cidr") is { Length: > 0 } cidr && !System.Net.IPNetwork.TryParse(cidr, out _))
                {
                    errors.Invalid($"{path}.ipBlock.cidr", $"\"{cidr}\"", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
                }
            }
        }
    }
}
