using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>
/// Performs probes over the wire. How often is a matter of the cluster's clock; how long an answer may take is one of real time, as the wire does not run faster with the clock.
/// </summary>
internal static class Prober
{
    private static readonly HttpMessageInvoker Client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        MaxConnectionsPerServer = int.MaxValue,

        // A kubelet makes a connection for each probe.
        PooledConnectionLifetime = TimeSpan.Zero,
#pragma warning disable CA5359 // A kubelet does not mind the certificate.
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
#pragma warning restore CA5359
    });

    /// <summary>Asks once.</summary>
    /// <returns>What is wrong, in a kubelet's words; null when nothing is.</returns>
    public static async Task<string?> ProbeAsync(JsonObject probe, JsonObject container, ContainerContext context, CancellationToken cancellationToken)
    {
        var seconds = Math.Max(probe.Integer("timeoutSeconds") ?? 1, 1);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(seconds));
        var target = "";
        try
        {
            if (probe.Object("httpGet") is { } http)
            {
                var at = At(http, container, context);
                target = $"Get \"{(http.Text("scheme") ?? "HTTP").ToLowerInvariant()}://{at}{Path(http)}\": ";
                return await GetAsync(http, at, timeout.Token).ConfigureAwait(false);
            }

            if ((probe.Object("tcpSocket") ?? probe.Object("grpc")) is { } tcp)
            {
                var at = At(tcp, container, context);
                target = $"dial tcp {at}: ";
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(at, timeout.Token).ConfigureAwait(false);
            }

            // A command cannot run where there is no image.
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return target + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
        }
        catch (Exception fault) when (fault is HttpRequestException or SocketException or IOException)
        {
            var socket = fault as SocketException ?? fault.InnerException as SocketException;
            return target + (socket?.SocketErrorCode == SocketError.ConnectionRefused ? "connect: connection refused" : fault.Message);
        }
    }

    private static IPEndPoint At(JsonObject action, JsonObject container, ContainerContext context)
    {
        var port = action["port"].Integer() ?? container.Objects("ports").FirstOrDefault(port => port.Text("name") == action.Text("port")).Integer("containerPort") ?? 0;
        var host = action.Text("host");
        return IPAddress.TryParse(host, out var address) && !IPAddress.IsLoopback(address) ? new(address, (int)port) : context.Reach((int)port);
    }

    private static string Path(JsonObject http) => http.Text("path") is { Length: > 0 } path ? (path[0] == '/' ? path : "/" + path) : "/";

    private static async Task<string?> GetAsync(JsonObject http, IPEndPoint at, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{(http.Text("scheme") ?? "HTTP").ToLowerInvariant()}://{at}{Path(http)}");
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.36");
        foreach (var header in http.Objects("httpHeaders"))
        {
            request.Headers.TryAddWithoutValidation(header.Text("name") ?? "", header.Text("value"));
        }

        using var response = await Client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        var status = (int)response.StatusCode;
        return status is >= 200 and < 400 ? null : string.Create(CultureInfo.InvariantCulture, $"HTTP probe failed with statuscode: {status}");
    }
}
