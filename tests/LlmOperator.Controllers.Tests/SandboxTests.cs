using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Sandbox;
using LlmOperator.Sandbox.StandIns.Hub;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests;

/// <summary>The operator's controllers over HTTPS against the embedded API server: what the fake API server of the other tests does not know (schemas, field ownership, finalizers).</summary>
public sealed class SandboxTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(60));
    private readonly string _kubeconfig = Path.GetTempFileName();
    private SandboxServer? _server;
    private KubeClient? _client;
    private HubStandIn? _hub;
    private IDisposable? _registries;
    private ControllerManager? _manager;
    private Task? _running;
    private CancellationTokenSource _stop = new();

    public async ValueTask InitializeAsync()
    {
        _server = await SandboxServer.StartAsync(cancellationToken: _guard.Token);
        _hub = await HubStandIn.StartAsync(wellKnown: true, cancellationToken: _guard.Token);
        await File.WriteAllTextAsync(_kubeconfig, _server.KubeconfigText, _guard.Token);
        _client = new KubeClient(new ClusterConfigurationLoader().Load(_kubeconfig));
        foreach (var (_, yaml) in CustomResourceDefinitions.Embedded())
        {
            await _client.ApplyAsync(CustomResourceDefinition.Resource, new UnstructuredObject(YamlJson.Parse(yaml).Single()), new() { FieldManager = "test" }, _guard.Token);
        }

        await _client.CreateAsync(
            new Node
            {
                Metadata = new() { Name = "a10g-0", Labels = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = "NVIDIA-A10G" } },
                Status = new() { Allocatable = new Dictionary<string, Quantity> { ["nvidia.com/gpu"] = Quantity.FromValue(1) } },
            },
            cancellationToken: _guard.Token);
    }

    [Fact]
    public async Task The_samples_are_accepted_and_served()
    {
        Start();
        await ApplyAsync("llmendpoint-twin-8b.yaml");
        var endpoint = await EndpointAsync("twin-8b", condition => condition is { Type: "ModelReady", Reason: "ModelNotFound" });
        Assert.Equal(1, endpoint.Status!.ObservedGeneration);

        await ApplyAsync("llmmodel-twin-8b.yaml");
        endpoint = await EndpointAsync("twin-8b", condition => condition is { Type: "Progressing", Status: "True" });
        Assert.Equal("0/1", endpoint.Status!.Ready);

        var deployment = await _client!.GetAsync<Deployment>(new("default", "twin-8b"), _guard.Token);
        Assert.Equal(1, deployment!.Spec!.Template!.Spec!.Containers![0].Resources!.Limits!["nvidia.com/gpu"].Value);
        Assert.NotNull(await _client.GetAsync<Service>(new("default", "twin-8b"), _guard.Token));
        await UntilAsync(async () => (await _client.GetAsync<LlmModel>(new("default", "twin-llama-3.1-8b"), _guard.Token))?.Metadata.Finalizers is [ApiGroup.Finalizer]);
    }

    [Theory]
    [InlineData("livenessProbe", """[{"op":"remove","path":"/spec/template/spec/containers/0/livenessProbe/httpGet"},{"op":"add","path":"/spec/template/spec/containers/0/livenessProbe/exec","value":{"command":["true"]}}]""")]
    [InlineData("variable", """[{"op":"replace","path":"/spec/template/spec/containers/0/env/0","value":{"name":"HOME","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}}]""")]
    public async Task An_edit_by_hand_that_does_not_go_together_with_what_is_wanted_is_put_right(string edit, string patch)
    {
        Start();
        await ApplyAsync("llmmodel-twin-8b.yaml");
        await ApplyAsync("llmendpoint-twin-8b.yaml");
        var key = new ObjectKey("default", "twin-8b");
        await UntilAsync(async () => await _client!.GetAsync<Service>(key, _guard.Token) is not null);
        var before = await _client!.GetAsync<Deployment>(key, _guard.Token);

        await _client.PatchAsync<Deployment>(key, Patch.Json(System.Text.Encoding.UTF8.GetBytes(patch)), new() { FieldManager = edit }, _guard.Token);
        await _client.PatchAsync<Service>(key, Patch.Merge("""{"spec":{"ports":[{"port":81,"targetPort":"http"}]}}"""u8.ToArray()), new() { FieldManager = edit }, _guard.Token);

        await UntilAsync(async () => (await _client.GetAsync<Service>(key, _guard.Token))!.Spec!.Ports is [{ Port: 80 }]);
        await UntilAsync(async () =>
        {
            var (wanted, live) = (before!.Spec!.Template!.Spec!.Containers![0], (await _client.GetAsync<Deployment>(key, _guard.Token))!.Spec!.Template!.Spec!.Containers![0]);
            return live.LivenessProbe == wanted.LivenessProbe && live.Env!.SequenceEqual(wanted.Env!);
        });
    }

    [Fact]
    public async Task A_model_in_use_goes_when_its_last_endpoint_has_gone()
    {
        Start();
        await ApplyAsync("llmmodel-twin-8b.yaml");
        await ApplyAsync("llmendpoint-twin-8b.yaml");
        var key = new ObjectKey("default", "twin-llama-3.1-8b");
        await UntilAsync(async () => (await _client!.GetAsync<LlmModel>(key, _guard.Token))?.Metadata.Finalizers is [ApiGroup.Finalizer]);

        await _client!.DeleteAsync<LlmModel>(key, cancellationToken: _guard.Token);
        await UntilAsync(async () => (await _client.GetAsync<LlmModel>(key, _guard.Token))!.Status!.Conditions.IsTrue("InUse"));

        await _client.DeleteAsync<LlmEndpoint>(new("default", "twin-8b"), cancellationToken: _guard.Token);
        await UntilAsync(async () => await _client.GetAsync<LlmModel>(key, _guard.Token) is null);
    }

    [Fact]
    public async Task A_restart_finds_nothing_to_write()
    {
        Start();
        await ApplyAsync("llmmodel-twin-8b.yaml");
        await ApplyAsync("llmendpoint-twin-8b.yaml");
        await EndpointAsync("twin-8b", condition => condition is { Type: "Progressing", Status: "True" });
        await UntilAsync(async () => (await _client!.GetAsync<LlmModel>(new("default", "twin-llama-3.1-8b"), _guard.Token))?.Metadata.Finalizers is [ApiGroup.Finalizer]);
        await StopAsync();
        var before = await VersionsAsync();

        Start();
        await _manager!.Informers.WaitForSyncAsync(_guard.Token);
        await ApplyAsync("llmmodel-qwen3-30b.yaml");
        await UntilAsync(async () => (await _client!.GetAsync<LlmModel>(new("default", "qwen3-30b-a3b"), _guard.Token))?.Status is not null);

        Assert.Equal(before, await VersionsAsync());
    }

    [Fact]
    public async Task A_model_over_several_nodes_is_accepted_by_the_definition_of_the_kind_and_a_restart_writes_nothing()
    {
        var definition = SharedData.Contract("crds/leaderworkerset.x-k8s.io_leaderworkersets.yaml");
        Assert.SkipWhen(definition is null, "crds/leaderworkerset.x-k8s.io_leaderworkersets.yaml is not beside this checkout");
        var group = new ObjectKey("default", "wide-nodes");
        await _client!.ApplyAsync(CustomResourceDefinition.Resource, new UnstructuredObject(YamlJson.Parse(await File.ReadAllTextAsync(definition!, _guard.Token)).Single()), new() { FieldManager = "test" }, _guard.Token);
        await UntilAsync(async () => (await _client.GetAsync<CustomResourceDefinition>(new(null, "leaderworkersets.leaderworkerset.x-k8s.io"), _guard.Token))?.Status?.Conditions?.Any(condition => condition is { Type: "Established", Status: "True" }) == true);
        Start();
        await ApplyAsync("llmmodel-twin-8b.yaml");
        await _client.ApplyAsync(
            LlmEndpoint.Resource,
            new UnstructuredObject(YamlJson.Parse(
                """
                apiVersion: llmops.dev/v1alpha1
                kind: LlmEndpoint
                metadata: {name: wide, namespace: default}
                spec:
                  modelRef: {name: twin-llama-3.1-8b}
                  accelerator: {type: A10G, count: 1}
                  parallelism: {pipeline: 2}
                """).Single()),
            new() { FieldManager = "user" },
            _guard.Token);
        await EndpointAsync("wide", condition => condition is { Type: "Progressing", Status: "True" });
        var made = (await _client.GetAsync<LeaderWorkerSet>(group, _guard.Token))!;
        Assert.Equal(2, made.Spec!.LeaderWorkerTemplate!.Size);
        await UntilAsync(async () => (await _client.GetAsync<LlmModel>(new("default", "twin-llama-3.1-8b"), _guard.Token))?.Metadata.Finalizers is [ApiGroup.Finalizer]);
        await StopAsync();

        Start();
        await _manager!.Informers.WaitForSyncAsync(_guard.Token);
        await ApplyAsync("llmmodel-qwen3-30b.yaml");
        await UntilAsync(async () => (await _client.GetAsync<LlmModel>(new("default", "qwen3-30b-a3b"), _guard.Token))?.Status is not null);
        Assert.Equal(made.Metadata.ResourceVersion, (await _client.GetAsync<LeaderWorkerSet>(group, _guard.Token))!.Metadata.ResourceVersion);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _client?.Dispose();
        _registries?.Dispose();
        await _hub!.DisposeAsync();
        await _server!.DisposeAsync();
        File.Delete(_kubeconfig);
        _stop.Dispose();
        _guard.Dispose();
    }

    private void Start()
    {
        _stop.Dispose();
        _stop = new();
        _manager = new ControllerManager(_client!, new() { Name = "llmops.dev/llm-operator" });
        _registries?.Dispose();
        _registries = OperatorControllers.Add(_manager, AcceleratorCatalogue.Default, workers: 2, TimeProvider.System, new() { HuggingFaceEndpoint = _hub!.Address });
        _running = _manager.RunAsync(_stop.Token);
    }

    private async Task StopAsync()
    {
        if (_running is { } running)
        {
            _running = null;
            await _stop.CancelAsync();
            await running;
            _manager!.Dispose();
        }
    }

    private async Task ApplyAsync(string sample)
    {
        var json = YamlJson.Documents($"config/samples/{sample}").Single();
        json["metadata"]!["namespace"] = "default";
        var resource = json["kind"]!.GetValue<string>() == "LlmModel" ? LlmModel.Resource : LlmEndpoint.Resource;
        await _client!.ApplyAsync(resource, new UnstructuredObject(json), new() { FieldManager = "user" }, _guard.Token);
    }

    private async Task<LlmEndpoint> EndpointAsync(string name, Func<Condition, bool> wanted)
    {
        LlmEndpoint? found = null;
        await UntilAsync(async () => (found = await _client!.GetAsync<LlmEndpoint>(new("default", name), _guard.Token))?.Status?.Conditions?.Any(wanted) == true);
        return found!;
    }

    private async Task<string> VersionsAsync() => string.Join(
        ' ',
        (await _client!.GetAsync<Deployment>(new("default", "twin-8b"), _guard.Token))!.Metadata.ResourceVersion,
        (await _client.GetAsync<Service>(new("default", "twin-8b"), _guard.Token))!.Metadata.ResourceVersion,
        (await _client.GetAsync<NetworkPolicy>(new("default", "twin-8b"), _guard.Token))!.Metadata.ResourceVersion,
        (await _client.GetAsync<PodDisruptionBudget>(new("default", "twin-8b"), _guard.Token))!.Metadata.Generation.ToString()!,
        (await _client.GetAsync<LlmModel>(new("default", "twin-llama-3.1-8b"), _guard.Token))!.Metadata.ResourceVersion,
        (await _client.GetAsync<LlmEndpoint>(new("default", "twin-8b"), _guard.Token))!.Metadata.ResourceVersion);

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            _guard.Token.ThrowIfCancellationRequested();
        }
    }
}
