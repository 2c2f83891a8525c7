using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>
/// Stands in for an inference server with the least work a server can do: answers each request of a connection with the same bytes, in one write, or as a stream of 64 chunks after a request to
/// <c>/v1/chat/completions</c>. It runs in a process of its own, so that what is measured beside it is only the way through the sidecar.
/// </summary>
internal static class TrivialEngine
{
    public const int Tokens = 64;

    private static readonly byte[] Small = Message("application/json", """{"id":"cmpl-1","object":"text_completion","model":"llama","choices":[{"index":0,"text":"ok","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""");
    private static readonly byte[] Head = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    private static readonly byte[] Token = Chunk("""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}""" + "\n\n");
    private static readonly byte[] End = [.. Chunk("data: [DONE]\n\n"), .. "0\r\n\r\n"u8];

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        arguments.ThrowIfAnyLeft();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(1024);
        Console.WriteLine($"engine ready {((IPEndPoint)listener.LocalEndpoint).Port}");
        while (true)
        {
            _ = ServeAsync(await listener.AcceptTcpClientAsync(cancellationToken), cancellationToken);
        }
    }

    private static async Task ServeAsync(TcpClient client, CancellationToken cancellationToken)
    {
        using var connection = client;
        connection.NoDelay = true;
        var stream = connection.GetStream();
        var buffer = new byte[16384];
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2); // Batches of traces come here too.
                }

                var count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (count == 0)
                {
                    return;
                }

                length += count;
                if (Whole(buffer.AsSpan(0, length)) is not { } isStream)
                {
                    continue;
                }

                length = 0;
                if (!isStream)
                {
                    await stream.WriteAsync(Small, cancellationToken);
                    continue;
                }

                await stream.WriteAsync(Head, cancellationToken);
                for (var token = 0; token < Tokens; token++)
                {
                    await stream.WriteAsync(Token, cancellationToken);
                    await Task.Delay(1, cancellationToken);
                }

                await stream.WriteAsync(End, cancellationToken);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The load is over.
        }
    }

    /// <summary>Whether a stream is asked for; null while the request is not whole. Bodies have a length, or are one chunk.</summary>
    private static bool? Whole(ReadOnlySpan<byte> request)
    {
        var end = request.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = Encoding.ASCII.GetString(request[..end]);
        var at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        var isWhole = at < 0 ? !head.Contains("chunked", StringComparison.OrdinalIgnoreCase) || request.EndsWith("0\r\n\r\n"u8)
            : request.Length >= end + 4 + int.Parse(head.AsSpan(at + 16, (head + "\r").IndexOf('\r', at) - at - 16), System.Globalization.CultureInfo.InvariantCulture);
        return isWhole ? head.Contains("/v1/chat/completions", StringComparison.Ordinal) : null;
    }

    private static byte[] Message(string type, string body) => Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private static byte[] Chunk(string text) => Encoding.ASCII.GetBytes($"{text.Length:X}\r\n{text}\r\n");
}
