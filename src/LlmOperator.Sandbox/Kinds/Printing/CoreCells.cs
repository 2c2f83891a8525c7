using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Columns of the core group's kinds other than pods and what makes them.</summary>
internal static class CoreCells
{
    /// <summary>ConfigMaps.</summary>
    public static IReadOnlyList<Column> ConfigMap { get; } = [Cells.Name, Cells.Number("Data", "Number of keys.", obj => Count(obj["data"]) + Count(obj["binaryData"])), Cells.Age];

    /// <summary>Secrets.</summary>
    public static IReadOnlyList<Column> Secret { get; } =
        [Cells.Name, Cells.Text("Type", "What the keys mean.", obj => obj.Text("type")), Cells.Number("Data", "Number of keys.", obj => Count(obj["data"])), Cells.Age];

    /// <summary>ServiceAccounts.</summary>
    public static IReadOnlyList<Column> ServiceAccount { get; } = [Cells.Name, Cells.Number("Secrets", "Secrets it may use.", obj => Count(obj["secrets"])), Cells.Age];

    /// <summary>Namespaces.</summary>
    public static IReadOnlyList<Column> Namespace { get; } = [Cells.Name, Cells.Text("Status", "Active or Terminating.", obj => obj.Text("status", "phase")), Cells.Age];

    /// <summary>Nodes.</summary>
    public static IReadOnlyList<Column> Node { get; } =
    [
        Cells.Name,
        Cells.Text("Status", "Whether the node is ready and takes pods.", NodeStatus),
        Cells.Text("Roles", "Roles its labels give it.", NodeRoles),
        Cells.Age,
        Cells.Text("Version", "Version of its kubelet.", obj => obj.Text("status", "nodeInfo", "kubeletVersion")),
        Cells.Text("Internal-IP", "Address inside the cluster.", obj => NodeAddress(obj, "InternalIP"), 1),
        Cells.Text("External-IP", "Address from outside.", obj => NodeAddress(obj, "ExternalIP"), 1),
        Cells.Text("OS-Image", "Operating system.", obj => NodeFact(obj, "osImage"), 1),
        Cells.Text("Kernel-Version", "Kernel.", obj => NodeFact(obj, "kernelVersion"), 1),
        Cells.Text("Container-Runtime", "Container runtime and its version.", obj => NodeFact(obj, "containerRuntimeVersion"), 1),
    ];

    /// <summary>Services.</summary>
    public static IReadOnlyList<Column> Service { get; } =
    [
        Cells.Name,
        Cells.Text("Type", "How it is reached.", obj => obj.Text("spec", "type")),
        Cells.Text("Cluster-IP", "Address inside the cluster.", obj => Cells.OrNone(obj.Texts("spec", "clusterIPs") is [var first, ..] ? first : obj.Text("spec", "clusterIP"))),
        Cells.Text("External-IP", "Address from outside.", ExternalAddress),
        Cells.Text("Port(s)", "Ports, and where they lie on nodes.", ServicePorts),
        Cells.Age,
        Cells.Text("Selector", "Labels of the pods behind it.", obj => Cells.Labels(obj.At("spec", "selector")), 1),
    ];

    /// <summary>Endpoints.</summary>
    public static IReadOnlyList<Column> Endpoints { get; } = [Cells.Name, Cells.Text("Endpoints", "Addresses with their ports.", EndpointList), Cells.Age];

    /// <summary>ResourceQuotas.</summary>
    public static IReadOnlyList<Column> ResourceQuota { get; } =
    [
        Cells.Name,
        Cells.Text("Request", "Use and limit of requests and counts.", obj => Quota(obj, limits: false)),
        Cells.Text("Limit", "Use and limit of limits.", obj => Quota(obj, limits: true)),
        Cells.Age,
    ];

    /// <summary>LimitRanges.</summary>
    public static IReadOnlyList<Column> LimitRange { get; } = [Cells.Name, Cells.CreatedAt];

    private static int Count(JsonNode? node) => node switch { JsonObject map => map.Count, JsonArray list => list.Count, _ => 0 };

    private static string NodeStatus(JsonObject node)
    {
        var ready = Cells.Condition(node, "Ready") switch { "True" => "Ready", null => "Unknown", _ => "NotReady" };
        return node.Flag("spec", "unschedulable") == true ? $"{ready},SchedulingDisabled" : ready;
    }

    private static string NodeRoles(JsonObject node)
    {
        const string Prefix = "node-role.kubernetes.io/";
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in node.Object("metadata", "labels") ?? [])
        {
            if (key.StartsWith(Prefix, StringComparison.Ordinal) && key.Length > Prefix.Length)
            {
                roles.Add(key[Prefix.Length..]);
            }
            else if (key == "kubernetes.io/role" && value.Text() is { Length: > 0 } role)
            {
                roles.Add(role);
            }
        }

        return Cells.OrNone(string.Join(',', roles));
    }

    private static string NodeAddress(JsonObject node, string type) =>
        Cells.OrNone(node.Objects("status", "addresses").FirstOrDefault(address => address.Text("type") == type)?.Text("address"));

    private static string NodeFact(JsonObject node, string field) => node.Text("status", "nodeInfo", field) is { Length: > 0 } fact ? fact : Cells.Unknown;

    private static string ExternalAddress(JsonObject service)
    {
        var external = service.Texts("spec", "externalIPs");
        switch (service.Text("spec", "type"))
        {
            case "ExternalName":
                return service.Text("spec", "externalName") ?? "";
            case "LoadBalancer":
                var addresses = service.Objects("status", "loadBalancer", "ingress")
                    .Select(ingress => ingress.Text("ip") is { Length: > 0 } ip ? ip : ingress.Text("hostname") ?? "")
                    .Concat(external);
                return string.Join(',', addresses) is { Length: > 0 } list ? list : "<pending>";
            default:
                return external.Count == 0 ? Cells.None : string.Join(',', external);
        }
    }

    private static string ServicePorts(JsonObject service) => Cells.OrNone(string.Join(',', service.Objects("spec", "ports").Select(port =>
        port.Integer("nodePort") is { } nodePort and > 0
            ? $"{port.Integer("port")}:{nodePort}/{port.Text("protocol")}"
            : $"{port.Integer("port")}/{port.Text("protocol")}")));

    private static string EndpointList(JsonObject endpoints)
    {
        var list = new List<string>();
        foreach (var subset in endpoints.Objects("subsets"))
        {
            var ports = subset.Objects("ports").ToList();
            var addresses = subset.Objects("addresses").Select(address => address.Text("ip") ?? "").ToList();
            list.AddRange(ports.Count == 0 ? addresses : ports.SelectMany(port => addresses.Select(ip => $"{ip}:{port.Integer("port")}")));
        }

        return Cells.First(list, 3);
    }

    private static string Quota(JsonObject quota, bool limits)
    {
        var used = quota.Object("status", "used") ?? [];
        return string.Join(", ", (quota.Object("status", "hard") ?? [])
            .Where(resource => resource.Key.StartsWith("limits.", StringComparison.Ordinal) == limits)
            .OrderBy(resource => resource.Key, StringComparer.Ordinal)
            .Select(resource => $"{resource.Key}: {Cells.Scalar(used[resource.Key]) ?? "0"}/{Cells.Scalar(resource.Value)}"));
    }
}
