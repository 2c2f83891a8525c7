using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOperator.Benchmarks.Measuring;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>
/// Stands in for an inference server with the least work a server can do: answers each request of a connection with the same bytes, in one write, or as a stream of 64 chunks after a request to
/// <c>/v1/chat/completions</c>. It runs in a process of its own, so that what is measured beside it is only the way through the sidecar.
/// </summary>
internal static class TrivialEngine
{
    private const int Tokens = 64;

    /// <summary>What it is made of: bare sockets, or the plainest server of ASP.NET Core, of Node.js or of FastAPI on uvicorn, which stream nothing.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["sockets", "aspnet", "node", "fastapi"];

    private static readonly byte[] SmallBody = """{"id":"cmpl-1","object":"text_completion","model":"llama","choices":[{"index":0,"text":"ok","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"""u8.ToArray();
    private static readonly byte[] Small = [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {SmallBody.Length}\r\n\r\n"), .. SmallBody];
    private static readonly byte[] Head = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    private static readonly byte[] Token = Chunk("""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}""" + "\n\n");
    private static readonly byte[] End = [.. Chunk("data: [DONE]\n\n"), .. "0\r\n\r\n"u8];
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();

    private static readonly string NodeServer = $$"""
        const body = '{{Encoding.ASCII.GetString(SmallBody)}}';
        const server = require('http').createServer((request, response) => {
          request.resume();
          request.on('end', () => { response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }); response.end(body); });
        });
        server.listen(0, '127.0.0.1', () => console.log('engine ready ' + server.address().port));
        """;

    // What vLLM's own HTTP server is made of, without a model behind it.
    private static readonly string FastApiServer = $$"""
        import socket, fastapi, uvicorn
        app = fastapi.FastAPI()
        @app.post("/{path:path}")
        async def answer(request: fastapi.Request):
            await request.body()
            return fastapi.Response(b'{{Encoding.ASCII.GetString(SmallBody)}}', media_type="application/json")
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        print("engine ready", listener.getsockname()[1], flush=True)
        uvicorn.run(app, fd=listener.fileno(), access_log=False, log_level="error")
        """;

    /// <summary>Starts it in a process of its own.</summary>
    /// <param name="server">One of <see cref="Kinds"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<Running> StartAsync(string server, CancellationToken cancellationToken)
    {
        var program = server switch
        {
            "node" => ChildProgram.Start(Found("node", "nodejs"), "engine ready", "-e", NodeServer),
            "fastapi" => ChildProgram.Start(Found("python3", "python3-fastapi python3-uvicorn python3-uvloop python3-httptools", "/usr/bin"), "engine ready", "-c", FastApiServer),
            _ => ChildProgram.StartSelf("engine ready", "prompt-trace-engine", "--server", server),
        };
        await program.Ready.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        return new(program, new(IPAddress.Loopback, int.Parse(program.ReadyLine!.AsSpan("engine ready ".Length), CultureInfo.InvariantCulture)));
    }

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var server = arguments.Text("--server");
        arguments.ThrowIfAnyLeft();
        return server == "aspnet" ? await RunWebAsync(cancellationToken) : await RunSocketsAsync(cancellationToken);
    }

    private static string Found(string program, string packages, string? folders = null) =>
        (folders ?? Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
        ?? throw new ArgumentsException($"this --server needs {program} (apt-get install {packages})");

    private static async Task<int> RunSocketsAsync(CancellationToken cancellationToken)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(1024);
        Console.WriteLine($"engine ready {((IPEndPoint)listener.LocalEndpoint).Port}");
        while (true)
        {
            _ = ServeAsync(await listener.AcceptSocketAsync(cancellationToken), cancellationToken);
        }
    }

    private static async Task<int> RunWebAsync(CancellationToken cancellationToken)
    {
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", null); // As such a server is by default.
        var builder = WebApplication.CreateEmptyBuilder(new());
        ListenOptions listens = null!;
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listens = listen));
        await using var app = builder.Build();
        app.Run(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = SmallBody.Length;
            await context.Response.Body.WriteAsync(SmallBody, context.RequestAborted);
        });
        await app.StartAsync(cancellationToken);
        Console.WriteLine($"engine ready {listens.IPEndPoint!.Port}");
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
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

    private static byte[] Chunk(string text) => Encoding.ASCII.GetBytes($"{text.Length:X}\r\n{text}\r\n");

    /// <summary>An engine that runs.</summary>
    public sealed record Running(ChildProgram Program, IPEndPoint Address) : IDisposable
    {
        public void Dispose() => Program.Dispose();
    }
}
