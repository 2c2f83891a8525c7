using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Sandbox;
using LlmOperator.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOperator.Controllers.Tests.Diagnosis;

/// <summary>Engines that fail on simulated nodes, under the operator, on a clock the tests move: what a person reads of it, and that it heals.</summary>
public sealed class DiagnosisScenarioTests : IAsyncLifetime
{
    private const string Log = """
        (EngineCore_DP0 pid=212) ERROR 10-29 19:57:21 [core.py:708] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 448.00 MiB. GPU 0 has a total capacity of 22.05 GiB of which 132.88 MiB is free.
        (APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
        """;

    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(120));
    private readonly CancellationTokenSource _stop = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly string _kubeconfig = Path.GetTempFileName();
    private EmbeddedCluster? _cluster;
    private KubeClient? _client;
    private ControllerManager? _manager;
    private Task? _running;

    public async ValueTask InitializeAsync()
    {
        // A node without accelerators: pods wait until a test has told them what to play.
        var node = JsonNode.Parse("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"cpu-0"},"status":{"allocatable":{"cpu":"8","memory":"32Gi","pods":"110"}}}""")!.AsObject();
        _cluster = await EmbeddedCluster.StartAsync(new() { Time = _clock, Nodes = [node] }, _guard.Token);
        await File.WriteAllTextAsync(_kubeconfig, _cluster.KubeconfigText, _guard.Token);
        _client = new KubeClient(new ClusterConfigurationLoader().Load(_kubeconfig));
        foreach (var (_, yaml) in CustomResourceDefinitions.Embedded())
        {
            await _client.ApplyAsync(CustomResourceDefinition.Resource, new UnstructuredObject(YamlJson.Parse(yaml).Single()), new() { FieldManager = "test" }, _guard.Token);
        }

        _manager = new ControllerManager(_client, new() { Name = "llmops.dev/llm-operator" }, _clock, NullLogger.Instance, random: new Random(1));
        OperatorControllers.Add(_manager, AcceleratorCatalogue.Default, workers: 2, _clock, new(), new PlainRegistry(), new Random(1));
        _running = _manager.RunAsync(_stop.Token);
        await ApplyAsync("llmmodel-twin-8b.yaml", LlmModel.Resource);
        await ApplyAsync("llmendpoint-twin-8b.yaml", LlmEndpoint.Resource);
    }

    [Fact]
    public async Task A_crash_loop_tells_what_the_log_says_once_and_heals()
    {
        await FailAsync("CrashLoop", Log);
        var failed = await ReadyAsync("False", "CudaOutOfMemory");
        Assert.Contains("0 of 1 pods answer; pod twin-8b-", failed.Message);
        Assert.Contains("(448.00 MiB more were asked for, 22.05 GiB is all there is): lower spec.engine.contextLength", failed.Message);
        await UntilAsync(async () => await ToldAsync("CudaOutOfMemory") == 1, TimeSpan.FromMilliseconds(100));
        var version = await SettledAsync();

        await UntilAsync(async () => (await PodAsync())!.Status!.ContainerStatuses![0].RestartCount >= 4, TimeSpan.FromSeconds(2));
        await PassAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(version, (await EndpointAsync())!.Metadata.ResourceVersion);
        Assert.Equal(1, await ToldAsync("CudaOutOfMemory"));
        await FailAsync(null, null);
        await ReadyAsync("True", "Serving", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task An_image_that_cannot_be_pulled_is_named_while_the_kubelet_tries_again()
    {
        await FailAsync("ImagePull", null);
        var failed = await ReadyAsync("False", "ImagePullFailed");
        Assert.Matches("pod twin-8b-[a-z0-9-]+: there is no image vllm/vllm-openai:[^ ]+: correct spec.engine.image$", failed.Message);
        var version = await SettledAsync();

        await PassAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(version, (await EndpointAsync())!.Metadata.ResourceVersion);
        await FailAsync(null, null);
        await ReadyAsync("True", "Serving", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task An_engine_that_never_answers_is_told_when_its_time_is_spent()
    {
        await FailAsync("NeverStarts", "loading\nstill loading");
        await ReadyAsync("False", "PodsNotReady");

        var failed = await ReadyAsync("False", "StartupTimeout", TimeSpan.FromSeconds(1));

        Assert.Matches(@"within spec.engine.startupTimeoutSeconds \(60 s; it ran for \d+ s\) .* its last lines: loading \| still loading$", failed.Message);
        await FailAsync(null, null);
        await ReadyAsync("True", "Serving", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_container_the_kernel_killed_is_told_from_an_accelerator_that_is_full()
    {
        await FailAsync("OutOfMemory", Log);

        var failed = await ReadyAsync("False", "OOMKilled");

        Assert.Contains("the node's memory (not the accelerator's) ran out", failed.Message);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Until.EndedAsync(_running ?? Task.CompletedTask, _clock);
        _manager?.Dispose();
        _client?.Dispose();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        File.Delete(_kubeconfig);
        _stop.Dispose();
        _guard.Dispose();
    }

    /// <summary>Directs the pod before it has a node, so that it fails from its first moment; or undoes it.</summary>
    private async Task FailAsync(string? how, string? log)
    {
        await UntilAsync(async () => await PodAsync() is not null, TimeSpan.FromMilliseconds(100));
        var pod = await PodAsync();
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["sandbox.llmops.dev/fail"] = how, ["sandbox.llmops.dev/log"] = log, ["sandbox.llmops.dev/start-seconds"] = how is null ? null : "30" } },
        };
        await _client!.PatchAsync<Pod>(ObjectKey.Of(pod!), Patch.Merge(Encoding.UTF8.GetBytes(patch.ToJsonString())), null, _guard.Token);
        if (how is not null)
        {
            var resources = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("16"), ["memory"] = Quantity.Parse("64Gi"), ["pods"] = Quantity.Parse("110"), ["nvidia.com/gpu"] = Quantity.Parse("1") };
            await _client.CreateAsync(
                new Node
                {
                    Metadata = new() { Name = "a10g-0", Labels = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = "NVIDIA-A10G", ["kubernetes.io/arch"] = "amd64", ["kubernetes.io/os"] = "linux" } },
                    Status = new() { Capacity = resources, Allocatable = resources },
                },
                cancellationToken: _guard.Token);
        }
    }

    private async Task ApplyAsync(string sample, ResourceType resource)
    {
        var json = YamlJson.Documents($"config/samples/{sample}").Single();
        json["metadata"]!["namespace"] = "default";
        if (resource == LlmEndpoint.Resource)
        {
            json["spec"]!["engine"] = new JsonObject { ["startupTimeoutSeconds"] = 60 };
        }

        await _client!.ApplyAsync(resource, new UnstructuredObject(json), new() { FieldManager = "user" }, _guard.Token);
    }

    private async Task<Condition> ReadyAsync(string status, string reason, TimeSpan? step = null)
    {
        Condition? found = null;
        try
        {
            await UntilAsync(async () => (found = (await EndpointAsync())?.Status?.Conditions.Find("Ready")) is { } ready && ready.Status == status && ready.Reason == reason, step ?? TimeSpan.FromMilliseconds(250));
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Ready is {found}, not {status} {reason}");
        }

        return found!;
    }

    private Task<LlmEndpoint?> EndpointAsync() => _client!.GetAsync<LlmEndpoint>(new("default", "twin-8b"), _guard.Token);

    private async Task<Pod?> PodAsync() => (await _client!.ListAsync<Pod>("default", new() { LabelSelector = ApiGroup.EndpointLabel }, _guard.Token)).Items is [var first, ..] ? first : null;

    private async Task<int> ToldAsync(string reason) => (await _client!.ListAsync<Event>("default", null, _guard.Token)).Items.Count(told => told.Reason == reason && told.Regarding?.Kind == "LlmEndpoint");

    /// <summary>Version of the endpoint once all there is to tell beside the cause is told as well.</summary>
    private async Task<string?> SettledAsync()
    {
        await UntilAsync(async () => (await EndpointAsync())!.Status is { Replicas: 1, UpdatedReplicas: 1 } status && status.Conditions.IsTrue("Scheduled"), TimeSpan.FromMilliseconds(100));
        await PassAsync(TimeSpan.FromSeconds(3));
        return (await EndpointAsync())!.Metadata.ResourceVersion;
    }

    private async Task PassAsync(TimeSpan time)
    {
        var end = _clock.GetUtcNow() + time;
        await UntilAsync(() => Task.FromResult(_clock.GetUtcNow() >= end), TimeSpan.FromMilliseconds(500));
    }

    /// <summary>Lets the clock run until something holds. A request between two steps gives everybody a turn.</summary>
    private async Task UntilAsync(Func<Task<bool>> condition, TimeSpan step)
    {
        while (!await condition())
        {
            await PodAsync();
            _guard.Token.ThrowIfCancellationRequested();
            _clock.Advance(step);
        }
    }
}
