using System.Net;
using LlmOperator.Api;
using LlmOperator.Cli;
using LlmOperator.Configuration;
using LlmOperator.Hosting;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>The whole operator against the whole sandbox while requests fail, watches break and processes restart: it converges, and nothing is made twice.</summary>
public sealed class ResilienceTests : IAsyncLifetime
{
    private static readonly ResourceName Endpoints = new("llmops.dev", "llmendpoints");
    private static readonly ResourceName Deployments = new("apps", "deployments");
    private static readonly ResourceName Services = new("", "services");

    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(90));
    private readonly string _folder = Directory.CreateTempSubdirectory("llm-operator-").FullName;

    // The cluster's seconds and the operator's backoffs pass a hundred times faster than on the wall.
    private readonly AcceleratedTimeProvider _time = new(100);
    private EmbeddedCluster _cluster = null!;
    private ClusterConfiguration _configuration = null!;
    private KubeClient _user = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Time = _time }, _guard.Token);
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, _cluster.KubeconfigText, _guard.Token);
        _configuration = new ClusterConfigurationLoader().Load(kubeconfig);
        _user = new KubeClient(_configuration);
        await new ManifestApplier(_user).ApplyAsync(CustomResourceDefinitions.Embedded().SelectMany(file => Manifest.Parse(file.Yaml, file.FileName)), _guard.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _user.Dispose();
        await _cluster.DisposeAsync();
        _guard.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Writes_answered_500_and_429_are_repeated_until_both_endpoints_are_ready()
    {
        var count = 0;
        await using var running = new RunningOperator(this);
        running.Faults.Fault = request => request.Method == HttpMethod.Get ? null : (Interlocked.Increment(ref count) % 3) switch
        {
            0 => FaultyHandler.Status(HttpStatusCode.InternalServerError, "InternalError"),
            1 => FaultyHandler.Status(HttpStatusCode.TooManyRequests, "TooManyRequests", TimeSpan.FromSeconds(1)),
            _ => null,
        };
        await ApplySamplesAsync();

        await BothReadyAsync();
        Assert.True(count > 6);
        await AssertOneOfEachAsync();
    }

    [Fact]
    public async Task Reads_that_are_forbidden_at_first_heal_when_they_are_allowed()
    {
        var refusals = 0;
        var refusedOften = new TaskCompletionSource();
        await using var running = new RunningOperator(this);
        running.Faults.Fault = request =>
        {
            if (!request.RequestUri!.AbsolutePath.Contains("llmendpoints", StringComparison.Ordinal))
            {
                return null;
            }

            if (Interlocked.Increment(ref refusals) == 3)
            {
                refusedOften.SetResult();
            }

            return FaultyHandler.Status(HttpStatusCode.Forbidden, "Forbidden");
        };
        await ApplySamplesAsync();
        await refusedOften.Task.WaitAsync(_guard.Token);
        Assert.Null(Status(Endpoints, "twin-8b"));

        running.Faults.Fault = null;
        await BothReadyAsync();
    }

    [Fact]
    public async Task An_api_server_that_restarts_loses_nothing()
    {
        await using var running = new RunningOperator(this);
        await ApplySamplesAsync();
        await BothReadyAsync();

        await _cluster.Server.StopAsync(_guard.Token);

        // Changed while nobody can watch: the operator must learn of it by itself.
        _cluster.Objects.Delete(new ObjectRef(Deployments, "default", "twin-8b"));
        _cluster.Objects.Update(new ObjectRef(Endpoints, "default", "qwen3-30b"), endpoint => endpoint["spec"]!["replicas"] = 2, "test");
        await _cluster.Server.ListenAsync(_guard.Token);

        await UntilAsync(() => _cluster.Objects.Get(new ObjectRef(Deployments, "default", "twin-8b")) is { } made && made["metadata"]!["deletionTimestamp"] is null);
        await UntilAsync(() => _cluster.Objects.Get(new ObjectRef(Deployments, "default", "qwen3-30b"))?["spec"]?["replicas"]?.GetValue<long>() == 2);
        await BothReadyAsync();
        await AssertOneOfEachAsync();
    }

    [Fact]
    public async Task Drift_is_repaired()
    {
        await using var running = new RunningOperator(this);
        await ApplySamplesAsync();
        await BothReadyAsync();

        _cluster.Objects.Update(new ObjectRef(Deployments, "default", "twin-8b"), deployment => deployment["spec"]!["replicas"] = 3, "someone");
        _cluster.Objects.Delete(new ObjectRef(Services, "default", "twin-8b"));

        await UntilAsync(() => _cluster.Objects.Get(new ObjectRef(Deployments, "default", "twin-8b"))?["spec"]?["replicas"]?.GetValue<long>() == 1);
        await UntilAsync(() => _cluster.Objects.Get(new ObjectRef(Services, "default", "twin-8b")) is not null);
    }

    [Fact]
    public async Task A_class_without_nodes_is_told_and_healed_by_a_node()
    {
        var nodes = new ResourceName("", "nodes");
        var gone = _cluster.Objects.List(nodes).Where(node => node["metadata"]!["name"]!.GetValue<string>().Contains("a10g", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(gone);
        gone.ForEach(node => _cluster.Objects.Delete(new ObjectRef(nodes, null, node["metadata"]!["name"]!.GetValue<string>())));
        await using var running = new RunningOperator(this);
        await ApplySamplesAsync();

        await UntilAsync(() => Condition(Endpoints, "twin-8b", "Scheduled") is { } scheduled && scheduled["status"]!.GetValue<string>() == "False");
        Assert.Contains("A10G", Condition(Endpoints, "twin-8b", "Scheduled")!["message"]!.GetValue<string>());

        var node = gone[0].DeepClone().AsObject();
        node["metadata"]!.AsObject().Remove("resourceVersion");
        node["metadata"]!.AsObject().Remove("uid");
        _cluster.Objects.Create(nodes, node, "test");
        await BothReadyAsync();
    }

    [Fact]
    public async Task A_restarted_operator_writes_nothing_and_asks_for_little()
    {
        await using (new RunningOperator(this))
        {
            await ApplySamplesAsync();
            await BothReadyAsync();
            await SettledAsync();
        }

        var before = Versions();
        await using var second = new RunningOperator(this);
        await SettledAsync();

        // What the marker made necessary is not what is counted: its status and its event.
        var requests = second.Faults.Requests.Where(request => !request.Contains("/markers/", StringComparison.Ordinal)).ToList();
        Assert.Equal(before, Versions());
        Assert.DoesNotContain(requests, request => !request.StartsWith("GET", StringComparison.Ordinal));
        Assert.True(requests.Count < 10, string.Join('\n', requests));
    }

    private async Task ApplySamplesAsync() => await new ManifestApplier(_user).ApplyAsync(
        new[] { "llmmodel-twin-8b", "llmmodel-qwen3-30b", "llmendpoint-twin-8b", "llmendpoint-qwen3-30b" }
            .SelectMany(name => Manifest.Read(Path.Combine(SharedData.RepositoryRoot, "config", "samples", $"{name}.yaml"))),
        _guard.Token);

    private Task BothReadyAsync() => UntilAsync(() => Status(Endpoints, "twin-8b") == "True" && Status(Endpoints, "qwen3-30b") == "True");

    /// <summary>The operator has seen all there is: an object made after everything else has its status.</summary>
    private async Task SettledAsync()
    {
        var name = $"marker-{Guid.NewGuid():n}";
        var marker = Manifest.Parse($$"""
            apiVersion: llmops.dev/v1alpha1
            kind: LlmEndpoint
            metadata: { name: {{name}}, namespace: markers }
            spec:
              modelRef: { name: absent }
              accelerator: { type: A10G }
            """, "marker");
        await new ManifestApplier(_user).ApplyAsync(Manifest.Parse("{apiVersion: v1, kind: Namespace, metadata: {name: markers}}", "namespace").Concat(marker), _guard.Token);
        await UntilAsync(() => Condition(Endpoints, name, "ModelReady", "markers") is not null);
        _cluster.Objects.Delete(new ObjectRef(Endpoints, "markers", name));
    }

    private string Versions() => string.Join(' ', new[] { Endpoints, Deployments, Services, new("llmops.dev", "llmmodels") }
        .SelectMany(resource => _cluster.Objects.List(resource, "default"))
        .Select(obj => $"{obj["kind"]}/{obj["metadata"]!["name"]}@{obj["metadata"]!["resourceVersion"]}"));

    private string? Status(ResourceName resource, string name) => Condition(resource, name, "Ready")?["status"]?.GetValue<string>();

    private System.Text.Json.Nodes.JsonNode? Condition(ResourceName resource, string name, string type, string ns = "default") =>
        (_cluster.Objects.Get(new ObjectRef(resource, ns, name))?["status"]?["conditions"] as System.Text.Json.Nodes.JsonArray)?
            .FirstOrDefault(condition => condition!["type"]!.GetValue<string>() == type);

    /// <summary>Two endpoints and the namespace's gateway, which may come a moment later, have a Deployment and a Service each.</summary>
    private async Task AssertOneOfEachAsync()
    {
        await UntilAsync(() => Count(Deployments) >= 3 && Count(Services) >= 3);
        Assert.Equal((3, 3), (Count(Deployments), Count(Services)));

        int Count(ResourceName resource) => _cluster.Objects.List(resource, "default").Count(obj => obj["metadata"]!["name"]!.GetValue<string>() != "kubernetes");
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        using var changes = new ChangeSignal(_cluster.Objects);
        while (true)
        {
            var next = changes.Next();
            if (condition())
            {
                return;
            }

            await next.WaitAsync(_guard.Token);
        }
    }

    /// <summary>The operator as a process would run it, with a faulty network before it.</summary>
    private sealed class RunningOperator : IAsyncDisposable
    {
        /// <summary>Nobody listens there: these tests are about the cluster's faults, with models whose facts are given.</summary>
        private static readonly Uri NoHub = new("http://127.0.0.1:1");

        private readonly CancellationTokenSource _stop = new();
        private readonly KubeClient _client;
        private readonly Task _running;

        public RunningOperator(ResilienceTests test)
        {
            _client = new KubeClient(test._configuration, new KubeClientOptions { Handler = Faults, Time = test._time, RequestTimeout = TimeSpan.FromHours(1) });
            _running = OperatorHost.RunAsync(
                new OperatorOptions { MetricsBindAddress = null, HealthProbeBindAddress = null, Registries = new() { HuggingFaceEndpoint = NoHub } }, _client, test._time, NullLoggerFactory.Instance, _stop.Token);
        }

        public FaultyHandler Faults { get; } = new();

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _client.Dispose();
            _stop.Dispose();
        }
    }
}
