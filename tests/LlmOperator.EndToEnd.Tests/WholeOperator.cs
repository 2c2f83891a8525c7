using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Cli;
using LlmOperator.Configuration;
using LlmOperator.Hosting;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Sandbox;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.StandIns.Hub;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>An embedded cluster, a stand-in hub and the whole operator between them: webhook, metrics, log at its most talkative, and everything it sends to the API server kept.</summary>
internal sealed class WholeOperator : IAsyncDisposable
{
    private readonly CancellationTokenSource _guard = new(TimeSpan.FromMinutes(4));
    private CancellationTokenSource _stop = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("llm-operator-").FullName;
    private KubeClient _user = null!;
    private KubeClient _client = null!;
    private Task _running = Task.CompletedTask;

    public EmbeddedCluster Cluster { get; private set; } = null!;

    public HubStandIn Hub { get; private set; } = null!;

    public TextLog Log { get; } = new();

    public SentBodies Sent { get; } = new();

    public CancellationToken Guard => _guard.Token;

    /// <summary>Starts all of it.</summary>
    /// <param name="hosts">What really runs containers; given the path of a kubeconfig.</param>
    /// <param name="definitions">Further definitions of kinds.</param>
    public static async Task<WholeOperator> StartAsync(Func<string, IReadOnlyList<ContainerHost>>? hosts = null, IEnumerable<Manifest>? definitions = null)
    {
        var whole = new WholeOperator();
        var kubeconfig = Path.Combine(whole._folder, "kubeconfig");
        whole.Cluster = await EmbeddedCluster.StartAsync(new() { Time = new AcceleratedTimeProvider(50), ContainerHosts = hosts?.Invoke(kubeconfig) ?? [] }, whole.Guard);
        whole.Hub = await HubStandIn.StartAsync(wellKnown: true, cancellationToken: whole.Guard);
        await File.WriteAllTextAsync(kubeconfig, whole.Cluster.KubeconfigText, whole.Guard);
        var configuration = new ClusterConfigurationLoader().Load(kubeconfig);
        whole._user = new KubeClient(configuration);
        await whole.ApplyAsync(CustomResourceDefinitions.Embedded().SelectMany(file => Manifest.Parse(file.Yaml, file.FileName)).Concat(definitions ?? []));

        // Far enough ahead of the wall that nothing is waited for, and slow enough that a registry on a busy machine answers in time.
        whole._client = new KubeClient(configuration, new() { Handler = whole.Sent });
        whole.Run();
        await whole.UntilAsync(() => whole._running.IsCompleted || whole.Cluster.Objects.List(new("admissionregistration.k8s.io", "validatingwebhookconfigurations")).Count > 0, () => "no webhook");
        return whole;
    }

    /// <summary>Lets the operator end and another one begin.</summary>
    public async Task RestartAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _stop = new();
        Run();
    }

    private void Run() => _running = OperatorHost.RunAsync(
            new OperatorOptions
            {
                MetricsBindAddress = new(IPAddress.Loopback, 0),
                HealthProbeBindAddress = null,
                WebhookBindAddress = new(IPAddress.Loopback, 0),
                WebhookUrl = new("https://127.0.0.1:0"),
                Registries = new() { HuggingFaceEndpoint = Hub.Address },
                Qdrant = new() { Connect = Cluster.Network is { } network ? network.ConnectAsync : null, PollInterval = TimeSpan.FromSeconds(5) },
            },
            _client,
            new AcceleratedTimeProvider(5),
            Log,
            _stop.Token);

    public Task ApplyAsync(string manifests) => ApplyAsync(Manifest.Parse(manifests, "test"));

    public async Task ApplyAsync(IEnumerable<Manifest> manifests) => await new ManifestApplier(_user).ApplyAsync(manifests, Guard);

    /// <summary>The metrics page.</summary>
    public async Task<string> MetricsAsync()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await client.GetStringAsync($"http://127.0.0.1:{Log.Value("MetricsPort")}/metrics", Guard);
    }

    public JsonObject? Get(ResourceName resource, string name, string ns = "default") => Cluster.Objects.Get(new(resource, ns, name));

    public JsonNode? Condition(ResourceName resource, string name, string type, string ns = "default") =>
        (Get(resource, name, ns)?["status"]?["conditions"] as JsonArray)?.FirstOrDefault(condition => condition!["type"]!.GetValue<string>() == type);

    /// <summary>Waits until a condition has a reason.</summary>
    public Task ReasonAsync(ResourceName resource, string name, string type, string reason) => UntilAsync(
        () => Condition(resource, name, type)?["reason"]?.GetValue<string>() == reason,
        () => $"{resource.Plural}/{name} has {Condition(resource, name, type)?.ToJsonString() ?? $"no condition {type}"}, and {reason} was wanted");

    public async Task UntilAsync(Func<bool> condition, Func<string> what)
    {
        using var changes = new ChangeSignal(Cluster.Objects);
        while (true)
        {
            var next = changes.Next();
            if (condition())
            {
                return;
            }

            try
            {
                await next.WaitAsync(Guard);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail(what());
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        _user.Dispose();
        await Cluster.DisposeAsync();
        await Hub.DisposeAsync();
        Log.Dispose();
        _stop.Dispose();
        _guard.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Keeps every request with a body: its method, address, the body and its type.</summary>
internal sealed class SentBodies : DelegatingHandler
{
    private readonly Lock _gate = new();
    private readonly List<(string Method, Uri Address, string Body, string? Type)> _all = [];

    public IReadOnlyList<(string Method, Uri Address, string Body, string? Type)> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _all];
            }
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is { } content)
        {
            var body = await content.ReadAsStringAsync(cancellationToken);
            lock (_gate)
            {
                _all.Add((request.Method.Method, request.RequestUri!, body, content.Headers.ContentType?.MediaType));
            }
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
