using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Scheduling;

/// <summary>What a pod asks of a node: thousandths of a CPU, bytes, devices.</summary>
internal sealed class PodDemand
{
    private PodDemand(Dictionary<string, long> amounts, List<(string Protocol, string Ip, long Port)> ports)
    {
        Amounts = amounts;
        Ports = ports;
    }

    /// <summary>Amount by resource.</summary>
    public IReadOnlyDictionary<string, long> Amounts { get; }

    /// <summary>Ports of the host.</summary>
    public IReadOnlyList<(string Protocol, string Ip, long Port)> Ports { get; }

    /// <summary>Reads a pod's demand.</summary>
    public static PodDemand Of(JsonObject pod)
    {
        var total = new Dictionary<string, long>();
        foreach (var container in pod.Objects("spec", "containers"))
        {
            Add(total, Requests(container.Object("resources")));
        }

        // Init containers run one after another beside the sidecars started so far; the pod needs the greatest sum of all stages.
        var sidecars = new Dictionary<string, long>();
        var stages = new Dictionary<string, long>();
        foreach (var container in pod.Objects("spec", "initContainers"))
        {
            var requests = Requests(container.Object("resources"));
            if (container.Text("restartPolicy") == "Always")
            {
                Add(total, requests);
                Add(sidecars, requests);
                Raise(stages, sidecars);
            }
            else
            {
                Add(requests, sidecars);
                Raise(stages, requests);
            }
        }

        Raise(total, stages);
        foreach (var (name, amount) in Requests(pod.Object("spec", "resources")))
        {
            total[name] = amount;
        }

        Add(total, Read(pod.Object("spec", "overhead")));
        var ports = pod.Objects("spec", "containers").SelectMany(container => container.Objects("ports"))
            .Where(port => port.Integer("hostPort") > 0)
            .Select(port => (port.Text("protocol") ?? "TCP", port.Text("hostIP") ?? "0.0.0.0", port.Integer("hostPort")!.Value))
            .ToList();
        return new PodDemand(total, ports);
    }

    /// <summary>Amounts of a resource list.</summary>
    public static Dictionary<string, long> Read(JsonObject? list)
    {
        var amounts = new Dictionary<string, long>();
        foreach (var (name, value) in list ?? [])
        {
            if (value is not null && Quantity.TryParse(value.Text() ?? value.ToJsonString(), out var quantity))
            {
                amounts[name] = name == "cpu" ? quantity.MilliValue : quantity.Value;
            }
        }

        return amounts;
    }

    private static Dictionary<string, long> Requests(JsonObject? resources)
    {
        var amounts = Read(resources.Object("limits"));
        foreach (var (name, amount) in Read(resources.Object("requests")))
        {
            amounts[name] = amount;
        }

        return amounts;
    }

    private static void Add(Dictionary<string, long> to, Dictionary<string, long> amounts)
    {
        foreach (var (name, amount) in amounts)
        {
            to[name] = to.GetValueOrDefault(name) + amount;
        }
    }

    private static void Raise(Dictionary<string, long> to, Dictionary<string, long> amounts)
    {
        foreach (var (name, amount) in amounts)
        {
            to[name] = Math.Max(to.GetValueOrDefault(name), amount);
        }
    }
}
