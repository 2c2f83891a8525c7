using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Models;
using LlmOperator.Telemetry;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests;

/// <summary>The operator's controllers beside a fake API server, on a clock that stands still. Controllers of workloads are played by the test.</summary>
internal sealed class OperatorFixture : IAsyncDisposable
{
    private CancellationTokenSource _stop = new();
    private ControllerManager? _manager;
    private Task<RunOutcome>? _running;
    private IDisposable? _parts;

    public FakeKubeClient Api { get; } = new();

    public ManualTimeProvider Clock { get; } = new();

    public ListLogger Log { get; } = new();

    public RegistryOptions Options { get; init; } = new();

    /// <summary>What stands between clients and engines; no gateway unless a test is about it.</summary>
    public DataPathOptions DataPath { get; init; } = new() { Gateway = false };

    /// <summary>How Qdrant is run and asked.</summary>
    public QdrantOptions Qdrant { get; init; } = new();

    /// <summary>Registry of all models; unless a test says otherwise, one whose models' facts are in their specs.</summary>
    public IModelRegistry Registry { get; init; } = new PlainRegistry();

    /// <summary>Requests that changed something, Events left out.</summary>
    public IReadOnlyList<string> Writes => [.. Api.Writes.Where(request => request.Plural != "events").Select(request => $"{request.Verb} {request.Plural}{(request.Subresource is null ? "" : "/" + request.Subresource)} {request.Key!.Value.Name}")];

    /// <summary>The page of metrics.</summary>
    public async Task<string> MetricsAsync()
    {
        var meter = _manager!.Metrics.Meter;
        using var registry = new MetricsRegistry(each => each == meter);
        return await registry.ReadAsync(TestContext.Current.CancellationToken);
    }

    public void Start()
    {
        _stop = new();
        _manager = new ControllerManager(Api, new() { Name = "llmops.dev/llm-operator", Informers = new() { Seed = 1 } }, Clock, Log, random: new Random(1));
        _parts = OperatorControllers.Add(_manager, AcceleratorCatalogue.Default, workers: 2, Clock, Options, Registry, new Random(1), dataPath: DataPath, qdrant: Qdrant);
        _running = _manager.RunAsync(_stop.Token);
    }

    public async Task StopAsync()
    {
        if (_running is { } running)
        {
            _running = null;
            await _stop.CancelAsync();
            await Until.EndedAsync(running, Clock);
            _manager!.Dispose();
            _parts!.Dispose();
            _stop.Dispose();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    /// <summary>Waits until nothing is left to do.</summary>
    public async Task SettleAsync()
    {
        for (var (before, rounds) = (-1, 0); before != Api.Requests.Count || !Api.IsToldAll || rounds < 3; rounds++)
        {
            before = Api.Requests.Count;
            await Until.QuietAsync();
        }
    }

    public LlmModel PutModel(string name = "m", string spec = """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B"}""") => Api.Put(new LlmModel
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = JsonSerializer.Deserialize(spec, ApiJsonContext.Default.LlmModelSpec),
    });

    public LlmEndpoint PutEndpoint(string name = "twin", string spec = """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}""") => Api.Put(new LlmEndpoint
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = JsonSerializer.Deserialize(spec, ApiJsonContext.Default.LlmEndpointSpec),
        Status = Api.Peek<LlmEndpoint>(name)?.Status,
    });

    public RagIndex PutIndex(string spec, string name = "docs") => Api.Put(new RagIndex
    {
        Metadata = new() { Name = name, Namespace = "default", CreationTimestamp = Api.Peek<RagIndex>(name)?.Metadata.CreationTimestamp ?? Clock.GetUtcNow() },
        Spec = JsonSerializer.Deserialize(spec, ApiJsonContext.Default.RagIndexSpec),
    });

    /// <summary>A definition of a kind, as it is once the API server serves it.</summary>
    public static CustomResourceDefinition DefinitionOf(ResourceType resource) => new()
    {
        Metadata = new() { Name = $"{resource.Plural}.{resource.Group}" },
        Spec = new()
        {
            Group = resource.Group,
            Scope = "Namespaced",
            Names = new() { Plural = resource.Plural, Kind = resource.Kind },
            Versions = [new() { Name = resource.Version, Served = true, Storage = true }],
        },
        Status = new() { Conditions = [new() { Type = "Established", Status = "True" }] },
    };

    public void PutNode(string name = "a10g-0", string product = "NVIDIA-A10G") => Api.Put(new Node
    {
        Metadata = new() { Name = name, Labels = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = product } },
        Status = new() { Allocatable = new Dictionary<string, Quantity> { ["nvidia.com/gpu"] = Quantity.FromValue(1) } },
    });

    /// <summary>Plays the controllers of workloads: the Deployment's pods run and answer.</summary>
    public void RunPods(string name = "twin")
    {
        RunPod(name);
        CountPods(name);
    }

    /// <summary>Plays the kubelet: the Deployment's pod runs.</summary>
    public void RunPod(string name = "twin") => Api.Put(new Pod
    {
        Metadata = new() { Name = name + "-pod", Namespace = "default", Labels = Api.Peek<Deployment>(name)!.Spec!.Template!.Metadata!.Labels },
        Spec = new() { NodeName = "a10g-0" },
        Status = new() { Phase = "Running" },
    });

    /// <summary>Plays the Deployment controller: all pods answer.</summary>
    public void CountPods(string name = "twin")
    {
        var deployment = Api.Peek<Deployment>(name)!;
        var replicas = deployment.Spec!.Replicas;
        Api.Put(deployment with
        {
            Status = new()
            {
                ObservedGeneration = deployment.Metadata.Generation,
                Replicas = replicas,
                UpdatedReplicas = replicas,
                ReadyReplicas = replicas,
                AvailableReplicas = replicas,
                Conditions = [new() { Type = "Available", Status = "True" }],
            },
        });
    }

    public Condition? Condition(string type, string endpoint = "twin") => Api.Peek<LlmEndpoint>(endpoint)?.Status?.Conditions.Find(type);

    /// <summary>Waits for a condition. The clock runs meanwhile, as a status that tells of mere progress is held back for a second.</summary>
    public Task ConditionAsync(string type, string status, string reason, string endpoint = "twin") =>
        Until.TrueAsync(
            () => Condition(type, endpoint) is { } condition && condition.Status == status && condition.Reason == reason,
            $"condition {type}={status} {reason} of {endpoint}",
            Clock,
            TimeSpan.FromSeconds(1));

    /// <summary>A model, a node and an endpoint that answers.</summary>
    public async Task ServeAsync()
    {
        PutNode();
        PutModel();
        PutEndpoint();
        Start();
        await ConditionAsync("Progressing", "True", "RollingOut");
        RunPods();
        await ConditionAsync("Ready", "True", "Serving");
        await ConditionAsync("Progressing", "True", "RevisionAvailable");

        // Pods and Deployments come by watches of their own, in either order.
        await ConditionAsync("Scheduled", "True", "PodsScheduled");

        // Events leave by a loop of their own, after the status they tell of: the model's, and two of the endpoint's.
        await Until.TrueAsync(() => Api.Requests.Count(request => request is { Verb: "create", Plural: "events" }) >= 3, "the transitions are told");
        await SettleAsync();
        Assert.NotEmpty(Writes);
    }
}

/// <summary>A registry that has every model, at one commit, and says nothing of it.</summary>
internal sealed class PlainRegistry : IModelRegistry
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    public Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(new RegistryReading(Commit) { Facts = new() { Source = ModelSources.Address(query.Source) } });
}
