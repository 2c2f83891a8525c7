using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LlmOperator.Sandbox.StandIns.Hub;

/// <summary>A request the stand-in hub got.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Token">Token it carried; null when none.</param>
public sealed record HubRequest(string Method, string Target, string? Token);

/// <summary>
/// Stands in for the Hugging Face hub on the loopback address: model descriptions, references, files with a redirection to where they are stored, and the hub's ways of refusing.
/// It can be told to fail, to be slow and to lose its connection.
/// </summary>
public sealed class HubStandIn : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, HubRepository> _repositories = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, string> _accounts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<HubRequest> _requests = new();
    private WebApplication? _app;
    private int _port;

    private HubStandIn(int port) => _port = port;

    /// <summary>Where it listens: what an endpoint of the hub is set to.</summary>
    public Uri Address => new($"http://127.0.0.1:{_port}");

    /// <summary>Requests so far, those to the storage included.</summary>
    public IReadOnlyList<HubRequest> Requests => [.. _requests];

    /// <summary>Status every request is answered with; null to answer properly.</summary>
    public HttpStatusCode? Failure { get; set; }

    /// <summary>Seconds that a failing answer asks to wait; null to ask nothing.</summary>
    public int? RetryAfterSeconds { get; set; }

    /// <summary>Awaited before each answer; null for none.</summary>
    public Func<CancellationToken, Task>? Delay { get; set; }

    /// <summary>Starts a hub; it answers when this returns.</summary>
    /// <param name="port">Port; 0 takes a free one.</param>
    /// <param name="wellKnown">Whether it holds the models of <see cref="WellKnownModels"/>.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<HubStandIn> StartAsync(int port = 0, bool wellKnown = false, CancellationToken cancellationToken = default)
    {
        var hub = new HubStandIn(port);
        if (wellKnown)
        {
            WellKnownModels.AddTo(hub);
        }

        await hub.ListenAsync(cancellationToken);
        return hub;
    }

    /// <summary>Adds a repository without a commit, or gives the one of that name.</summary>
    public HubRepository Repository(string name) => _repositories.GetOrAdd(name, static name => new HubRepository(name));

    /// <summary>Takes a repository away.</summary>
    public void Remove(string name) => _repositories.TryRemove(name, out _);

    /// <summary>Makes a token valid for an account.</summary>
    public void AddToken(string token, string account) => _accounts[token] = account;

    /// <summary>Makes a token invalid.</summary>
    public void RevokeToken(string token) => _accounts.TryRemove(token, out _);

    /// <summary>Begins to listen, on the port it had before if any.</summary>
    public async Task ListenAsync(CancellationToken cancellationToken = default)
    {
        if (_app is not null)
        {
            return;
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, UnmovedBySignals>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, _port, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.Run(new HubHandler(this).HandleAsync);
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
        _port = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()).Port;
    }

    /// <summary>Stops listening, so that connections are refused. Repositories and tokens stay.</summary>
    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            using var atOnce = new CancellationTokenSource();
            await atOnce.CancelAsync();
            await app.StopAsync(atOnce.Token);
            await app.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    internal void Note(HubRequest request) => _requests.Enqueue(request);

    internal HubRepository? Find(string name) => _repositories.GetValueOrDefault(name);

    internal string? Account(string token) => _accounts.GetValueOrDefault(token);

    /// <summary>Signals are for the program that holds the server; a host's usual lifetime would swallow them.</summary>
    private sealed class UnmovedBySignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
