using System.Net.Sockets;
using LlmOperator.Sandbox;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Cli;

/// <summary>Where a person of this machine reaches an endpoint: by the gateway of its namespace, or, where there is none, by its own Service.</summary>
internal static class ServiceAddress
{
    private const string GatewayName = "llm-gateway";
    private const int HttpPort = 80;

    private static readonly TimeSpan OpenTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(50);

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

    /// <summary>Waits a while until somebody takes connections: a gateway may be ready a moment after its first endpoint.</summary>
    public static async Task OpenAsync(Uri url, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(OpenTime);
        while (!limit.IsCancellationRequested)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(url.Host, url.Port, limit.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(Again, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
    }
}
