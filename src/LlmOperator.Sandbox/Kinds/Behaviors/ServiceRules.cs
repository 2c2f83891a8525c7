using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Rules of a Service's spec.</summary>
internal static class ServiceRules
{
    /// <summary>Checks a spec.</summary>
    public static void Check(JsonObject spec, FieldErrors errors)
    {
        var type = spec.Text("type");
        Rules.OneOf(spec["type"], "spec.type", errors, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        Rules.OneOf(spec["sessionAffinity"], "spec.sessionAffinity", errors, "ClientIP", "None");
        Rules.OneOf(spec["internalTrafficPolicy"], "spec.internalTrafficPolicy", errors, "Cluster", "Local");
        Rules.OneOf(spec["externalTrafficPolicy"], "spec.externalTrafficPolicy", errors, "Cluster", "Local");
        if (spec.Object("selector") is { } selector)
        {
            ObjectMetaRules.ValidateLabels(selector, "spec.selector", errors);
        }

        var headless = spec.Text("clusterIP") == "None";
        if (type == "ExternalName")
        {
            if (spec.Text("externalName") is null or "")
            {
                errors.Required("spec.externalName");
            }
        }
        else if (!headless && spec["ports"] is not JsonArray { Count: > 0 })
        {
            errors.Required("spec.ports");
        }

        if (headless && type is "NodePort" or "LoadBalancer")
        {
            errors.Invalid("spec.clusterIPs[0]", "\"None\"", $"may not be set to 'None' for {type} services");
        }

        if (spec.Text("clusterIP") is { Length: > 0 } ip and not "None" && !System.Net.IPAddress.TryParse(ip, out _))
        {
            errors.Invalid("spec.clusterIPs[0]", $"\"{ip}\"", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }

        Ports(spec, type, errors);
    }

    private static void Ports(JsonObject spec, string? type, FieldErrors errors)
    {
        var ports = spec.Objects("ports").ToList();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<(long?, string?)>();
        for (var i = 0; i < ports.Count; i++)
        {
            var (port, at) = (ports[i], $"spec.ports[{i}]");
            var name = port.Text("name") ?? "";
            if (name.Length == 0 && ports.Count > 1)
            {
                errors.Required($"{at}.name");
            }
            else if (name.Length > 0)
            {
                Rules.Label(name, $"{at}.name", errors);
                if (!names.Add(name))
                {
                    errors.Duplicate($"{at}.name", $"\"{name}\"");
                }
            }

            Rules.Port(port["port"], $"{at}.port", errors);
            Rules.OneOf(port["protocol"], $"{at}.protocol", errors, "SCTP", "TCP", "UDP");
            Rules.PortOrName(port["targetPort"], $"{at}.targetPort", errors);
            if (port.Integer("nodePort") is { } nodePort and not 0)
            {
                if (type is "ClusterIP" or "ExternalName")
                {
                    errors.Forbidden($"{at}.nodePort", $"may not be used when `type` is '{type}'");
                }
                else if (nodePort is < 30000 or > 32767)
                {
                    errors.Invalid($"{at}.nodePort", $"{nodePort}", "provided port is not in the valid range. The range of valid ports is 30000-32767");
                }
            }

            if (!seen.Add((port.Integer("port"), port.Text("protocol"))))
            {
                errors.Duplicate(at, new JsonObject { ["protocol"] = port.Text("protocol"), ["port"] = port.Integer("port") }.ToJsonString());
            }
        }
    }
}
