using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Gateways;
using LlmOperator.Planning.Tests.Endpoints;
using LlmOperator.Planning.Tests.RagIndexes;
using Xunit;

namespace LlmOperator.Planning.Tests.Gateways;

/// <summary>What the policies that the operator writes let through, by the rules of Kubernetes: a pod that no policy selects is open, one that is selected lets in and out what one of its policies allows.</summary>
public sealed class GatewayNetworkTests
{
    private const int GatewayPort = 8080;

    private static readonly EndpointPlan Endpoint = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}"""), Cluster.Model()));
    private static readonly Deployment Gateway = GatewayPlanner.Plan(new() { Namespace = "prod", Endpoints = [Plain()], DataPath = new() }).Deployment!;
    private static readonly NetworkPolicy[] Policies = [Endpoint.NetworkPolicy!, Indexes.Plan().NetworkPolicy!];

    private static readonly IReadOnlyDictionary<string, string> GatewayPod = Gateway.Spec!.Template!.Metadata!.Labels!;
    private static readonly IReadOnlyDictionary<string, string> EnginePod = Endpoint.Deployment!.Spec!.Template!.Metadata!.Labels!;
    private static readonly IReadOnlyDictionary<string, string> Stranger = new Dictionary<string, string> { ["app"] = "stranger" };

    [Fact]
    public void A_gateway_reaches_the_other_gateways_of_its_namespace_where_they_serve()
    {
        Assert.Equal(GatewayPort, Gateway.Spec!.Template!.Spec!.Containers![0].Ports!.Single(port => port.Name == "http").Port);
        Assert.Equal("http", GatewayPlanner.Plan(new() { Namespace = "prod", Endpoints = [Plain()], DataPath = new() }).Service!.Spec!.Ports!.Single().TargetPort!.Value.Text);

        Assert.True(LetsThrough(GatewayPod, GatewayPod, GatewayPort));
        Assert.True(LetsThrough(Stranger, GatewayPod, GatewayPort));
    }

    [Fact]
    public void Engines_are_reached_by_gateways_at_the_port_they_serve_and_by_nobody_else()
    {
        var port = Endpoint.Deployment!.Spec!.Template!.Spec!.InitContainers!.SelectMany(container => container.Ports ?? []).Single(port => port.Name == "http").Port!.Value;

        Assert.True(LetsThrough(GatewayPod, EnginePod, port));
        Assert.False(LetsThrough(GatewayPod, EnginePod, 8000));
        Assert.False(LetsThrough(Stranger, EnginePod, port));
        Assert.False(LetsThrough(EnginePod, EnginePod, port));
        Assert.False(LetsThrough(EnginePod, GatewayPod, GatewayPort));
    }

    private static bool LetsThrough(IReadOnlyDictionary<string, string> from, IReadOnlyDictionary<string, string> to, int port)
    {
        var outwards = Policies.Where(policy => Selects(policy, from, "Egress")).ToList();
        var inwards = Policies.Where(policy => Selects(policy, to, "Ingress")).ToList();
        return (outwards.Count == 0 || outwards.Any(policy => (policy.Spec!.Egress ?? []).Any(rule => Has(rule.Ports, port) && HasPod(rule.To, to))))
            && (inwards.Count == 0 || inwards.Any(policy => (policy.Spec!.Ingress ?? []).Any(rule => Has(rule.Ports, port) && HasPod(rule.From, from))));
    }

    private static bool Selects(NetworkPolicy policy, IReadOnlyDictionary<string, string> pod, string way) => policy.Spec!.PolicyTypes!.Contains(way) && Fits(policy.Spec.PodSelector, pod);

    private static bool Has(IReadOnlyList<NetworkPolicyPort>? ports, int port) => ports is null or [] || ports.Any(each => each is { Protocol: "TCP", Port: { } number } && number.Number == port);

    /// <summary>Both pods are of the policy's namespace, which has no labels here.</summary>
    private static bool HasPod(IReadOnlyList<NetworkPolicyPeer>? peers, IReadOnlyDictionary<string, string> pod) =>
        peers is null or [] || peers.Any(peer => (peer.PodSelector is null || Fits(peer.PodSelector, pod)) && (peer.NamespaceSelector is null || Fits(peer.NamespaceSelector, new Dictionary<string, string>())));

    private static bool Fits(LabelSelector? selector, IReadOnlyDictionary<string, string> labels) => (selector?.MatchLabels ?? new Dictionary<string, string>()).All(label => labels.TryGetValue(label.Key, out var value) && value == label.Value);

    private static LlmEndpoint Plain() => new()
    {
        Metadata = new() { Name = "twin", Namespace = "prod", Uid = "twin" },
        Spec = JsonSerializer.Deserialize("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}""", ApiJsonContext.Default.LlmEndpointSpec),
    };
}
