using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Scheduling;

/// <summary>A node with what the pods on it take.</summary>
internal sealed class NodeState(JsonObject node)
{
    private readonly Dictionary<string, (JsonObject Pod, PodDemand Demand)> _pods = [];
    private readonly Dictionary<string, long> _used = [];

    /// <summary>Name.</summary>
    public string Name { get; } = node.Name();

    /// <summary>The node.</summary>
    public JsonObject Node { get; private set; } = node;

    /// <summary>What it offers.</summary>
    public Dictionary<string, long> Allocatable { get; private set; } = Offer(node);

    /// <summary>Pods on it.</summary>
    public IEnumerable<JsonObject> Pods => _pods.Values.Select(entry => entry.Pod);

    /// <summary>Number of pods on it.</summary>
    public int PodCount => _pods.Count;

    /// <summary>Amount taken of a resource.</summary>
    public long Used(string resource) => _used.GetValueOrDefault(resource);

    /// <summary>The node changed.</summary>
    public void Set(JsonObject node)
    {
        Node = node;
        Allocatable = Offer(node);
    }

    /// <summary>A pod is on the node, in its present state.</summary>
    public void Put(JsonObject pod)
    {
        var uid = pod.Uid();
        if (_pods.TryGetValue(uid, out var present))
        {
            _pods[uid] = (pod, present.Demand);
            return;
        }

        var demand = PodDemand.Of(pod);
        _pods[uid] = (pod, demand);
        foreach (var (name, amount) in demand.Amounts)
        {
            _used[name] = Used(name) + amount;
        }
    }

    /// <summary>A pod takes nothing any more.</summary>
    /// <returns>Whether it did.</returns>
    public bool Remove(string uid)
    {
        if (!_pods.Remove(uid, out var entry))
        {
            return false;
        }

        foreach (var (name, amount) in entry.Demand.Amounts)
        {
            _used[name] = Used(name) - amount;
        }

        return true;
    }

    /// <summary>The node as it would be without some of its pods.</summary>
    public NodeState Without(IReadOnlyCollection<JsonObject> pods)
    {
        var state = new NodeState(Node);
        foreach (var (pod, _) in _pods.Values)
        {
            if (!pods.Contains(pod))
            {
                state.Put(pod);
            }
        }

        return state;
    }

    /// <summary>Whether a pod on the node holds one of these ports.</summary>
    public bool HasConflict(PodDemand demand) => demand.Ports.Count > 0 && _pods.Values.Any(entry => entry.Demand.Ports.Any(held =>
        demand.Ports.Any(port => port.Port == held.Port && port.Protocol == held.Protocol && (port.Ip == held.Ip || port.Ip == "0.0.0.0" || held.Ip == "0.0.0.0"))));

    private static Dictionary<string, long> Offer(JsonObject node) => PodDemand.Read(node.Object("status", "allocatable") ?? node.Object("status", "capacity"));
}
