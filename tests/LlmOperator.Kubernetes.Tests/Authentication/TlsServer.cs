using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Tests.Authentication;

/// <summary>A real HTTPS server on loopback that answers each GET with a node whose labels say how it was asked.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TlsServer(WebApplication app) => _app = app;

    /// <summary>Certificate for new connections.</summary>
    public X509Certificate2 Certificate { get; set; } = null!;

    public Uri Url => new(_app.Urls.Single().Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal));

    public static async Task<TlsServer> StartAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        TlsServer? server = null;
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https =>
            {
                https.ServerCertificateSelector = (_, _) => server!.Certificate;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (_, _, _) => true;
            });
        }));
        var app = builder.Build();
        server = new TlsServer(app) { Certificate = certificate };
        app.MapGet("/{**path}", (HttpContext context) => Results.Text(
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = "n",
                    ["labels"] = new JsonObject
                    {
                        ["protocol"] = context.Request.Protocol,
                        ["token"] = context.Request.Headers.Authorization.ToString(),
                        ["client"] = context.Connection.ClientCertificate?.Subject ?? "",
                    },
                },
            }.ToJsonString(),
            "application/json"));
        await app.StartAsync(cancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
