using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>
/// A client's connection: sends the same bytes again and again and looks for the end of each answer, and nothing else. A client that did more, such as the framework's, would take several times as long as
/// what it measures.
/// </summary>
internal sealed class Connection : IDisposable
{
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 << 10];

    public static async Task<Connection> OpenAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        var connection = new Connection();
        await connection._socket.ConnectAsync(server, cancellationToken);
        return connection;
    }

    /// <summary>A request with a JSON body.</summary>
    public static byte[] Request(IPEndPoint server, string path, string body) =>
        Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    /// <summary>Sends a request and reads the whole answer.</summary>
    /// <returns>Time until the first byte of the answer's body.</returns>
    public async ValueTask<TimeSpan> AskAsync(byte[] request, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await _socket.SendAsync(request, SocketFlags.None, cancellationToken);
        var (length, body, whole, isChunked) = (0, -1, -1, false);
        var first = TimeSpan.Zero;
        while (true)
        {
            var count = await _socket.ReceiveAsync(_buffer.AsMemory(length), SocketFlags.None, cancellationToken);
            length += count != 0 ? count : throw new IOException("the server closed the connection before the end of its answer");
            if (body < 0)
            {
                if (_buffer.AsSpan(0, length).IndexOf(HeadEnd) is not (>= 0 and var end))
                {
                    continue;
                }

                body = end + HeadEnd.Length;
                isChunked = Head(_buffer.AsSpan(0, end)) is not { } announced || Whole(announced, out whole);
            }

            first = first == TimeSpan.Zero && length > body ? Stopwatch.GetElapsedTime(started) : first;
            if (isChunked ? _buffer.AsSpan(0, length).EndsWith("\r\n0\r\n\r\n"u8) : length >= body + whole)
            {
                return first;
            }

            if (isChunked && length > _buffer.Length / 2)
            {
                // What has been seen of a long stream is done with, but for bytes that may begin its end.
                _buffer.AsSpan(length - 8, 8).CopyTo(_buffer);
                (length, body) = (8, 0);
            }
        }

        bool Whole(int announced, out int to)
        {
            to = announced;
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The announced length; null for chunks.</summary>
    private static int? Head(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("HTTP/1.1 200 "u8))
        {
            throw new IOException($"the server answers {Encoding.ASCII.GetString(head)}");
        }

        var at = head.IndexOf("ontent-Length: "u8);
        at = at < 0 ? head.IndexOf("ontent-length: "u8) : at;
        if (at < 0)
        {
            return null;
        }

        var text = head[(at + 15)..];
        return int.Parse(text.IndexOf((byte)'\r') is >= 0 and var end ? text[..end] : text, CultureInfo.InvariantCulture);
    }
}
