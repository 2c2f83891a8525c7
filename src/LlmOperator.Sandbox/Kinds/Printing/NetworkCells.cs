using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Columns of networking kinds and of endpoint slices.</summary>
internal static class NetworkCells
{
    /// <summary>Ingresses.</summary>
    public static IReadOnlyList<Column> Ingress { get; } =
    [
        Cells.Name,
        Cells.Text("Class", "Class that serves it.", obj => Cells.OrNone(obj.Text("spec", "ingressClassName") ?? obj.Text("metadata", "annotations", "kubernetes.io/ingress.class"))),
        Cells.Text("Hosts", "Host names it answers to.", obj =>
            Cells.First([.. obj.Objects("spec", "rules").Select(rule => rule.Text("host") ?? "").Where(host => host.Length > 0)], 3, "*")),
        Cells.Text("Address", "Where it is reached.", obj => string.Join(',', obj.Objects("status", "loadBalancer", "ingress")
            .Select(ingress => ingress.Text("ip") is { Length: > 0 } ip ? ip : ingress.Text("hostname") ?? ""))),
        Cells.Text("Ports", "Ports of TLS offloads, services …", obj => obj.Objects("spec", "tls").Any() ? "80, 443" : "80"),
        Cells.Age,
    ];

    /// <summary>IngressClasses.</summary>
    public static IReadOnlyList<Column> IngressClass { get; } =
    [
        Cells.Name,
        Cells.Text("Controller", "Controller that serves the class.", obj => obj.Text("spec", "controller")),
        Cells.Text("Parameters", "Object with further settings.", Parameters),
        Cells.Age,
    ];

    /// <summary>NetworkPolicies.</summary>
    public static IReadOnlyList<Column> NetworkPolicy { get; } =
        [Cells.Name, Cells.Text("Pod-Selector", "Pods it is for.", obj => Cells.Selector(obj.At("spec", "podSelector"))), Cells.Age];

    /// <summary>IPAddresses.</summary>
    public static IReadOnlyList<Column> IPAddress { get; } =
    [
        Cells.Name,
        Cells.Text("ParentRef", "Object that has the address.", obj =>
        {
            var parts = new[] { "resource", "group", "namespace", "name" }.Select(field => obj.Text("spec", "parentRef", field) ?? "").ToArray();
            return $"{parts[0]}{(parts[1].Length > 0 ? "." + parts[1] : "")}/{(parts[2].Length > 0 ? parts[2] + "/" : "")}{parts[3]}";
        }),
        Cells.Age,
    ];

    /// <summary>ServiceCIDRs.</summary>
    public static IReadOnlyList<Column> ServiceCidr { get; } =
        [Cells.Name, Cells.Text("CIDRs", "Ranges of addresses.", obj => string.Join(',', obj.Texts("spec", "cidrs"))), Cells.Age];

    /// <summary>EndpointSlices.</summary>
    public static IReadOnlyList<Column> EndpointSlice { get; } =
    [
        Cells.Name,
        Cells.Text("AddressType", "IPv4, IPv6 or FQDN.", obj => obj.Text("addressType")),
        Cells.Text("Ports", "Ports of the endpoints.", obj => obj["ports"] is JsonArray { Count: > 0 }
            ? Cells.First([.. obj.Objects("ports").Select(port => Cells.Scalar(port["port"]) ?? "*")], 3)
            : Cells.Unset),
        Cells.Text("Endpoints", "Addresses.", obj => Cells.First([.. obj.Objects("endpoints").SelectMany(endpoint => endpoint.Texts("addresses"))], 3, Cells.Unset)),
        Cells.Age,
    ];

    private static string Parameters(JsonObject obj)
    {
        if (obj.Object("spec", "parameters") is not { } parameters)
        {
            return Cells.None;
        }

        var group = parameters.Text("apiGroup") is { Length: > 0 } named ? "." + named : "";
        return $"{parameters.Text("kind")}{group}/{parameters.Text("name")}";
    }
}
