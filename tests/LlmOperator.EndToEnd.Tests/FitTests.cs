using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Cli;
using LlmOperator.Controllers;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Telemetry;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Sandbox;
using LlmOperator.Telemetry;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>What fits where, on a cluster of A10G and A100 nodes: refused with numbers, healed by a change, costs told.</summary>
public sealed class FitTests : IAsyncLifetime
{
    private const string Model8B =
        """
        {"source":{"huggingFace":{"repo":"org/twin"}},"parameters":8030261248,"quantization":"bitsandbytes","limits":{"maxTotalTokens":4096},
         "architecture":{"layers":32,"hiddenSize":4096,"attentionHeads":32,"keyValueHeads":8,"headDimension":128,"intermediateSize":14336,"vocabularySize":128256}}
        """;

    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(90));
    private readonly CancellationTokenSource _stop = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("llm-operator-").FullName;
    private MetricsRegistry _metrics = null!;
    private EmbeddedCluster _cluster = null!;
    private KubeClient _client = null!;
    private ControllerManager _manager = null!;
    private IDisposable _registries = null!;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _cluster = await EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Time = new AcceleratedTimeProvider(100) }, _guard.Token);
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, _cluster.KubeconfigText, _guard.Token);
        _client = new KubeClient(new ClusterConfigurationLoader().Load(kubeconfig));
        await new ManifestApplier(_client).ApplyAsync(CustomResourceDefinitions.Embedded().SelectMany(file => Manifest.Parse(file.Yaml, file.FileName)), _guard.Token);
        _manager = new ControllerManager(_client, new() { Name = "llmops.dev/llm-operator" });
        _metrics = new(meter => meter == _manager.Metrics.Meter);

        // Nobody listens there: the facts the models give are all there is.
        _registries = OperatorControllers.Add(_manager, AcceleratorCatalogue.Default, workers: 2, TimeProvider.System, new() { HuggingFaceEndpoint = new("http://127.0.0.1:1") });
        _running = _manager.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _manager.Dispose();
        _registries.Dispose();
        _client.Dispose();
        await _cluster.DisposeAsync();
        _metrics.Dispose();
        _stop.Dispose();
        _guard.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_quantised_8B_is_served_by_one_pod_on_an_A10G_and_its_cost_is_told_until_it_goes()
    {
        await ApplyAsync("LlmModel", "twin", Model8B);
        await ApplyAsync("LlmEndpoint", "twin", """{"modelRef":{"name":"twin"},"accelerator":{"type":"A10G"}}""");

        var endpoint = await ConditionAsync("twin", "Ready", "True");

        var pod = Assert.Single(await PodsAsync());
        Assert.Contains("a10g", pod.Spec!.NodeName);
        Assert.Contains(pod.Spec.Tolerations!, toleration => toleration.Key == "nvidia.com/gpu");
        var resources = pod.Spec.Containers![0].Resources!;
        Assert.Equal((1, 2, Quantity.Parse("5Gi")), (resources.Limits!["nvidia.com/gpu"].Value, resources.Requests!["cpu"].Value, resources.Requests["memory"]));
        Assert.Equal("http://twin.default.svc/v1", endpoint.Status!.Url);
        Assert.Equal(new CostStatus { Currency = "USD", PerHour = "1.006", PerReplicaHour = "1.006" }, endpoint.Status.Cost);
        Assert.True(endpoint.Status.Memory is { NeededMiB: > 8000 and < 12000, AvailableMiB: 20725, KvCacheTokens: > 80_000 });
        await MetricsAsync(text =>
            text.Contains("llm_operator_endpoint_cost_per_hour{namespace=\"default\",name=\"twin\",accelerator=\"A10G\",currency=\"USD\"} 1.006", StringComparison.Ordinal)
            && text.Contains("llm_operator_endpoint_ready{namespace=\"default\",name=\"twin\"} 1", StringComparison.Ordinal)
            && text.Contains("llm_operator_endpoint_replicas{namespace=\"default\",name=\"twin\",state=\"ready\"} 1", StringComparison.Ordinal));

        await _client.DeleteAsync<LlmEndpoint>(new("default", "twin"), cancellationToken: _guard.Token);
        await MetricsAsync(text => !text.Contains("llm_operator_endpoint_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_30B_at_16_bits_is_refused_on_an_A10G_and_is_ready_once_it_is_8_bits_on_an_A100()
    {
        await ApplySampleModelAsync("none");
        await ApplyAsync("LlmEndpoint", "big", """{"modelRef":{"name":"qwen3-30b-a3b"},"accelerator":{"type":"A10G","count":1}}""");

        var refused = await ConditionAsync("big", "Ready", "False", "DoesNotFit");
        var message = refused.Status!.Conditions.Find("Fits")!.Message!;
        Assert.Contains("63582 MiB are needed", message);
        Assert.Contains("20725 MiB are available", message);
        Assert.Contains("1x A100-80GB", message);
        Assert.Empty(await PodsAsync());

        await ApplySampleModelAsync("fp8");
        await ApplyAsync("LlmEndpoint", "big", """{"modelRef":{"name":"qwen3-30b-a3b"},"accelerator":{"type":"A100","count":1}}""");

        var ready = await ConditionAsync("big", "Ready", "True");
        Assert.Equal("True", ready.Status!.Conditions.Find("Fits")!.Status);
        Assert.Contains("a100", Assert.Single(await PodsAsync()).Spec!.NodeName);
        Assert.Equal("3.4309", ready.Status.Cost!.PerHour);
    }

    [Fact]
    public async Task A_class_without_nodes_is_told_and_healed_by_a_node()
    {
        await ApplyAsync("LlmModel", "twin", Model8B);
        await ApplyAsync("LlmEndpoint", "twin", """{"modelRef":{"name":"twin"},"accelerator":{"type":"L4"}}""");

        var waiting = await ConditionAsync("twin", "Scheduled", "False");
        Assert.Contains("no node has accelerator L4", waiting.Status!.Conditions.Find("Scheduled")!.Message);
        Assert.Contains("gpu-a100-x8 has A100-80GB", waiting.Status.Conditions.Find("Scheduled")!.Message);

        var resources = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("8"), ["memory"] = Quantity.Parse("32Gi"), ["pods"] = Quantity.Parse("58"), ["nvidia.com/gpu"] = Quantity.FromValue(1) };
        await _client.CreateAsync(
            new Node
            {
                Metadata = new() { Name = "gpu-l4-0", Labels = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = "NVIDIA-L4", ["kubernetes.io/hostname"] = "gpu-l4-0" } },
                Status = new() { Capacity = resources, Allocatable = resources },
            },
            cancellationToken: _guard.Token);

        await ConditionAsync("twin", "Ready", "True");
        Assert.Equal("gpu-l4-0", Assert.Single(await PodsAsync()).Spec!.NodeName);
    }

    [Fact]
    public async Task Auto_takes_the_cheapest_that_has_room()
    {
        await ApplySampleModelAsync("none");
        await ApplyAsync("LlmEndpoint", "big", """{"modelRef":{"name":"qwen3-30b-a3b"},"accelerator":{"type":"auto"}}""");

        // 4x A10G on one node would be 4.024 an hour, one A100 is 3.4309.
        Assert.Equal("1x A100-80GB", (await ConditionAsync("big", "Ready", "True")).Status!.Accelerator!.Summary);
    }

    private async Task ApplySampleModelAsync(string quantization)
    {
        var spec = YamlJson.Documents("config/samples/llmmodel-qwen3-30b.yaml").Single()["spec"]!.AsObject();
        spec["quantization"] = quantization;
        await ApplyAsync("LlmModel", "qwen3-30b-a3b", spec.ToJsonString());
    }

    private async Task ApplyAsync(string kind, string name, string spec) => await new ManifestApplier(_client).ApplyAsync(
        Manifest.Parse(
            new JsonObject
            {
                ["apiVersion"] = ApiGroup.ApiVersion,
                ["kind"] = kind,
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
                ["spec"] = JsonNode.Parse(spec),
            }.ToJsonString(),
            "test"),
        _guard.Token);

    /// <summary>Pods of endpoints; those of the namespace's gateway need no accelerator.</summary>
    private async Task<IReadOnlyList<Pod>> PodsAsync() => [.. (await _client.ListAsync<Pod>("default", new() { LabelSelector = ApiGroup.EndpointLabel }, _guard.Token)).Items.Where(pod => pod.Metadata.DeletionTimestamp is null)];

    private async Task<LlmEndpoint> ConditionAsync(string name, string type, string status, string? reason = null)
    {
        while (true)
        {
            var endpoint = await _client.GetAsync<LlmEndpoint>(new("default", name), _guard.Token);
            if (endpoint?.Status is { } seen && seen.ObservedGeneration == endpoint.Metadata.Generation && seen.Conditions.Find(type) is { } condition && condition.Status == status && (reason ?? condition.Reason) == condition.Reason)
            {
                return endpoint;
            }

            _guard.Token.ThrowIfCancellationRequested();
        }
    }

    private async Task MetricsAsync(Func<string, bool> wanted)
    {
        while (!wanted(await _metrics.ReadAsync(_guard.Token)))
        {
            _guard.Token.ThrowIfCancellationRequested();
        }
    }
}
