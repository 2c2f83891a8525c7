using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Engines;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Endpoints;

/// <summary>
/// Who may reach an endpoint's pods, and what they may reach. In: the gateway of the namespace, monitoring, whom the spec names, and where vectors are made the operator. Out: name resolution, the receivers of traces, and the registry only where weights are fetched from it.
/// Addresses of registries and receivers change and a policy knows no host names, so what is let out there is a port.
/// </summary>
internal static class NetworkRules
{
    private const string Ingress = "Ingress";
    private const string Egress = "Egress";
    private const string MonitoringNamespace = "monitoring";
    private const string NamespaceName = "kubernetes.io/metadata.name";
    private const int DnsPort = 53;
    private const int HttpsPort = 443;

    public static NetworkPolicySpec Of(EndpointSettings settings) => new()
    {
        PodSelector = new() { MatchLabels = ObjectNames.AllPods(settings.Endpoint) },
        PolicyTypes = [Ingress, Egress],
        Ingress = [.. In(settings)],
        Egress = [.. Out(settings)],
    };

    /// <summary>
    /// The policy while pods of an earlier revision may still answer: where the sidecar was put in front of the engine, or taken away, they are reached at the port they had.
    /// </summary>
    public static NetworkPolicy WhileRolling(NetworkPolicy wanted, NetworkPolicy? live, EndpointSettings settings)
    {
        var rule = wanted.Spec!.Ingress![0];
        var earlier = (live?.Spec?.Ingress ?? []).SelectMany(rule => rule.Ports ?? []).Select(port => port.Port?.Number)
            .Intersect(PromptTraceSidecar.PodPorts(settings).Cast<int?>()).Except(rule.Ports!.Select(port => port.Port?.Number))
            .Select(port => Tcp(port!.Value)).ToList();
        return earlier.Count == 0 ? wanted : wanted with { Spec = wanted.Spec with { Ingress = [rule with { Ports = [.. rule.Ports!, .. earlier] }, .. wanted.Spec.Ingress.Skip(1)] } };
    }

    private static IEnumerable<NetworkPolicyIngressRule> In(EndpointSettings settings)
    {
        yield return new()
        {
            Ports = [Tcp(PromptTraceSidecar.PodPort(settings))],
            From =
            [
                new() { PodSelector = Labels(ObjectNames.GatewayPods) },
                Monitoring,

                // The operator has the vectors of an index made anew where their model changes.
                .. settings.ModelSpec.Task == ModelTask.Embed ? [Operator] : Array.Empty<NetworkPolicyPeer>(),
                .. (settings.Spec.NetworkPolicy?.AllowFrom ?? []).Select(peer => new NetworkPolicyPeer
                {
                    PodSelector = peer.PodLabels is { } pods ? Labels(pods) : null,
                    NamespaceSelector = peer.NamespaceLabels is { } namespaces ? Labels(namespaces) : null,
                }),
            ],
        };
        if (PromptTraceSidecar.IsWanted(settings))
        {
            yield return new() { Ports = [Tcp(PromptTraceSidecar.MetricsPort(settings))], From = [Monitoring] };
        }

        if (settings.Nodes > 1)
        {
            yield return new() { From = [Group(settings)] };
        }
    }

    private static IEnumerable<NetworkPolicyEgressRule> Out(EndpointSettings settings)
    {
        yield return new() { Ports = [new() { Port = DnsPort, Protocol = "UDP" }, new() { Port = DnsPort, Protocol = "TCP" }] };
        var ports = RegistryPorts(settings);
        ports.UnionWith(PromptTraceSidecar.IsWanted(settings) ? TraceExporters.Ports(settings) : []);
        if (ports.Count > 0)
        {
            yield return new() { Ports = [.. ports.Select(Tcp)] };
        }

        if (settings.Nodes > 1)
        {
            yield return new() { To = [Group(settings)] };
        }
    }

    /// <summary>Ports of the registries that the pod itself fetches from. Images and volumes are the node's business.</summary>
    private static SortedSet<int> RegistryPorts(EndpointSettings settings)
    {
        IEnumerable<ModelSource> fetched =
        [
            .. ModelVolume.Mounted(settings) is null ? [settings.ModelSpec.Source] : Array.Empty<ModelSource>(),
            .. ModelAdapters.AreFetched(settings) ? settings.ModelSpec.Adapters!.Select(adapter => adapter.Source).Where(source => source.HuggingFace is not null) : [],
        ];
        var ports = new SortedSet<int>();
        foreach (var source in fetched)
        {
            // Also where a mirror answers on a port of its own: large files are redirected to where they lie, and web identity asks AWS.
            ports.Add(HttpsPort);
            if ((source.HuggingFace?.Endpoint ?? source.S3?.Endpoint) is { } address && Uri.TryCreate(address, UriKind.Absolute, out var url))
            {
                ports.Add(url.Port);
            }
        }

        return ports;
    }

    private static NetworkPolicyPeer Monitoring => new() { NamespaceSelector = Labels(new Dictionary<string, string> { [NamespaceName] = MonitoringNamespace }) };

    private static NetworkPolicyPeer Operator => new()
    {
        PodSelector = Labels(new Dictionary<string, string> { ["app.kubernetes.io/name"] = ObjectNames.ManagedBy }),
        NamespaceSelector = Labels(new Dictionary<string, string>()),
    };

    private static NetworkPolicyPeer Group(EndpointSettings settings) => new() { PodSelector = Labels(ObjectNames.AllPods(settings.Endpoint)) };

    /// <summary>No labels select everything; an empty map of them is not stored, and would differ from what is wanted for ever.</summary>
    private static LabelSelector Labels(IReadOnlyDictionary<string, string> labels) => new() { MatchLabels = labels.Count > 0 ? labels : null };

    private static NetworkPolicyPort Tcp(int port) => new() { Port = port, Protocol = "TCP" };
}
