using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Configuration;
using LlmOperator.Hosting;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox;
using LlmOperator.Serving;
using LlmOperator.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOperator.Tests;

/// <summary>The whole operator's webhook over TLS on the loopback address, beside the embedded API server.</summary>
public sealed class WebhookServingTests : IAsyncLifetime
{
    private const string Review = """{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CREATE","name":"e","namespace":"default","object":{"metadata":{"name":"e"},"spec":{"modelRef":{"name":"m"},"accelerator":{"type":"Z9"}}}}}""";
    private static readonly Uri AnyPort = new("https://127.0.0.1:0");
    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(60));
    private readonly CancellationTokenSource _stop = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("llm-operator-").FullName;
    private readonly ManualTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private SandboxServer? _server;
    private KubeClient? _client;
    private Task<RunOutcome>? _running;

    public async ValueTask InitializeAsync()
    {
        _server = await SandboxServer.StartAsync(cancellationToken: _guard.Token);
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, _server.KubeconfigText, _guard.Token);
        _client = new KubeClient(new ClusterConfigurationLoader().Load(kubeconfig));
        foreach (var (_, yaml) in CustomResourceDefinitions.Embedded())
        {
            await _client.ApplyAsync(CustomResourceDefinition.Resource, new UnstructuredObject(YamlJson.Parse(yaml).Single()), new() { FieldManager = "test" }, _guard.Token);
        }
    }

    [Fact]
    public async Task A_review_is_answered_over_TLS_that_the_configurations_bundle_vouches_for()
    {
        Start(new() { WebhookUrl = AnyPort });
        var (url, bundle) = await ConfiguredAsync();
        using var client = Trusting(bundle);

        using var answer = await client.PostAsync(new Uri(url, "/validate/llmendpoint?timeout=5s"), Json(Review), _guard.Token);

        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        var response = JsonNode.Parse(await answer.Content.ReadAsStringAsync(_guard.Token))!["response"]!;
        Assert.False((bool)response["allowed"]!);
        Assert.Equal("spec.accelerator.type", (string)response["status"]!["details"]!["causes"]![0]!["field"]!);
    }

    [Theory]
    [InlineData("POST", "/validate/llmendpoint", "application/json", "{", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/validate/llmendpoint", "text/plain", Review, HttpStatusCode.BadRequest)]
    [InlineData("GET", "/validate/llmendpoint", null, null, HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/validate/pod", "application/json", Review, HttpStatusCode.NotFound)]
    [InlineData("GET", "/metrics", null, null, HttpStatusCode.NotFound)]
    public async Task What_is_no_review_is_refused(string method, string path, string? type, string? body, HttpStatusCode expected)
    {
        Start(new() { WebhookUrl = AnyPort });
        var (url, bundle) = await ConfiguredAsync();
        using var client = Trusting(bundle);
        using var request = new HttpRequestMessage(new(method), new Uri(url, path)) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type!) };

        using var answer = await client.SendAsync(request, _guard.Token);

        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task A_body_larger_than_two_objects_is_refused_and_one_of_that_size_is_read()
    {
        Start(new() { WebhookUrl = AnyPort });
        var (url, bundle) = await ConfiguredAsync();
        using var client = Trusting(bundle);
        client.DefaultRequestHeaders.ExpectContinue = true;
        var address = new Uri(url, "/validate/llmmodel");

        using var large = await client.PostAsync(address, Json(Review.Replace("\"e\"", $"\"{new string('x', 6 * 1024 * 1024)}\"", StringComparison.Ordinal).Replace("llmendpoint", "llmmodel", StringComparison.Ordinal)), _guard.Token);
        using var tooLarge = await client.PostAsync(address, Json(new string(' ', Site.MaxBodyBytes + 1)), _guard.Token);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        Assert.NotEqual(HttpStatusCode.InternalServerError, large.StatusCode);
    }

    [Fact]
    public async Task Reviews_are_counted_and_readiness_tells_of_the_webhook()
    {
        var (metrics, health) = (FreePort(), FreePort());
        Start(new() { WebhookUrl = AnyPort, MetricsBindAddress = new(IPAddress.Loopback, metrics), HealthProbeBindAddress = new(IPAddress.Loopback, health) });
        var (url, bundle) = await ConfiguredAsync();
        using var client = Trusting(bundle);
        for (var time = 0; time < 2; time++)
        {
            using var answer = await client.PostAsync(new Uri(url, "/validate/llmendpoint"), Json(Review), _guard.Token);
        }

        using var refused = await client.PostAsync(new Uri(url, "/validate/llmendpoint"), Json("{"), _guard.Token);
        var text = await client.GetStringAsync(new Uri($"http://127.0.0.1:{metrics}/metrics"), _guard.Token);
        var ready = await client.GetStringAsync(new Uri($"http://127.0.0.1:{health}/readyz?verbose"), _guard.Token);

        Assert.Matches("""controller_runtime_webhook_requests_total\{code="200",webhook="/validate/llmendpoint"\} 2\n|controller_runtime_webhook_requests_total\{webhook="/validate/llmendpoint",code="200"\} 2\n""", text);
        Assert.Matches("""controller_runtime_webhook_requests_total\{[^}]*code="400"[^}]*\} 1\n""", text);
        Assert.Contains("""controller_runtime_webhook_latency_seconds_count{webhook="/validate/llmendpoint"} 3""", text);
        Assert.Contains("""controller_runtime_webhook_requests_in_flight{webhook="/validate/llmendpoint"} 0""", text);
        Assert.Contains("[+]webhook ok", ready);
    }

    [Fact]
    public async Task The_configuration_goes_before_the_server_does()
    {
        Start(new() { WebhookUrl = AnyPort });
        await ConfiguredAsync();

        await _stop.CancelAsync();
        await _running!.WaitAsync(_guard.Token);

        Assert.Null(await ConfigurationAsync());
    }

    [Fact]
    public async Task Certificates_of_others_are_served_and_swapped_without_a_restart()
    {
        var first = WriteCertificate();
        Start(new() { WebhookUrl = AnyPort, WebhookCertDir = _folder });
        var (url, bundle) = await ConfiguredAsync();
        Assert.Equal(first, await PresentedAsync(url.Port));

        var second = WriteCertificate();
        while (await PresentedAsync(url.Port) != second || (await ConfiguredAsync()).Bundle == bundle)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            _guard.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task Two_processes_with_a_URL_each_do_not_take_the_configuration_from_each_other_at_every_turn()
    {
        Start(new() { WebhookUrl = AnyPort });
        var (first, _) = await ConfiguredAsync();
        var one = _running!;
        Start(new() { WebhookUrl = AnyPort });
        while ((await ConfiguredAsync()).Url.Port == first.Port)
        {
            _guard.Token.ThrowIfCancellationRequested();
        }

        var second = await ConfigurationAsync();
        for (var look = 0; look < 50; look++)
        {
            Assert.Equal(second!.Metadata.Generation, (await ConfigurationAsync())!.Metadata.Generation);
        }

        // A process that crashed leaves the configuration behind; the other one then takes over.
        while ((await ConfiguredAsync()).Url.Port != first.Port)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            _guard.Token.ThrowIfCancellationRequested();
        }

        await _stop.CancelAsync();
        await one.WaitAsync(_guard.Token);
    }

    [Fact]
    public async Task Outside_a_cluster_and_without_a_URL_there_is_no_webhook()
    {
        Start(new() { WebhookUrl = null });

        await _stop.CancelAsync();

        Assert.Equal(RunOutcome.Stopped, await _running!.WaitAsync(_guard.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_running is not null)
        {
            await _running.WaitAsync(_guard.Token);
        }

        _client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
        _stop.Dispose();
        _guard.Dispose();
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>A client that trusts the authorities of a bundle and nobody else.</summary>
    private static HttpClient Trusting(string bundle)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(bundle)));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return new(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } });
    }

    private static async Task<string> PresentedAsync(int port)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(tcp.GetStream(), false, (_, presented, _, _) => presented is not null);
        await tls.AuthenticateAsClientAsync("127.0.0.1");
        return tls.RemoteCertificate!.GetCertHashString();
    }

    private void Start(OperatorOptions options) => _running = OperatorHost.RunAsync(
        options with
        {
            MetricsBindAddress = options.MetricsBindAddress?.Host is null ? null : options.MetricsBindAddress,
            HealthProbeBindAddress = options.HealthProbeBindAddress?.Host is null ? null : options.HealthProbeBindAddress,
            WebhookBindAddress = new(IPAddress.Loopback, 0),
        },
        _client!,
        _clock,
        NullLoggerFactory.Instance,
        _stop.Token);

    private Task<ValidatingWebhookConfiguration?> ConfigurationAsync() => _client!.GetAsync<ValidatingWebhookConfiguration>(new(null, "llm-operator-url"), _guard.Token);

    private async Task<(Uri Url, string Bundle)> ConfiguredAsync()
    {
        while (true)
        {
            if ((await ConfigurationAsync())?.Webhooks?[0].ClientConfig is { Url: { } url, CaBundle: { } bundle })
            {
                return (new(url), bundle);
            }

            Assert.False(_running!.IsCompleted, "the operator ended");
        }
    }

    /// <summary>A certificate that signs itself, as tls.crt, tls.key and ca.crt.</summary>
    private string WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=given", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(_folder, "tls.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(_folder, "tls.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "ca.crt"), certificate.ExportCertificatePem());
        return certificate.GetCertHashString();
    }
}
