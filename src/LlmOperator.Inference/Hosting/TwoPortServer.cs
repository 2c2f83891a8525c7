using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Inference.Hosting;

/// <summary>One Kestrel with two doors, for clients and for metrics and health, and nothing else of what a web application usually brings along.</summary>
public sealed class TwoPortServer : IAsyncDisposable
{
    private const int MaxRequestLine = 16 << 10;
    private const int MaxHeaders = 64 << 10;

    private readonly WebApplication _app;
    private readonly RequestDelegate _clients;
    private readonly RequestDelegate _admin;
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
        (_clients, _admin) = (clients, admin);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers).AddSingleton<IHostLifetime, UnmovedBySignals>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.Limits.MaxRequestBodySize = mostBodyBytes;
            kestrel.Limits.MaxRequestLineSize = MaxRequestLine;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaders;
            kestrel.Listen(listen, door => Configure(_clientDoor = door, isAdmin: false));
            kestrel.Listen(adminListen, door => Configure(_adminDoor = door, isAdmin: true));
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Where clients are answered, once it listens.</summary>
    public IPEndPoint Clients => _clientDoor.IPEndPoint!;

    /// <summary>Where metrics and health are, once it listens.</summary>
    public IPEndPoint Admin => _adminDoor.IPEndPoint!;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">An address is taken or not this machine's.</exception>
    public Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    /// <summary>Stops listening; what is still being answered when the token fires is broken off.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static void Configure(ListenOptions listen, bool isAdmin)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (isAdmin)
        {
            listen.Use(static next => connection =>
            {
                connection.Features.Set(AdminDoor.Mark);
                return next(connection);
            });
        }
    }

    private Task AnswerAsync(HttpContext context) => context.Features.Get<AdminDoor>() is null ? _clients(context) : _admin(context);

    /// <summary>Marks connections that came in at the admin door.</summary>
    private sealed class AdminDoor
    {
        public static readonly AdminDoor Mark = new();
    }

    /// <summary>Signals are for the program that holds the server.</summary>
    private sealed class UnmovedBySignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
