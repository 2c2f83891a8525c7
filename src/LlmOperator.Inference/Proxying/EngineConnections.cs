using System.Net;
using System.Text;

namespace LlmOperator.Inference.Proxying;

/// <summary>Connections to inference servers: nothing is followed, unpacked, remembered or added on the way.</summary>
public static class EngineConnections
{
    /// <summary>A handler that keeps connections.</summary>
    /// <param name="connectTimeout">How long making one may take.</param>
    public static SocketsHttpHandler Handler(TimeSpan connectTimeout) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = connectTimeout,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        MaxResponseHeadersLength = 128, // KiB

        // Shorter than the five seconds after which the servers of Python's engines close a connection: they must not close one while a request is on its way.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(3),
    };
}
