using System.Net;
using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Prompts;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Prompts;
using LlmOperator.Sandbox;
using LlmOperator.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using ScriptedEngine = LlmOperator.PromptTrace.Tests.Fakes.ScriptedEngine;

namespace LlmOperator.Gateway.Tests.Cluster;

/// <summary>The gateway with an API server over a real wire, found by a kubeconfig.</summary>
public sealed class ApiServerTests : IAsyncLifetime
{
    private const string Namespace = "default";

    private readonly CancellationTokenSource _guard = new(Bench.Hang);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llm-gateway");
    private EmbeddedCluster _cluster = null!;
    private KubeClient _user = null!;
    private ScriptedEngine _engine = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await EmbeddedCluster.StartAsync(new() { Controllers = false }, _guard.Token);
        await File.WriteAllTextAsync(Kubeconfig, _cluster.KubeconfigText, _guard.Token);
        _user = new(new ClusterConfigurationLoader().Load(Kubeconfig));
        foreach (var definition in CustomResourceDefinitions.Embedded().SelectMany(file => YamlJson.Parse(file.Yaml)))
        {
            await _user.ApplyAsync<CustomResourceDefinition>(new(null, (string)definition["metadata"]!["name"]!), Encoding.UTF8.GetBytes(definition.ToJsonString()), new() { FieldManager = "test" }, _guard.Token);
        }

        // A kind is served a moment after its definition is there.
        while (!await IsServedAsync())
        {
            await Until.QuietAsync();
        }

        _engine = await ScriptedEngine.StartAsync(Bodies.Echo);
    }

    private async Task<bool> IsServedAsync()
    {
        try
        {
            await _user.ListAsync<LlmEndpoint>(Namespace, null, _guard.Token);
            return true;
        }
        catch (KubeApiException error) when (error.IsNotFound)
        {
            return false;
        }
    }

    private string Kubeconfig => Path.Combine(_folder.FullName, "kubeconfig");

    [Fact]
    public async Task It_follows_endpoints_slices_templates_and_keys()
    {
        await using var gateway = new Gateway(
            new() { Namespace = Namespace, Listen = new(IPAddress.Loopback, 0), Admin = new(IPAddress.Loopback, 0), Kubeconfig = Kubeconfig, SpoolDirectory = _folder.FullName, ShutdownDelay = TimeSpan.Zero },
            NullLoggerFactory.Instance);
        await gateway.StartAsync(_guard.Token);
        await Until.TrueAsync(() => gateway.IsReady, "it is ready");
        using var client = new HttpClient();
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync()).StatusCode);

        foreach (var (name, text) in new[] { ("other", "wrong {query}{context}"), ("prompts", "right {query}{context}") })
        {
            await _user.CreateAsync(new ConfigMap { Metadata = new() { Name = name, Namespace = Namespace }, Data = new Dictionary<string, string> { ["chat"] = text } }, null, _guard.Token);
        }

        await _user.CreateAsync(
            new LlmEndpoint
            {
                Metadata = new() { Name = "chat", Namespace = Namespace },
                Spec = new()
                {
                    ModelRef = new() { Name = "llama" },
                    Accelerator = new() { Type = "A10G" },
                    LoadBalancing = new() { Strategy = LoadBalancingStrategy.PrefixHash },
                    Prompt = new() { TemplateRef = new() { Name = "prompts", Key = "chat" } },
                },
            },
            null,
            _guard.Token);
        var pod = await _user.CreateAsync(
            new Pod
            {
                Metadata = new() { Name = "chat-x", Namespace = Namespace, Labels = new Dictionary<string, string> { [ObjectNames.ComponentLabel] = "engine", [ApiGroup.EndpointLabel] = "chat", [ApiGroup.RevisionLabel] = "chat-8" } },
                Spec = new() { Containers = [new() { Name = "engine", Image = "engine" }] },
            },
            null,
            _guard.Token);
        await _user.CreateAsync(
            new EndpointSlice
            {
                Metadata = new() { Name = "chat-x", Namespace = Namespace, Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "chat" } },
                AddressType = "IPv4",
                Ports = [new() { Name = "http", Port = _engine.Url.Port, Protocol = "TCP" }],
                Endpoints = [new() { Addresses = ["127.0.0.1"], Conditions = new() { Ready = true }, TargetRef = new() { Kind = "Pod", Namespace = Namespace, Name = "chat-x", Uid = pod.Metadata.Uid } }],
            },
            null,
            _guard.Token);
        var answer = await UntilAsync(HttpStatusCode.OK);
        Assert.Contains("right hello", await answer.Content.ReadAsStringAsync(_guard.Token), StringComparison.Ordinal);
        Assert.Equal(PromptTemplate.Parse("right {query}{context}", out _)!.Hash, answer.Header("x-llmops-template-hash"));

        // Pods and slices are watched apart, and either may come first.
        while (answer.Header("x-llmops-endpoint-revision") != "chat-8")
        {
            answer = await UntilAsync(HttpStatusCode.OK);
        }

        await _user.CreateAsync(new Secret { Metadata = new() { Name = ApiKeys.SecretName, Namespace = Namespace }, Data = new Dictionary<string, byte[]> { ["alice"] = "key"u8.ToArray() } }, null, _guard.Token);
        await UntilAsync(HttpStatusCode.Unauthorized);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "key");
        Assert.Equal(HttpStatusCode.OK, (await AskAsync()).StatusCode);
        await _user.DeleteAsync<EndpointSlice>(new(Namespace, "chat-x"), null, _guard.Token);
        await UntilAsync(HttpStatusCode.ServiceUnavailable);

        Task<HttpResponseMessage> AskAsync() => client.PostAsync(new Uri($"http://{gateway.Address}/v1/chat/completions"), new StringContent(Bodies.Chat, Encoding.UTF8, "application/json"), _guard.Token);

        async Task<HttpResponseMessage> UntilAsync(HttpStatusCode status)
        {
            while (true)
            {
                var one = await AskAsync();
                if (one.StatusCode == status)
                {
                    return one;
                }

                await Until.QuietAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _user.Dispose();
        await _cluster.DisposeAsync();
        _guard.Dispose();
        _folder.Delete(recursive: true);
    }
}
