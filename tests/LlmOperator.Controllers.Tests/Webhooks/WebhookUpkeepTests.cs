using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Controllers.Webhooks;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Sandbox;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.Webhooks;

/// <summary>The webhook's certificate and configuration over their life, against the embedded API server, on a clock that stands still.</summary>
public sealed class WebhookUpkeepTests : IAsyncLifetime
{
    private const string Namespace = "llm-operator";
    private readonly CancellationTokenSource _guard = new(TimeSpan.FromMinutes(3));
    private readonly string _kubeconfig = Path.GetTempFileName();
    private readonly ManualTimeProvider _clock = new();
    private readonly List<Replica> _replicas = [];
    private SandboxServer? _server;
    private KubeClient? _client;

    public async ValueTask InitializeAsync()
    {
        _server = await SandboxServer.StartAsync(cancellationToken: _guard.Token);
        await File.WriteAllTextAsync(_kubeconfig, _server.KubeconfigText, _guard.Token);
        _client = new KubeClient(new ClusterConfigurationLoader().Load(_kubeconfig));
        foreach (var (_, yaml) in CustomResourceDefinitions.Embedded())
        {
            await ApplyAsync(YamlJson.Parse(yaml).Single());
        }

        await ApplyAsync(YamlJson.Documents("config/base/namespace.yaml").Single());
    }

    [Fact]
    public async Task The_first_comer_makes_the_certificate_and_the_others_share_it()
    {
        await InstallAsync();
        var first = Start();
        var second = Start();

        await Until.TrueAsync(() => first.Thumbprint is not null && first.Thumbprint == second.Thumbprint, "both serve one certificate");
        await BundleAsync();

        var secret = await SecretAsync();
        Assert.Equal("kubernetes.io/tls", secret!.Type);
        Assert.Equal(["ca.crt", "ca.key", "tls.crt", "tls.key"], secret.Data!.Keys.Order());
        Assert.Null(first.Webhook.WhyNotReady());
    }

    [Fact]
    public async Task A_certificate_is_replaced_on_the_clock_without_a_restart_and_a_new_authority_is_trusted_before_it_is_used()
    {
        await InstallAsync();
        var replica = Start();
        await BundleAsync();
        var before = replica.Thumbprint;
        var bundle = await BundleAsync();

        await AdvanceAsync(TimeSpan.FromDays(61), () => replica.Thumbprint != before);
        Assert.Equal(bundle, await BundleAsync());

        await AdvanceAsync(TimeSpan.FromDays(2434 - 61), () => Text(SecretAsync().Result!, "ca.crt").Split("BEGIN").Length - 1 == 2);
        var both = await BundleAsync();
        Assert.EndsWith(Encoding.ASCII.GetString(Convert.FromBase64String(bundle)).TrimEnd(), Encoding.ASCII.GetString(Convert.FromBase64String(both)).TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_edited_by_hand_is_put_right_and_nothing_else_is_touched()
    {
        await InstallAsync();
        Start();
        var bundle = await BundleAsync();

        await PatchConfigurationAsync("""{"webhooks":[{"name":"llmendpoint.llmops.dev","clientConfig":{"caBundle":"Y2E="},"timeoutSeconds":7}]}""");

        Assert.Equal(bundle, await BundleAsync());
        var configuration = await ConfigurationAsync(WebhookManifest.InstalledName);
        Assert.Equal(7, configuration!.Webhooks!.Single(webhook => webhook.Name == "llmendpoint.llmops.dev").TimeoutSeconds);
    }

    [Fact]
    public async Task A_deleted_secret_is_made_anew_and_trusted()
    {
        await InstallAsync();
        var replica = Start();
        var bundle = await BundleAsync();
        var before = replica.Thumbprint;

        await _client!.DeleteAsync<Secret>(new(Namespace, WebhookManifest.SecretName), cancellationToken: _guard.Token);

        await Until.TrueAsync(() => replica.Thumbprint != before, "another certificate is served");
        Assert.NotEqual(bundle, await BundleAsync());
        Assert.NotNull(await SecretAsync());
    }

    [Fact]
    public async Task A_configuration_that_is_not_installed_is_not_made()
    {
        var replica = Start();

        await Until.TrueAsync(() => replica.Thumbprint is not null, "a certificate is served");

        Assert.Null(await ConfigurationAsync(WebhookManifest.InstalledName));
    }

    [Fact]
    public async Task With_a_URL_the_configuration_comes_and_goes_with_the_process()
    {
        var replica = Start(new("https://127.0.0.1:0"), port: 12345);
        await Until.TrueAsync(() => ConfigurationAsync(WebhookManifest.UrlName).Result is not null, "the configuration is there");

        var made = await ConfigurationAsync(WebhookManifest.UrlName);
        Assert.Equal(
            ["https://127.0.0.1:12345/validate/llmmodel", "https://127.0.0.1:12345/validate/llmmodel", "https://127.0.0.1:12345/validate/llmendpoint", "https://127.0.0.1:12345/validate/ragindex"],
            made!.Webhooks!.Select(webhook => webhook.ClientConfig!.Url));
        Assert.Null(await SecretAsync());
        await _client!.DeleteAsync<ValidatingWebhookConfiguration>(new(null, WebhookManifest.UrlName), cancellationToken: _guard.Token);
        await Until.TrueAsync(() => ConfigurationAsync(WebhookManifest.UrlName).Result is { } again && again.Metadata.Uid != made.Metadata.Uid, "it is put right");

        await replica.StopAsync();
        Assert.Null(await ConfigurationAsync(WebhookManifest.UrlName));
    }

    [Fact]
    public void What_is_shipped_is_what_the_operator_means()
    {
        var shipped = YamlJson.Documents("config/base/webhook.yaml").Single(document => document["kind"]!.GetValue<string>() == "ValidatingWebhookConfiguration");

        var meant = JsonSerializer.SerializeToNode(
            WebhookManifest.Whole(WebhookManifest.InstalledName, Namespace, path => new() { Service = new() { Namespace = Namespace, Name = WebhookManifest.ServiceName, Path = path } }),
            ValidatingWebhookConfiguration.JsonTypeInfo);
        Assert.True(JsonNode.DeepEquals(meant, shipped), $"config/base/webhook.yaml should be\n{meant}\nand is\n{shipped}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _replicas)
        {
            await replica.StopAsync();
            replica.Dispose();
        }

        _client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        File.Delete(_kubeconfig);
        _guard.Dispose();
    }

    private static string Text(Secret secret, string key) => Encoding.ASCII.GetString(secret.Data![key]);

    private Replica Start(Uri? url = null, int port = 9443)
    {
        var manager = new ControllerManager(_client!, new() { Name = "llmops.dev/llm-operator" }, _clock);
        OperatorControllers.Add(manager, AcceleratorCatalogue.Default, workers: 1, _clock, new(), new PlainRegistry(), new Random(1));
        var webhook = new OperatorWebhook(manager, _client!, new() { Namespace = Namespace, Url = url }, AcceleratorCatalogue.Default, _clock, new ListLogger());
        var replica = new Replica(manager, webhook, port, _clock);
        _replicas.Add(replica);
        return replica;
    }

    private async Task InstallAsync()
    {
        foreach (var document in YamlJson.Documents("config/base/webhook.yaml"))
        {
            await ApplyAsync(document);
        }
    }

    private async Task ApplyAsync(JsonObject document)
    {
        var resource = await _client!.DiscoverAsync(document["apiVersion"]!.GetValue<string>(), document["kind"]!.GetValue<string>(), _guard.Token);
        await _client.ApplyAsync(resource!, new UnstructuredObject(document), new() { FieldManager = "test", Force = true }, _guard.Token);
    }

    private Task<ValidatingWebhookConfiguration> PatchConfigurationAsync(string patch) => _client!.PatchAsync<ValidatingWebhookConfiguration>(
        new(null, WebhookManifest.InstalledName), new("application/strategic-merge-patch+json", Encoding.UTF8.GetBytes(patch)), cancellationToken: _guard.Token);

    private Task<Secret?> SecretAsync() => _client!.GetAsync<Secret>(new(Namespace, WebhookManifest.SecretName), _guard.Token);

    private Task<ValidatingWebhookConfiguration?> ConfigurationAsync(string name) => _client!.GetAsync<ValidatingWebhookConfiguration>(new(null, name), _guard.Token);

    /// <summary>The bundle, once all webhooks of the installed configuration have that of the Secret.</summary>
    private async Task<string> BundleAsync()
    {
        while (true)
        {
            var wanted = await SecretAsync() is { } secret ? Convert.ToBase64String(secret.Data!["ca.crt"]) : null;
            var live = (await ConfigurationAsync(WebhookManifest.InstalledName))?.Webhooks?.Select(webhook => webhook.ClientConfig?.CaBundle).Distinct().ToList();
            if (wanted is not null && live is [var only] && only == wanted)
            {
                return wanted;
            }

            await Until.QuietAsync();
            _guard.Token.ThrowIfCancellationRequested();
        }
    }

    private async Task AdvanceAsync(TimeSpan by, Func<bool> until)
    {
        // In strides shorter than the time between a renewal falling due and the end of what it renews.
        var stride = TimeSpan.FromDays(10);
        for (var done = TimeSpan.Zero; done < by; done += stride)
        {
            _clock.Advance(stride < by - done ? stride : by - done);
            await Until.QuietAsync();
        }

        await Until.TrueAsync(until, $"what is due after {by}", _clock, TimeSpan.FromDays(1));
    }

    /// <summary>A replica of the operator.</summary>
    private sealed class Replica : IDisposable
    {
        private readonly ManualTimeProvider _clock;
        private readonly CancellationTokenSource _stop = new();
        private readonly ControllerManager _manager;
        private readonly Task _running;

        public Replica(ControllerManager manager, OperatorWebhook webhook, int port, ManualTimeProvider clock)
        {
            (_manager, Webhook, _clock) = (manager, webhook, clock);
            _running = Task.WhenAll(manager.RunAsync(_stop.Token), webhook.RunAsync(port, _stop.Token));
        }

        public OperatorWebhook Webhook { get; }

        public string? Thumbprint => Webhook.Certificate.Current?.TargetCertificate.Thumbprint;

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Until.EndedAsync(_running, _clock);
        }

        public void Dispose()
        {
            _manager.Dispose();
            _stop.Dispose();
        }
    }
}
