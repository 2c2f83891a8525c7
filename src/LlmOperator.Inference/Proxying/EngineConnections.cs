using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LlmOperator.Inference.Proxying;

/// <summary>Connections to inference servers: nothing is followed, unpacked, remembered or added on the way.</summary>
public static class EngineConnections
{
    /// <summary>Time in which an engine that closes a connection has not begun to work on the request that comes just then. One that took longer may have, and is not asked again.</summary>
    public static readonly TimeSpan LongestClosing = TimeSpan.FromSeconds(1);

    private static readonly HttpRequestOptionsKey<bool> IsFirst = new("connection-made-for-it");

    /// <summary>
    /// A handler that keeps connections. A request that finds the kept one it was given closed is sent once more: the other side may close a connection just when it is used again. Contents must be able to be sent twice.
    /// </summary>
    /// <param name="connectTimeout">How long making one may take.</param>
    /// <param name="time">Clock.</param>
    public static HttpMessageHandler Handler(TimeSpan connectTimeout, TimeProvider time) => new AgainOnClosed(time, new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = connectTimeout,
        ConnectCallback = ConnectAsync,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        MaxResponseHeadersLength = 128, // KiB

        // Shorter than the five seconds after which the servers of Python's engines close a connection: they must not close one while a request is on its way.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(3),
    });

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        context.InitialRequestMessage.Options.Set(IsFirst, true);

        // Who closes it has had its answer, or wants none any more. The latter is told by a reset: a mere end looks like a client that waits with its own half closed.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new(enable: true, seconds: 0) };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class AgainOnClosed(TimeProvider time, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var sent = time.GetTimestamp();
            try
            {
                return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (HttpRequestException error) when (IsOfKept(error, request) && time.GetElapsedTime(sent) < LongestClosing && !cancellationToken.IsCancellationRequested)
            {
                return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
        }

        private static bool IsOfKept(HttpRequestException error, HttpRequestMessage request) =>
            !request.Options.TryGetValue(IsFirst, out _)
            && (error.HttpRequestError == HttpRequestError.ResponseEnded || error.InnerException is IOException { InnerException: SocketException });
    }
}
