using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using LlmOperator.Configuration;
using LlmOperator.Controllers.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Serving;

/// <summary>The operator's sites on one Kestrel, without the routing, configuration and further services that usually come with it: three fixed sets of pages need none.</summary>
internal sealed partial class HttpServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<(Site Site, ListenOptions Listen)> _listening = [];
    private readonly ILogger _logger;

    /// <summary>Creates a server that does not listen yet.</summary>
    /// <param name="sites">What it serves.</param>
    /// <param name="loggers">Loggers.</param>
    public HttpServer(IReadOnlyList<Site> sites, ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger<HttpServer>();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(new WarningsOnly(loggers)).AddSingleton<IHostLifetime, UnmovedBySignals>().Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = endPoint => Bind(endPoint, sites));
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Site.MaxBodyBytes;
            kestrel.Limits.MaxRequestLineSize = 4096;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxConcurrentConnections = 1024;
            foreach (var site in sites)
            {
                kestrel.Listen(site.EndPoint, listen => Configure(listen, site));
            }
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Port a site listens on; null when it is not served.</summary>
    public int? PortOf(Setting setting) => _listening.Find(one => one.Site.Setting == setting).Listen?.IPEndPoint?.Port;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="OptionsException">An address is taken or not this machine's.</exception>
    public Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    /// <summary>Stops listening and lets running answers end.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _app.StopAsync(limit.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private void Configure(ListenOptions listen, Site site)
    {
        _listening.Add((site, listen));
        listen.Protocols = HttpProtocols.Http1;
        if (site.Certificate is { } certificate)
        {
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(Tls(certificate)) });
        }

        listen.Use(next => connection =>
        {
            connection.Features.Set(site);
            return next(connection);
        });
    }

    /// <summary>The certificate of this moment, so that a renewed one is served without a restart.</summary>
    private static SslServerAuthenticationOptions Tls(ServingCertificate certificate) => new()
    {
        ServerCertificateContext = certificate.Current ?? throw new AuthenticationException("there is no certificate yet"),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    private static Socket Bind(System.Net.EndPoint endPoint, IReadOnlyList<Site> sites)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        }
        catch (SocketException error)
        {
            var site = sites.First(site => site.EndPoint.Equals(endPoint));
            throw new OptionsException([$"{site.Setting.Option}: cannot listen on {site.Address}: {error.Message}; choose another port, or 0 for none"]);
        }
    }

    /// <summary>Hands a request to the site its connection belongs to.</summary>
    private async Task AnswerAsync(HttpContext context)
    {
        HttpReply reply;
        try
        {
            reply = await context.Features.GetRequiredFeature<Site>().Answer(context.Request, context.RequestAborted).ConfigureAwait(false);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException error)
        {
            reply = new((System.Net.HttpStatusCode)error.StatusCode, error.Message + "\n");
        }
        catch (Exception error) when (context.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException)
        {
            return; // Nobody waits for the answer any more.
        }
        catch (Exception error)
        {
            Log.Failed(_logger, context.Request.Path, error);
            reply = new(System.Net.HttpStatusCode.InternalServerError, "this failed; the operator's log says why\n");
        }

        var body = Encoding.UTF8.GetBytes(reply.Body);
        context.Response.StatusCode = (int)reply.Status;
        context.Response.ContentType = reply.ContentType;
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>Signals are for the program that holds the server; a host's usual lifetime would swallow them.</summary>
    private sealed class UnmovedBySignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(11, LogLevel.Error, "A request for {Path} failed")]
        public static partial void Failed(ILogger logger, PathString path, Exception error);
    }
}
