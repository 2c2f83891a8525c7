using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlmOperator.Inference.Hosting;

/// <summary>One Kestrel with two doors, for clients and for metrics and health, and nothing else of what a web application usually brings along: no host, no services, no activity for each request.</summary>
public sealed class TwoPortServer : IAsyncDisposable
{
    private const int MaxRequestLine = 16 << 10;
    private const int MaxHeaders = 64 << 10;
    private const string InlineSwitch = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    private const string ThreadsSwitch = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";
    private const int MostThreads = 16;

    private readonly KestrelServer _server;
    private readonly Application _application;
    private ListenOptions _clientDoor = null!;
    private ListenOptions _adminDoor = null!;

    /// <summary>Creates a server that does not listen yet.</summary>
    /// <param name="listen">Address for clients.</param>
    /// <param name="adminListen">Address of the other door.</param>
    /// <param name="mostBodyBytes">Most bytes of a request's body; null for no bound.</param>
    /// <param name="clients">Answers clients.</param>
    /// <param name="admin">Answers at the other door.</param>
    /// <param name="loggers">Loggers.</param>
    public TwoPortServer(IPEndPoint listen, IPEndPoint adminListen, long? mostBodyBytes, RequestDelegate clients, RequestDelegate admin, ILoggerFactory loggers)
    {
        _application = new(clients, admin);
        var kestrel = new KestrelServerOptions
        {
            AddServerHeader = false,
            RequestHeaderEncodingSelector = static _ => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static _ => Encoding.Latin1,
        };
        kestrel.Limits.MaxRequestBodySize = mostBodyBytes;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLine;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaders;
        kestrel.Listen(listen, door => Configure(_clientDoor = door, isAdmin: false));
        kestrel.Listen(adminListen, door => Configure(_adminDoor = door, isAdmin: true));
        var sockets = new SocketTransportOptions
        {
            UnsafePreferInlineScheduling = Environment.GetEnvironmentVariable(InlineSwitch) == "1",

            // A system call less for a request, at the price of 4 KiB for a connection that waits.
            WaitForDataBeforeAllocatingBuffer = false,
        };
        _server = new(Options.Create(kestrel), new SocketTransportFactory(Options.Create(sockets), loggers), loggers);
    }

    /// <summary>Where clients are answered, once it listens.</summary>
    public IPEndPoint Clients => _clientDoor.IPEndPoint!;

    /// <summary>Where metrics and health are, once it listens.</summary>
    public IPEndPoint Admin => _adminDoor.IPEndPoint!;

    /// <summary>
    /// Lets this process go on with a request on the thread that tells of its socket, instead of handing it to another. Nothing in the process may then wait in place, so it is only for programs that
    /// do nothing else. To be called before any socket is made.
    /// </summary>
    public static void ServeInline()
    {
        Environment.SetEnvironmentVariable(InlineSwitch, "1");

        // Two for each core: whoever is sent something often takes the sender's core, and the other connections of its thread would wait for it.
        var threads = Math.Min(2 * Environment.ProcessorCount, MostThreads);
        Environment.SetEnvironmentVariable(ThreadsSwitch, threads.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">An address is taken or not this machine's.</exception>
    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(_application, cancellationToken);

    /// <summary>Stops listening; what is still being answered when the token fires is broken off.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Configure(ListenOptions listen, bool isAdmin)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (!isAdmin)
        {
            listen.Use(ClientConnection.Serve);
        }
    }

    /// <summary>Gives each request to the door it came in by. A connection keeps its context.</summary>
    private sealed class Application(RequestDelegate clients, RequestDelegate admin) : IHttpApplication<DefaultHttpContext>
    {
        public DefaultHttpContext CreateContext(IFeatureCollection contextFeatures)
        {
            if (contextFeatures is not IHostContextContainer<DefaultHttpContext> connection)
            {
                return new(contextFeatures);
            }

            var context = connection.HostContext ??= new();
            context.Initialize(contextFeatures);
            return context;
        }

        public Task ProcessRequestAsync(DefaultHttpContext context) => context.Features.Get<ClientConnection>() is { } client ? client.AnswerAsync(context, clients) : AdminAsync(context);

        public void DisposeContext(DefaultHttpContext context, Exception? exception) => context.Uninitialize();

        private async Task AdminAsync(DefaultHttpContext context)
        {
            // Figures take a while to write, and the thread may be one that others wait for.
            await Task.Yield();
            await admin(context).ConfigureAwait(false);
        }
    }
}
