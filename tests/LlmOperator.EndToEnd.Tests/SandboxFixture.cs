using System.Net;
using LlmOperator.Api;
using LlmOperator.Cli;
using LlmOperator.Configuration;
using LlmOperator.Controllers.Webhooks;
using LlmOperator.Hosting;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox;
using LlmOperator.Sandbox.StandIns.Hub;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>One embedded cluster with the operator beside it, shared by the tests of a class; each test works in a namespace of its own.</summary>
public sealed class SandboxFixture : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("llm-operator-").FullName;
    private EmbeddedCluster? _cluster;
    private KubeClient? _client;
    private HubStandIn? _hub;
    private Task _operator = Task.CompletedTask;
    private int _namespaces;

    internal Kubectl Kubectl { get; private set; } = null!;

    internal string Folder => _folder;

    public async ValueTask InitializeAsync()
    {
        // Pods take their usual seconds on this clock and a twentieth of them on the wall.
        _cluster = await EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Time = new AcceleratedTimeProvider(20) });
        _hub = await HubStandIn.StartAsync(wellKnown: true);
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, _cluster.KubeconfigText);
        Kubectl = new Kubectl(kubeconfig);
        _client = new KubeClient(new ClusterConfigurationLoader().Load(kubeconfig));
        await new ManifestApplier(_client).ApplyAsync(CustomResourceDefinitions.Embedded().SelectMany(file => Manifest.Parse(file.Yaml, file.FileName)), _stop.Token);
        _operator = OperatorHost.RunAsync(
            new OperatorOptions { MetricsBindAddress = null, HealthProbeBindAddress = null, WebhookBindAddress = new(IPAddress.Loopback, 0), WebhookUrl = new("https://127.0.0.1:0"), Registries = new() { HuggingFaceEndpoint = _hub.Address } },
            _client,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            _stop.Token);
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!_operator.IsCompleted && await _client.GetAsync<ValidatingWebhookConfiguration>(new(null, OperatorWebhook.UrlConfigurationName), guard.Token) is null)
        {
            await Task.Yield();
        }
    }

    /// <summary>A fresh namespace; skips the test where kubectl is missing.</summary>
    internal async Task<string> NamespaceAsync()
    {
        Kubectl.SkipUnlessInstalled();
        var ns = $"test-{Interlocked.Increment(ref _namespaces)}";
        await Kubectl.RunAsync($"create namespace {ns}");
        return ns;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _operator;
        _client?.Dispose();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        if (_hub is not null)
        {
            await _hub.DisposeAsync();
        }

        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
