using LlmOperator.Sandbox;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Cli;

/// <summary>Where a person of this machine reaches an endpoint: by the gateway of its namespace, or, where there is none, by its own Service.</summary>
internal static class ServiceAddress
{
    private const string GatewayName = "llm-gateway";
    private const int HttpPort = 80;

    private static readonly ResourceName Services = new("", "services");

    /// <summary>The address; null when nothing listens.</summary>
    public static Uri? Of(EmbeddedCluster cluster, string ns, string endpoint)
    {
        if (cluster.Network is not { } network)
        {
            return null;
        }

        foreach (var name in (ReadOnlySpan<string>)[GatewayName, endpoint])
        {
            if (cluster.Objects.Get(new(Services, ns, name)) is { } service && service.Text("spec", "clusterIP") is { } address)
            {
                var port = service.Objects("spec", "ports").Select(port => (int)(port.Integer("port") ?? HttpPort)).FirstOrDefault(HttpPort);
                return network.Find(address, port) is { } at ? new Uri($"http://{at}/") : null;
            }
        }

        return null;
    }
}
