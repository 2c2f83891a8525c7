using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Sandbox;
using LlmOperator.Sandbox.StandIns.Hub;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.Models;

/// <summary>The operator between an embedded API server and a stand-in hub, on a clock that moves only when nothing is under way.</summary>
internal sealed class HubFixture : IAsyncDisposable
{
    public const string Repo = "org/model";
    public const string Token = "hf_PlantedSecretToken";
    private const string Config = """{"architectures":["LlamaForCausalLM"],"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,"torch_dtype":"bfloat16"}""";

    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(90));
    private readonly string _kubeconfig = Path.GetTempFileName();
    private CancellationTokenSource _stop = new();
    private SandboxServer _server = null!;
    private ControllerManager? _manager;
    private ModelRegistries? _registries;
    private WatchedRegistry? _watched;
    private Task _running = Task.CompletedTask;

    public HubStandIn Hub { get; private set; } = null!;

    public KubeClient Client { get; private set; } = null!;

    public ManualTimeProvider Clock { get; } = new();

    public ListLogger Log { get; } = new();

    public CancellationToken Guard => _guard.Token;

    public static async Task<HubFixture> StartAsync()
    {
        var fixture = new HubFixture();
        fixture._server = await SandboxServer.StartAsync(cancellationToken: fixture.Guard);
        fixture.Hub = await HubStandIn.StartAsync(cancellationToken: fixture.Guard);
        await File.WriteAllTextAsync(fixture._kubeconfig, fixture._server.KubeconfigText, fixture.Guard);
        fixture.Client = new KubeClient(new ClusterConfigurationLoader().Load(fixture._kubeconfig));
        foreach (var (_, yaml) in CustomResourceDefinitions.Embedded())
        {
            await fixture.Client.ApplyAsync(CustomResourceDefinition.Resource, new UnstructuredObject(YamlJson.Parse(yaml).Single()), new() { FieldManager = "test" }, fixture.Guard);
        }

        fixture.Start();
        return fixture;
    }

    public void Start()
    {
        _stop = new();
        _manager = new ControllerManager(Client, new() { Name = "llmops.dev/llm-operator", Informers = new() { Seed = 1 } }, Clock, Log, random: new Random(1));
        var options = new RegistryOptions { HuggingFaceEndpoint = Hub.Address };
        _registries = new ModelRegistries(Client, options, Clock);
        _watched = new WatchedRegistry(_registries);
        OperatorControllers.Add(_manager, AcceleratorCatalogue.Default, workers: 2, Clock, options, _watched, new Random(1));
        _running = _manager.RunAsync(_stop.Token);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Until.EndedAsync(_running, Clock);
        _manager?.Dispose();
        _registries?.Dispose();
        _stop.Dispose();
    }

    /// <summary>A commit of an 8B model on the hub's main branch.</summary>
    public string Commit(string readme = "") => Hub.Repository(Repo).Commit("main", HubFile.Text("README.md", readme), HubFile.Text("config.json", Config), new HubFile("model.safetensors", 16_060_522_496));

    public Task PutModelAsync(string more = "", string hub = "", string name = "m") => ApplyAsync(
        LlmModel.Resource, $$$$"""{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmModel","metadata":{"name":"{{{{name}}}}","namespace":"default"},"spec":{"source":{"huggingFace":{"repo":"{{{{Repo}}}}"{{{{hub}}}} }}{{{{more}}}} }}""");

    public Task PutSecretAsync(string token, string key = "token") => ApplyAsync(
        Secret.Resource, $$$"""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"hub","namespace":"default"},"stringData":{"{{{key}}}":"{{{token}}}" } }""");

    public Task AnnotateAsync(string value) => Client.PatchAsync<LlmModel>(
        new("default", "m"), Patch.Merge(Encoding.UTF8.GetBytes($$$$"""{"metadata":{"annotations":{"llmops.dev/refresh":"{{{{value}}}}"}}}""")), cancellationToken: Guard);

    /// <summary>Waits until the model is as wanted; the clock goes on to whatever is due next while it is not and nothing is under way.</summary>
    public async Task<LlmModelStatus> StatusAsync(Func<LlmModelStatus, bool> wanted, string name = "m", bool advance = true)
    {
        for (var quiet = 0; ; quiet++)
        {
            var status = (await Client.GetAsync<LlmModel>(new("default", name), Guard))?.Status;
            if (status is not null && wanted(status))
            {
                return status;
            }

            Assert.False(Guard.IsCancellationRequested, $"the model never became so; it is {string.Join("; ", status?.Conditions?.Select(condition => $"{condition.Type}={condition.Status} {condition.Reason} {condition.Message}") ?? [])}");
            quiet = _watched!.Active > 0 ? 0 : quiet;
            if (advance && quiet >= 20)
            {
                quiet = 0;
                AdvanceToNext();
            }
        }
    }

    public Task<LlmModelStatus> ConditionAsync(string type, string status, string reason, bool advance = true) =>
        StatusAsync(found => found.Conditions.Find(type) is { } condition && condition.Status == status && condition.Reason == reason, advance: advance);

    /// <summary>Lets time pass in steps from one due moment to the next, each with a chance for what is due to be done.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        for (var end = Clock.GetUtcNow() + time; Clock.GetUtcNow() < end;)
        {
            for (var quiet = 0; quiet < 20; quiet = _watched!.Active > 0 ? 0 : quiet + 1)
            {
                Guard.ThrowIfCancellationRequested();
                await Client.GetAsync<LlmModel>(new("default", "m"), Guard);
            }

            var next = Clock.NextDue is { } due && due < end ? due : end;
            Clock.Advance(next > Clock.GetUtcNow() ? next - Clock.GetUtcNow() : TimeSpan.FromTicks(1));
        }
    }

    /// <summary>Everything that could hold what must not be told: models, Events and the log.</summary>
    public async Task<string> AllTextAsync() => string.Join(
        '\n',
        [
            .. (await Client.ListAsync(LlmModel.Resource, "default", cancellationToken: Guard)).Items.Select(item => item.Json.ToJsonString()),
            .. (await Client.ListAsync(new("events.k8s.io", "v1", "Event", "events", Namespaced: true), "default", cancellationToken: Guard)).Items.Select(item => item.Json.ToJsonString()),
            .. Log.Lines.Select(line => line.Text),
        ]);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Client.Dispose();
        await Hub.DisposeAsync();
        await _server.DisposeAsync();
        File.Delete(_kubeconfig);
        _guard.Dispose();
    }

    private void AdvanceToNext()
    {
        var next = Clock.NextDue is { } due && due > Clock.GetUtcNow() ? due - Clock.GetUtcNow() : TimeSpan.FromSeconds(1);
        Clock.Advance(next);
    }

    private async Task ApplyAsync(Kubernetes.ResourceType resource, string json) =>
        await Client.ApplyAsync(resource, new UnstructuredObject(YamlJson.Parse(json).Single()), new() { FieldManager = "user", Force = true }, Guard);

    /// <summary>Tells whether a question is under way: the clock must not move then, as the question's timeout is on it.</summary>
    private sealed class WatchedRegistry(IModelRegistry registry) : IModelRegistry
    {
        private int _active;

        public int Active => Volatile.Read(ref _active);

        public async Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _active);
            try
            {
                return await registry.ReadAsync(query, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _active);
            }
        }
    }
}
