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

/// <summary>Ingresses.</summary>
internal sealed class IngressBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (old is null)
        {
            obj["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource == "status")
        {
            return;
        }

        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        if (spec["rules"] is not JsonArray { Count: > 0 } && spec["defaultBackend"] is null)
        {
            errors.Invalid("spec", "[]", "either `defaultBackend` or `rules` must be specified");
        }

        Backend(spec.Object("defaultBackend"), "spec.defaultBackend", errors);
        var index = 0;
        foreach (var rule in spec.Objects("rules"))
        {
            var at = $"spec.rules[{index++}]";
            if (rule.Text("host") is { Length: > 0 } host && ObjectMetaRules.SubdomainFault(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) is { } fault)
            {
                errors.Invalid($"{at}.host", $"\"{host}\"", fault);
            }

            var place = 0;
            foreach (var path in rule.Objects("http", "paths"))
            {
                var here = $"{at}.http.paths[{place++}]";
                Rules.OneOf(path["pathType"], $"{here}.pathType", errors, "Exact", "ImplementationSpecific", "Prefix");
                if (path.Text("pathType") is "Exact" or "Prefix" && path.Text("path")?.StartsWith('/') != true)
                {
                    errors.Invalid($"{here}.path", Rules.Quote(path["path"] ?? ""), "must be an absolute path");
                }

                Backend(path.Object("backend"), $"{here}.backend", errors);
            }
        }
    }

    private static void Backend(JsonObject? backend, string path, FieldErrors errors)
    {
        if (backend is null)
        {
            return;
        }

        if (backend.Object("service") is not { } service)
        {
            if (!backend.ContainsKey("resource"))
            {
                errors.Required(path, "resource or service backend is required");
            }

            return;
        }

        if (backend.ContainsKey("resource"))
        {
            errors.Invalid(path, "\"\"", "cannot set both resource and service backends");
        }

        var (name, number) = (service.Text("port", "name") ?? "", service.Integer("port", "number") ?? 0);
        if (name.Length > 0 == (number != 0))
        {
            errors.Required($"{path}", name.Length > 0 ? "cannot set both port name & port number" : "port name or number is required");
        }
    }
}

/// <summary>Endpoint slices, whose lists are served as null when empty.</summary>
internal sealed class EndpointSliceBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        foreach (var port in obj.Objects("ports"))
        {
            port["name"] ??= "";
        }
    }

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        foreach (var name in (ReadOnlySpan<string>)["endpoints", "ports"])
        {
            if (obj[name] is null or JsonArray { Count: 0 })
            {
                obj[name] = null;
            }
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        Rules.OneOf(obj["addressType"], "addressType", errors, "FQDN", "IPv4", "IPv6");
        if (old is not null)
        {
            Rules.Unchanged(obj["addressType"], old["addressType"], "addressType", errors);
        }

        var index = 0;
        foreach (var endpoint in obj.Objects("endpoints"))
        {
            var at = $"endpoints[{index++}].addresses";
            if (endpoint["addresses"] is JsonArray { Count: 0 })
            {
                errors.Required(at, "must contain at least 1 address");
            }

            var place = 0;
            foreach (var address in endpoint.Texts("addresses"))
            {
                if (obj.Text("addressType") is "IPv4" or "IPv6" && !System.Net.IPAddress.TryParse(address, out _))
                {
                    errors.Invalid($"{at}[{place}]", $"\"{address}\"", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
                }

                place++;
            }
        }
    }
}
