using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Networking;
using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.Sandbox;

/// <summary>How an embedded cluster starts.</summary>
public sealed record EmbeddedClusterOptions
{
    /// <summary>Port of the API server on the loopback address; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The clock of everything in the cluster.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether controllers, scheduler and kubelets run; without them the API server alone does, and there are no nodes.</summary>
    public bool Controllers { get; init; } = true;

    /// <summary>Node objects to start with; the default nodes when null.</summary>
    public IReadOnlyList<JsonObject>? Nodes { get; init; }

    /// <summary>Changes of each kind that are kept for watches; older versions are gone (410).</summary>
    public int HistoryWindow { get; init; } = 4096;

    /// <summary>Where services that admission webhooks name listen, by <c>namespace/name</c>; more can be told to the server later.</summary>
    public IReadOnlyDictionary<string, Uri> WebhookServices { get; init; } = new Dictionary<string, Uri>();

    /// <summary>
    /// What really runs the containers of some images. With any, pods and Services get addresses of this machine; without, all containers are simulated. See
    /// <see cref="StandIns.Engine.EngineStandIn.Hosts"/>.
    /// </summary>
    public IReadOnlyList<ContainerHost> ContainerHosts { get; init; } = [];

    /// <summary>Where the cluster's own faults are logged.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}

/// <summary>A small Kubernetes cluster in this process: API server, controllers, scheduler, and simulated nodes.</summary>
public sealed class EmbeddedCluster : IAsyncDisposable
{
    private readonly ClusterRuntime? _runtime;
    private readonly IAsyncDisposable[] _parts;

    private EmbeddedCluster(SandboxServer server, PodLogs logs, ClusterRuntime? runtime, SandboxNetwork? network, params IAsyncDisposable[] parts)
    {
        Server = server;
        Logs = logs;
        Network = network;
        (_runtime, _parts) = (runtime, parts);
    }

    /// <summary>The API server.</summary>
    public SandboxServer Server { get; }

    /// <summary>Addresses of pods and Services; null when no container really runs.</summary>
    public SandboxNetwork? Network { get; }

    /// <summary>Where the API server listens.</summary>
    public Uri Address => Server.Address;

    /// <summary>A kubeconfig for the administrator.</summary>
    public string KubeconfigText => Server.KubeconfigText;

    /// <summary>The objects, without HTTP.</summary>
    internal ICluster Objects => Server.Cluster;

    /// <summary>Logs of containers.</summary>
    internal PodLogs Logs { get; }

    /// <summary>The controllers; null when none run.</summary>
    internal ClusterRuntime? Runtime => _runtime;

    /// <summary>Starts a cluster; kubectl can be used when this returns.</summary>
    /// <exception cref="SandboxException">The options cannot be used; the message says which and why.</exception>
    public static async Task<EmbeddedCluster> StartAsync(EmbeddedClusterOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new EmbeddedClusterOptions();
        var logs = new PodLogs();
        SandboxServer server;
        try
        {
            server = await SandboxServer.StartAsync(
                new SandboxServerOptions
                {
                    Port = options.Port,
                    Time = options.Time,
                    HistoryWindow = options.HistoryWindow,
                    Logger = options.Logger,
                    Logs = logs,
                    WebhookServices = options.WebhookServices,
                    ServiceNetwork = options.ContainerHosts.Count > 0 ? SandboxNetwork.ServiceNetwork : Kinds.Behaviors.ServiceAddresses.Usual,

                    // Webhooks are asked over a real wire and think in real time, however fast the cluster's clock runs.
                    WebhookTime = TimeProvider.System,
                },
                cancellationToken);
        }
        catch (IOException fault) when (options.Port != 0)
        {
            throw new SandboxException($"--port: cannot listen on 127.0.0.1:{options.Port}: {fault.Message}; choose another port, or 0 for a free one", fault);
        }

        if (!options.Controllers)
        {
            return new(server, logs, null, null);
        }

        var network = options.ContainerHosts.Count > 0 ? new SandboxNetwork() : null;
        var containers = network is null ? null : new ContainerRuntime(options.ContainerHosts, network, server.Cluster, logs);
        try
        {
            var runtime = ControllerManager.Create(server.Cluster, logs, server.CertificateAuthorityPem, options.Logger, containers);
            var proxy = network is null ? null : runtime.Add(new ServiceProxy(runtime, network));
            var cluster = new EmbeddedCluster(server, logs, runtime, network, [.. new IAsyncDisposable?[] { proxy, containers }.OfType<IAsyncDisposable>()]);
            cluster.AddNodes(options.Nodes is { } given ? NodeCatalog.Read(given) : DefaultNodes.All);
            runtime.Start();
            return cluster;
        }
        catch (ArgumentException fault)
        {
            await AbandonAsync();
            throw new SandboxException($"--nodes: {fault.Message}", fault);
        }
        catch
        {
            await AbandonAsync();
            throw;
        }

        async Task AbandonAsync()
        {
            if (containers is not null)
            {
                await containers.DisposeAsync();
            }

            await server.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_runtime is not null)
        {
            await _runtime.StopAsync();
        }

        foreach (var part in _parts)
        {
            await part.DisposeAsync();
        }

        if (_runtime is not null)
        {
            await _runtime.DisposeAsync();
        }

        await Server.DisposeAsync();
    }

    private void AddNodes(IEnumerable<JsonObject> nodes)
    {
        foreach (var node in nodes)
        {
            try
            {
                Objects.Create(Resources.Nodes, node, "kubectl-llm");
            }
            catch (Server.StatusException refusal)
            {
                throw new SandboxException($"node {node["metadata"]?["name"]}: {refusal.Message}", refusal);
            }
        }
    }
}

/// <summary>The sandbox cannot be started as asked.</summary>
/// <param name="message">What is wrong and what to change.</param>
/// <param name="inner">Cause.</param>
public sealed class SandboxException(string message, Exception? inner = null) : Exception(message, inner);
