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
            if (type == "ClusterIP" && before.Text("type") is "NodePort" or "LoadBalancer")
            {
                DropUnneeded(spec, before);
            }
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
        CheckConflicts(obj, spec, old?.Object("spec"), context, errors);
        if (old?.Object("spec") is { } before && before.Text("type") != "ExternalName" && spec.Text("type") != "ExternalName")
        {
            var (now, then) = (spec.Texts("clusterIPs"), before.Texts("clusterIPs"));
            if (then.Count > 0 && (now.Count == 0 || now[0] != then[0]))
            {
                errors.Invalid("spec.clusterIPs[0]", spec["clusterIPs"]?.ToJsonString() ?? "null", "may not change once set");
            }
        }
    }

    /// <summary>Addresses and node ports that a client chose must be in range and free.</summary>
    private static void CheckConflicts(JsonObject obj, JsonObject spec, JsonObject? before, WriteContext context, FieldErrors errors)
    {
        var ip = spec.Text("clusterIP");
        var newAddress = ip is { Length: > 0 } and not "None" && ip != before.Text("clusterIP") && spec.Text("type") != "ExternalName";
        var held = before.Objects("ports").Select(port => (port.Integer("nodePort"), port.Text("protocol"))).ToHashSet();
        var newPorts = spec.Objects("ports").Select((port, index) => (Port: port, Index: index))
            .Where(entry => entry.Port.Integer("nodePort") is > 0 && !held.Contains((entry.Port.Integer("nodePort"), entry.Port.Text("protocol")))).ToList();
        if (!newAddress && newPorts.Count == 0)
        {
            return;
        }

        var others = context.Cluster.List(new ResourceName("", "services")).Where(other => other.Text("metadata", "uid") != obj.Text("metadata", "uid")).ToList();
        if (newAddress)
        {
            var fault = !ServiceAddresses.InRange(ip!, context.Cluster.ServiceNetwork) ? $"the provided IP ({ip}) is not in the valid range. The range of valid IPs is {ServiceAddresses.Range(context.Cluster.ServiceNetwork)}"
                : others.Exists(other => other.Text("spec", "clusterIP") == ip) ? "provided IP is already allocated"
                : null;
            if (fault is not null && System.Net.IPAddress.TryParse(ip, out _))
            {
                errors.Invalid("spec.clusterIPs", spec["clusterIPs"]?.ToJsonString() ?? "null", $"failed to allocate IP {ip}: {fault}");
            }
        }

        foreach (var (port, index) in newPorts)
        {
            if (others.SelectMany(other => other.Objects("spec", "ports"))
                .Any(other => other.Integer("nodePort") == port.Integer("nodePort") && other.Text("protocol") == port.Text("protocol")))
            {
                errors.Invalid($"spec.ports[{index}].nodePort", $"{port.Integer("nodePort")}", "provided port is already allocated");
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

    /// <summary>What only Services have that are reached from outside goes with the type, unless the client changed it.</summary>
    private static void DropUnneeded(JsonObject spec, JsonObject before)
    {
        foreach (var name in (ReadOnlySpan<string>)["externalTrafficPolicy", "allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"])
        {
            if (JsonNode.DeepEquals(spec[name], before[name]))
            {
                spec.Remove(name);
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
            spec["clusterIP"] = ServiceAddresses.Next($"{obj.Text("metadata", "namespace")}/{obj.Text("metadata", "name")}", taken, context.Cluster.ServiceNetwork, context.Cluster.ServiceSalt);
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
