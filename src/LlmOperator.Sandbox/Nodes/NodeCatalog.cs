using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>Node objects from a file, checked before a cluster starts with them.</summary>
internal static class NodeCatalog
{
    /// <summary>Checks objects that are to be the sandbox's nodes. A NodeList or List stands for its items.</summary>
    /// <exception cref="ArgumentException">One of them is no Node, or one that cannot run pods; the message names the field and the remedy.</exception>
    public static IReadOnlyList<JsonObject> Read(IEnumerable<JsonObject> objects)
    {
        var nodes = new List<JsonObject>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var obj in objects.SelectMany(Items))
        {
            var name = obj.Text("metadata", "name");
            var which = $"node {nodes.Count + 1}" + (name is null ? "" : $" (\"{name}\")");
            if (obj.Text("kind") != "Node" || obj.Text("apiVersion") != "v1")
            {
                throw new ArgumentException($"{which}: apiVersion and kind must be v1 and Node, not {obj.Text("apiVersion") ?? "none"} and {obj.Text("kind") ?? "none"}");
            }

            if (string.IsNullOrEmpty(name))
            {
                throw new ArgumentException($"{which}: metadata.name is missing");
            }

            if (!names.Add(name))
            {
                throw new ArgumentException($"{which}: metadata.name is used twice; give each node a name of its own");
            }

            var copy = obj.Copy();
            CheckResources(copy, which);
            CheckTaints(copy, which);
            nodes.Add(copy);
        }

        return nodes.Count > 0 ? nodes : throw new ArgumentException("no nodes given: write at least one object of kind Node, or leave the nodes out to get the default ones");
    }

    private static IEnumerable<JsonObject> Items(JsonObject obj) =>
        obj.Text("kind") is "List" or "NodeList" && obj["items"] is JsonArray
            ? obj.Objects("items").Select(item => WithKind(item, obj.Text("kind") == "NodeList"))
            : [obj];

    /// <summary>Items of a typed list need not repeat their kind.</summary>
    private static JsonObject WithKind(JsonObject item, bool typed)
    {
        if (!typed || item.ContainsKey("kind"))
        {
            return item;
        }

        var copy = item.Copy();
        copy["apiVersion"] = "v1";
        copy["kind"] = "Node";
        return copy;
    }

    private static void CheckResources(JsonObject node, string which)
    {
        foreach (var field in (ReadOnlySpan<string>)["capacity", "allocatable"])
        {
            foreach (var (resource, amount) in node.Object("status", field) ?? [])
            {
                var text = amount.Text() ?? amount?.ToJsonString();
                if (!Quantity.TryParse(text, out var quantity) || quantity.Sign < 0)
                {
                    throw new ArgumentException($"{which}: status.{field}[\"{resource}\"] is {text ?? "null"}; write a quantity such as 8, 500m or 32Gi");
                }
            }
        }

        foreach (var resource in (ReadOnlySpan<string>)["cpu", "memory"])
        {
            if (node.At("status", "capacity", resource) is null && node.At("status", "allocatable", resource) is null)
            {
                throw new ArgumentException($"{which}: status.capacity.{resource} is missing; without it no pod fits on the node");
            }
        }
    }

    private static void CheckTaints(JsonObject node, string which)
    {
        var index = 0;
        foreach (var taint in node.Objects("spec", "taints"))
        {
            if (taint.Text("effect") is not ("NoSchedule" or "PreferNoSchedule" or "NoExecute"))
            {
                throw new ArgumentException($"{which}: spec.taints[{index}].effect is {taint.Text("effect") ?? "missing"}; write NoSchedule, PreferNoSchedule or NoExecute");
            }

            index++;
        }
    }
}
