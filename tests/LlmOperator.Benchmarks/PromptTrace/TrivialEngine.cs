using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>
/// Stands in for an inference server with the least work a server can do: answers each request of a connection with the same bytes, in one write, or as a stream of 64 chunks after a request to
/// <c>/v1/chat/completions</c>. It runs in a process of its own, so that what is measured beside it is only the way through the sidecar.
/// </summary>
internal static class TrivialEngine
{
    private const int Tokens = 64;

    private static readonly byte[] Small = Message("application/json", """{"id":"cmpl-1","object":"text_completion","model":"llama","choices":[{"index":0,"text":"ok","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""");
    private static readonly byte[] Head = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    private static readonly byte[] Token = Chunk("""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}""" + "\n\n");
    private static readonly byte[] End = [.. Chunk("data: [DONE]\n\n"), .. "0\r\n\r\n"u8];
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();

    /// <summary>Starts it in a process of its own.</summary>
    public static async Task<Running> StartAsync(CancellationToken cancellationToken)
    {
        var program = ChildProgram.StartSelf("engine ready", "prompt-trace-engine");
        await program.Ready.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        return new(program, new(IPAddress.Loopback, int.Parse(program.ReadyLine!.AsSpan("engine ready ".Length), CultureInfo.InvariantCulture)));
    }

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        arguments.ThrowIfAnyLeft();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(1024);
        Console.WriteLine($"engine ready {((IPEndPoint)listener.LocalEndpoint).Port}");
        while (true)
        {
            _ = ServeAsync(await listener.AcceptSocketAsync(cancellationToken), cancellationToken);
        }
    }

    private static async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        using var connection = client;
        connection.NoDelay = true;
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

                var count = await connection.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, cancellationToken);
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
                    await connection.SendAsync(Small, SocketFlags.None, cancellationToken);
                    continue;
                }

                await connection.SendAsync(Head, SocketFlags.None, cancellationToken);
                for (var token = 0; token < Tokens; token++)
                {
                    await connection.SendAsync(Token, SocketFlags.None, cancellationToken);
                    await Task.Delay(1, cancellationToken);
                }

                await connection.SendAsync(End, SocketFlags.None, cancellationToken);
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // The load is over.
        }
    }

    /// <summary>Whether a stream is asked for; null while the request is not whole. Bodies have a length, or are one chunk.</summary>
    private static bool? Whole(ReadOnlySpan<byte> request)
    {
        var end = request.IndexOf(HeadEnd);
        if (end < 0)
        {
            return null;
        }

        var head = request[..end];
        var at = head.IndexOf("Content-Length: "u8);
        at = at < 0 ? head.IndexOf("content-length: "u8) : at;
        var isWhole = at < 0 ? request[end..].Length == HeadEnd.Length || request.EndsWith("0\r\n\r\n"u8)
            : Utf8Parser.TryParse(head[(at + 16)..], out int body, out _) && request.Length >= end + HeadEnd.Length + body;
        return isWhole ? head.StartsWith("POST /v1/chat/completions"u8) : null;
    }

    private static byte[] Message(string type, string body) => Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private static byte[] Chunk(string text) => Encoding.ASCII.GetBytes($"{text.Length:X}\r\n{text}\r\n");

    /// <summary>An engine that runs.</summary>
    public sealed record Running(ChildProgram Program, IPEndPoint Address) : IDisposable
    {
        public void Dispose() => Program.Dispose();
    }
}
