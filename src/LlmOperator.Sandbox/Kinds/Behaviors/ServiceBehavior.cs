using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Services: addresses and node ports are allotted on creation and kept.</summary>
internal sealed class ServiceBehavior : BuiltinBehavior
{
    private const int FirstNodePort = 30000;
    private const int LastNodePort = 32767;

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        var spec = obj.Child("spec");
        var type = spec.Text("type");
        foreach (var port in spec.Objects("ports"))
        {
            if (port["targetPort"] is null || port.Integer("targetPort") == 0 || port.Text("targetPort") == "")
            {
                port["targetPort"] = port["port"]?.DeepClone();
            }
        }

        if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.Child("sessionAffinityConfig").Child("clientIP")["timeoutSeconds"] ??= 10800;
        }
        else
        {
            spec.Remove("sessionAffinityConfig");
        }

        if (type is "NodePort" or "LoadBalancer")
        {
            spec["externalTrafficPolicy"] ??= "Cluster";
        }

        if (type == "LoadBalancer")
        {
            spec["allocateLoadBalancerNodePorts"] ??= true;
        }

        if (type != "ExternalName")
        {
            spec["internalTrafficPolicy"] ??= "Cluster";
        }
    }

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        base.Prepare(obj, old, context);
        if (context.Subresource is not null)
        {
            return;
        }

        if (old is null)
        {
            obj["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        }

        var spec = obj.Child("spec");
        var before = old?.Object("spec");
        var type = spec.Text("type");
        if (type == "ExternalName")
        {
            foreach (var name in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
            {
                if (before is not null && JsonNode.DeepEquals(spec[name], before[name]))
                {
                    spec.Remove(name);
                }
            }

            return;
        }

        if (before is not null)
        {
            KeepAddresses(spec, before);
            KeepNodePorts(spec, before);
        }

        AllotAddress(obj, spec, context);
        if (type is "NodePort" || (type == "LoadBalancer" && spec.Flag("allocateLoadBalancerNodePorts") != false))
        {
            AllotNodePorts(obj, spec, context);
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource is not null)
        {
            return;
        }

        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        ServiceRules.Check(spec, errors);
        if (old?.Object("spec") is { } before && before.Text("type") != "ExternalName" && spec.Text("type") != "ExternalName")
        {
            var (now, then) = (spec.Texts("clusterIPs"), before.Texts("clusterIPs"));
            if (then.Count > 0 && (now.Count == 0 || now[0] != then[0]))
            {
                errors.Invalid("spec.clusterIPs[0]", spec["clusterIPs"]?.ToJsonString() ?? "null", "may not change once set");
            }
        }
    }

    /// <summary>A client that leaves the addresses out means those there are.</summary>
    private static void KeepAddresses(JsonObject spec, JsonObject before)
    {
        if (before.Text("clusterIP") is { Length: > 0 } && before.Text("type") != "ExternalName")
        {
            var (ip, old) = (spec.Text("clusterIP") ?? "", before.Text("clusterIP"));
            var list = spec.Texts("clusterIPs");
            if (ip.Length == 0 && list.Count == 0)
            {
                spec["clusterIP"] = old;
                spec["clusterIPs"] = before["clusterIPs"]?.DeepClone();
            }
            else if (ip.Length == 0)
            {
                spec["clusterIP"] = list[0];
            }
            else if (ip != old && list.SequenceEqual(before.Texts("clusterIPs")))
            {
                spec["clusterIPs"] = new JsonArray(ip);
            }
        }

        foreach (var name in (ReadOnlySpan<string>)["ipFamilies", "ipFamilyPolicy"])
        {
            if (!spec.ContainsKey(name) && before[name] is { } value)
            {
                spec[name] = value.DeepClone();
            }
        }
    }

    private static void KeepNodePorts(JsonObject spec, JsonObject before)
    {
        if (spec.Text("type") is not ("NodePort" or "LoadBalancer"))
        {
            // A change to ClusterIP gives them back, unless the client sent new ones, which validation then refuses.
            foreach (var port in spec.Objects("ports").Where(port => before.Objects("ports").Any(known => known.Integer("nodePort") == port.Integer("nodePort"))))
            {
                if (before.Text("type") != spec.Text("type"))
                {
                    port.Remove("nodePort");
                }
            }

            return;
        }

        foreach (var port in spec.Objects("ports").Where(port => port.Integer("nodePort") is null or 0))
        {
            var known = before.Objects("ports").FirstOrDefault(candidate => candidate.Integer("port") == port.Integer("port") && candidate.Text("protocol") == port.Text("protocol"));
            if (known?.Integer("nodePort") is { } nodePort and > 0)
            {
                port["nodePort"] = nodePort;
            }
        }
    }

    private static void AllotAddress(JsonObject obj, JsonObject spec, WriteContext context)
    {
        if (string.IsNullOrEmpty(spec.Text("clusterIP")) && spec.Texts("clusterIPs") is [var given, ..])
        {
            spec["clusterIP"] = given;
        }

        if (spec.Text("clusterIP") is null or "")
        {
            var taken = context.Cluster.List(new ResourceName("", "services")).Select(service => service.Text("spec", "clusterIP")).ToHashSet();
            spec["clusterIP"] = ServiceAddresses.Next($"{obj.Text("metadata", "namespace")}/{obj.Text("metadata", "name")}", taken);
        }

        spec["clusterIPs"] ??= new JsonArray(spec.Text("clusterIP"));
        spec["ipFamilyPolicy"] ??= "SingleStack";
        if (spec["ipFamilies"] is not JsonArray { Count: > 0 })
        {
            spec["ipFamilies"] = new JsonArray("IPv4");
        }
    }

    private static void AllotNodePorts(JsonObject obj, JsonObject spec, WriteContext context)
    {
        HashSet<long>? taken = null;
        foreach (var port in spec.Objects("ports").Where(port => port.Integer("nodePort") is null or 0))
        {
            taken ??= [.. context.Cluster.List(new ResourceName("", "services"))
                .Append(obj)
                .SelectMany(service => service.Objects("spec", "ports"))
                .Select(known => known.Integer("nodePort") ?? 0)];
            var size = LastNodePort - FirstNodePort + 1;
            var start = (int)(ServiceAddresses.Hash($"{obj.Text("metadata", "namespace")}/{obj.Text("metadata", "name")}:{port.Integer("port")}") % (uint)size);
            for (var i = 0; i < size; i++)
            {
                var candidate = FirstNodePort + ((start + i) % size);
                if (taken.Add(candidate))
                {
                    port["nodePort"] = candidate;
                    break;
                }
            }
        }
    }
}

/// <summary>Addresses for Services out of 10.96.0.0/12: where a name falls, or the next free one.</summary>
internal static class ServiceAddresses
{
    private const uint First = (10u << 24) | (96u << 16);
    private const uint Size = 1u << 20;

    // The first addresses are where clusters put their API server and DNS.
    private const uint Reserved = 16;

    /// <summary>A free address for a name.</summary>
    public static string Next(string name, IReadOnlySet<string?> taken)
    {
        var usable = Size - Reserved - 1;
        var start = Hash(name) % usable;
        for (uint i = 0; i < usable; i++)
        {
            var address = First + Reserved + ((start + i) % usable);
            var text = $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}";
            if (!taken.Contains(text))
            {
                return text;
            }
        }

        throw new Server.StatusException(500, "InternalError", "Internal error occurred: failed to allocate a serviceIP: range is full");
    }

    /// <summary>FNV-1a, the same in every process.</summary>
    public static uint Hash(string text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 16777619u;
        }

        return hash;
    }
}

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
