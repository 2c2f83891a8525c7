using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Scheduling;

/// <summary>Rules between pods: topology spread and (anti-)affinity, worked out once a pod over all nodes.</summary>
internal sealed class PodNeighbours
{
    private const string Spread = "node(s) didn't match pod topology spread constraints";
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";

    private readonly JsonObject _pod;
    private readonly ICluster _cluster;
    private readonly List<(string Key, long MaxSkew, bool Self, Dictionary<string, long> Counts, long Least)> _spread = [];
    private readonly List<(string Key, HashSet<string> Values, bool First)> _affinity = [];
    private readonly List<(string Key, HashSet<string> Values)> _antiAffinity = [];
    private readonly HashSet<(string Key, string Value)> _repelled = [];

    /// <summary>Reads a pod's rules against the pods there are.</summary>
    public PodNeighbours(JsonObject pod, IReadOnlyCollection<NodeState> nodes, ICluster cluster)
    {
        (_pod, _cluster) = (pod, cluster);
        ReadSpread(nodes);
        ReadAffinity(nodes);
        ReadRepelled(nodes);
    }

    /// <summary>Why the pod may not go to a node; null when it may.</summary>
    public Refusal? Check(JsonObject node)
    {
        foreach (var (key, maxSkew, self, counts, least) in _spread)
        {
            if (node.Label(key) is not { } value)
            {
                return new Refusal($"{Spread} (missing required label)", Final: true);
            }

            if (counts.GetValueOrDefault(value) + (self ? 1 : 0) - least > maxSkew)
            {
                return new Refusal(Spread, Final: false);
            }
        }

        foreach (var (key, values, first) in _affinity)
        {
            if (node.Label(key) is not { } value || !(values.Contains(value) || first))
            {
                return new Refusal("node(s) didn't match pod affinity rules", Final: true);
            }
        }

        foreach (var (key, values) in _antiAffinity)
        {
            if (node.Label(key) is { } value && values.Contains(value))
            {
                return new Refusal("node(s) didn't match pod anti-affinity rules", Final: false);
            }
        }

        return _repelled.Any(rule => node.Label(rule.Key) == rule.Value)
            ? new Refusal("node(s) didn't satisfy existing pods anti-affinity rules", Final: false)
            : null;
    }

    private void ReadSpread(IReadOnlyCollection<NodeState> nodes)
    {
        var constraints = _pod.Objects("spec", "topologySpreadConstraints").Where(constraint => constraint.Text("whenUnsatisfiable") != "ScheduleAnyway").ToList();
        foreach (var constraint in constraints)
        {
            var key = constraint.Text("topologyKey") ?? "";
            var selector = LabelSelector.Of(constraint.Object("labelSelector"));
            var same = constraint.Texts("matchLabelKeys");
            bool Counted(JsonObject other) => other.Namespace() == _pod.Namespace() && !other.IsDeleting() && selector?.Matches(other) == true
                && same.All(label => other.Label(label) == _pod.Label(label));
            var counts = new Dictionary<string, long>();
            foreach (var node in nodes)
            {
                if (node.Node.Label(key) is not { } value || constraints.Any(each => node.Node.Label(each.Text("topologyKey") ?? "") is null)
                    || (constraint.Text("nodeAffinityPolicy") != "Ignore" && !NodeMatching.Selects(_pod, node.Node))
                    || (constraint.Text("nodeTaintsPolicy") == "Honor" && NodeMatching.Untolerated(_pod, node.Node) is not null))
                {
                    continue;
                }

                counts[value] = counts.GetValueOrDefault(value) + node.Pods.Count(Counted);
            }

            var least = counts.Count == 0 || counts.Count < (constraint.Integer("minDomains") ?? 1) ? 0 : counts.Values.Min();
            _spread.Add((key, constraint.Integer("maxSkew") ?? 1, selector?.Matches(_pod) == true, counts, least));
        }
    }

    private void ReadAffinity(IReadOnlyCollection<NodeState> nodes)
    {
        foreach (var term in _pod.Objects("spec", "affinity", "podAffinity", Required))
        {
            var values = Places(term, nodes);

            // The first pod of a group that wants to be together has nobody to join.
            _affinity.Add((term.Text("topologyKey") ?? "", values, values.Count == 0 && Means(term, _pod, _pod)));
        }

        foreach (var term in _pod.Objects("spec", "affinity", "podAntiAffinity", Required))
        {
            _antiAffinity.Add((term.Text("topologyKey") ?? "", Places(term, nodes)));
        }
    }

    private void ReadRepelled(IReadOnlyCollection<NodeState> nodes)
    {
        foreach (var node in nodes)
        {
            foreach (var other in node.Pods)
            {
                foreach (var term in other.Objects("spec", "affinity", "podAntiAffinity", Required))
                {
                    if (term.Text("topologyKey") is { } key && node.Node.Label(key) is { } value && Means(term, other, _pod))
                    {
                        _repelled.Add((key, value));
                    }
                }
            }
        }
    }

    private HashSet<string> Places(JsonObject term, IReadOnlyCollection<NodeState> nodes)
    {
        var key = term.Text("topologyKey") ?? "";
        var values = new HashSet<string>();
        foreach (var node in nodes)
        {
            if (node.Node.Label(key) is { } value && !values.Contains(value) && node.Pods.Any(other => Means(term, _pod, other)))
            {
                values.Add(value);
            }
        }

        return values;
    }

    private bool Means(JsonObject term, JsonObject owner, JsonObject other)
    {
        var namespaces = term.Texts("namespaces");
        var selector = term.Object("namespaceSelector");
        var inNamespace = namespaces.Contains(other.Namespace() ?? "")
            || (selector is null && namespaces.Count == 0 && other.Namespace() == owner.Namespace())
            || (selector is not null && _cluster.Get(new ObjectRef(Resources.Namespaces, null, other.Namespace() ?? "")) is { } ns
                && LabelSelector.Of(selector)!.Matches(ns));
        return inNamespace && LabelSelector.Of(term.Object("labelSelector"))?.Matches(other) == true;
    }
}

/// <summary>Why a pod may not go to a node.</summary>
/// <param name="Reason">In the scheduler's words.</param>
/// <param name="Final">Whether removing other pods would not help.</param>
internal readonly record struct Refusal(string Reason, bool Final);
