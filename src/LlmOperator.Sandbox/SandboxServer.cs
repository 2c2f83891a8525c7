using System.Net;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LlmOperator.Sandbox;

/// <summary>
/// A Kubernetes API server on the loopback address, with its state in memory. It can stop listening and start again with the same
/// state, certificates and port, as a real one does when it restarts.
/// </summary>
public sealed class SandboxServer : IAsyncDisposable
{
    private readonly SandboxServerOptions _options;
    private readonly Certificates _certificates;
    private readonly Authentication _authentication = new(Authentication.NewToken());
    private WebApplication? _app;
    private CancellationTokenSource _stopping = new();
    private int _port;

    private SandboxServer(SandboxServerOptions options)
    {
        _options = options;
        _port = options.Port;

        // Certificates are checked by clients against real time, whatever the sandbox's clock says.
        _certificates = new Certificates(TimeProvider.System.GetUtcNow());
        Cluster = new Cluster(options.Kinds, options.Time, options.HistoryWindow, options.WatchQueue, options.WebhookTime)
        {
            ServiceNetwork = options.ServiceNetwork,
            ServiceSalt = options.ServiceNetwork == Kinds.Behaviors.ServiceAddresses.Usual ? 0 : (uint)Random.Shared.Next(),
        };
        foreach (var (service, listener) in options.WebhookServices)
        {
            Cluster.Admission.Services.Register(service, listener);
        }

        BootstrapObjects.Create(Cluster);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => new($"https://127.0.0.1:{_port}");

    /// <summary>A kubeconfig with which kubectl and any client can use it as administrator.</summary>
    public string KubeconfigText => Kubeconfig.Write(Address, _certificates);

    /// <summary>Bearer token of the administrator.</summary>
    public string Token => _authentication.Token;

    /// <summary>Certificate of the authority that signed the server's, PEM.</summary>
    public string CertificateAuthorityPem => _certificates.Authority.ExportCertificatePem();

    /// <summary>The state.</summary>
    internal Cluster Cluster { get; }

    /// <summary>Says where a service that admission webhooks name listens: somebody on this machine plays its pods.</summary>
    /// <param name="ns">Namespace of the service.</param>
    /// <param name="name">Its name.</param>
    /// <param name="listener">Address, of which host and port count.</param>
    public void RegisterWebhookService(string ns, string name, Uri listener) => Cluster.Admission.Services.Register($"{ns}/{name}", listener);

    /// <summary>Starts a server; it answers when this returns.</summary>
    public static async Task<SandboxServer> StartAsync(SandboxServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new SandboxServer(options ?? new SandboxServerOptions());
        try
        {
            await server.ListenAsync(cancellationToken);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        return server;
    }

    /// <summary>Begins to listen, on the port it had before if any.</summary>
    public async Task ListenAsync(CancellationToken cancellationToken = default)
    {
        if (_app is not null)
        {
            return;
        }

        _stopping.Dispose();
        _stopping = new CancellationTokenSource();
        var api = new ApiServer(Cluster, _options.Logs, _authentication, _options.Logger, _stopping.Token);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, UnmovedBySignals>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(Configure);
        var app = builder.Build();
        app.Run(api.Handle);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        _app = app;
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        _port = new Uri(address).Port;
    }

    /// <summary>Ends all watches and stops listening. The state stays.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_app is not { } app)
        {
            return;
        }

        _app = null;
        await _stopping.CancelAsync();
        await app.StopAsync(cancellationToken);
        await app.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
        _certificates.Dispose();
        Cluster.Admission.Dispose();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = RequestBody.MaxBytes;
        kestrel.Limits.MinRequestBodyDataRate = null;

        // A watch may be silent for as long as nothing changes.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 2000;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 * 1024 * 1024;
        kestrel.Limits.Http2.InitialStreamWindowSize = 1024 * 1024;
        kestrel.Listen(IPAddress.Loopback, _port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = _certificates.Server,
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (certificate, _, _) => _certificates.Issued(certificate),
            });
        });
    }

    /// <summary>Signals are for the program that holds the server; a host's usual lifetime would swallow them.</summary>
    private sealed class UnmovedBySignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
