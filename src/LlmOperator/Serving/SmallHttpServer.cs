using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOperator.Configuration;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Serving;

/// <summary>
/// Answers GET requests for metrics and health, one a connection. A full web server would cost the operator a third of its memory for two pages of text.
/// </summary>
internal sealed partial class SmallHttpServer : IDisposable
{
    private const int MaxRequestBytes = 8192;
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly Func<string, CancellationToken, Task<HttpReply>> _answer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Starts to listen.</summary>
    /// <param name="address">Where.</param>
    /// <param name="answer">Gives the answer to a path, query included.</param>
    /// <param name="time">Clock of time-outs.</param>
    /// <param name="logger">Logger.</param>
    /// <exception cref="SocketException">The address is taken or not this machine's.</exception>
    public SmallHttpServer(ListenAddress address, Func<string, CancellationToken, Task<HttpReply>> answer, TimeProvider time, ILogger logger)
    {
        (_answer, _time, _logger) = (answer, time, logger);
        _listener = address.Host is { } host ? Bound(new(host, address.Port)) : BoundToAll(address.Port);
        _listener.Listen(64);
    }

    /// <summary>Port listened on.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                // Each connection is served beside the others, so that a client that dawdles holds up nobody.
                _ = ServeAsync(await _listener.AcceptAsync(cancellationToken).ConfigureAwait(false), cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(Socket connection, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(RequestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await using var stream = new NetworkStream(connection, ownsSocket: true);
        try
        {
            var reply = await ReadTargetAsync(stream, either.Token).ConfigureAwait(false) switch
            {
                null => new(HttpStatusCode.BadRequest, "only GET and HEAD are answered\n"),
                var target => await _answer(target, either.Token).ConfigureAwait(false),
            };
            await WriteAsync(stream, reply, either.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
        {
            Log.NotAnswered(_logger, error.Message);
        }
        catch (Exception error)
        {
            Log.Failed(_logger, error);
        }
    }

    /// <summary>Target of the request line; null when it is no request we answer.</summary>
    private static async Task<string?> ReadTargetAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxRequestBytes];
        var length = 0;
        while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = length == buffer.Length ? 0 : await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return null;
            }

            length += read;
        }

        var line = Encoding.ASCII.GetString(buffer, 0, buffer.AsSpan().IndexOf((byte)'\r')).Split(' ');
        return line is ["GET" or "HEAD", ['/', ..] target, ['H', 'T', 'T', 'P', ..]] ? target : null;
    }

    private static async Task WriteAsync(NetworkStream stream, HttpReply reply, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(reply.Body);
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {(int)reply.Status} {reply.Status}\r\nContent-Type: {reply.ContentType}\r\nContent-Length: {body.Length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body], cancellationToken).ConfigureAwait(false);
    }

    private static Socket BoundToAll(int port)
    {
        if (!Socket.OSSupportsIPv6)
        {
            return Bound(new(IPAddress.Any, port));
        }

        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        return socket;
    }

    private static Socket Bound(IPEndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(endpoint);
        return socket;
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Debug, "A request for metrics or health was not answered: {Error}")]
        public static partial void NotAnswered(ILogger logger, string error);

        [LoggerMessage(11, LogLevel.Error, "A request for metrics or health failed")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
