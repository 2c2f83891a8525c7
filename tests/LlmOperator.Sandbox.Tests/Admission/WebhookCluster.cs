using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Conformance;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Admission;

/// <summary>A sandbox with a client and a webhook beside it.</summary>
public abstract class WebhookCluster : IAsyncLifetime
{
    private protected const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private const string Registration = "/apis/admissionregistration.k8s.io/v1";

    private readonly CancellationTokenSource _guard = new(TimeSpan.FromMinutes(1));

    private protected ManualTimeProvider Time { get; } = new();

    private protected SandboxServer Server { get; private set; } = null!;

    private protected HttpClient Client { get; private set; } = null!;

    private protected TestWebhook Hook { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await SandboxServer.StartAsync(new SandboxServerOptions { Time = Time }, _guard.Token);
        Client = TestClient.For(Server);
        Hook = await TestWebhook.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Client.Dispose();
        await Hook.DisposeAsync();
        await Server.DisposeAsync();
        _guard.Dispose();
    }

    /// <summary>A webhook's entry: configmaps, all operations, asked at a path of the test's webhook.</summary>
    private protected JsonObject Entry(string path, Action<JsonObject>? adjust = null)
    {
        var entry = JsonNode.Parse(
            """
            {
              "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"]}],
              "sideEffects": "None", "admissionReviewVersions": ["v1"]
            }
            """)!.AsObject();
        entry["name"] = $"{path.Trim('/')}.example.com";
        entry["clientConfig"] = new JsonObject { ["url"] = $"{Hook.Address.ToString().TrimEnd('/')}{path}", ["caBundle"] = Hook.Authority };
        adjust?.Invoke(entry);
        return entry;
    }

    private protected Task<Reply> Validating(params JsonObject[] entries) => Configure("ValidatingWebhookConfiguration", "validation", entries);

    private protected Task<Reply> Mutating(params JsonObject[] entries) => Configure("MutatingWebhookConfiguration", "mutation", entries);

    private protected Task<Reply> Configure(string kind, string name, params JsonObject[] entries) => Send(
        HttpMethod.Post,
        $"{Registration}/{kind.ToLowerInvariant()}s",
        new JsonObject
        {
            ["apiVersion"] = "admissionregistration.k8s.io/v1",
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = name },
            ["webhooks"] = new JsonArray([.. entries]),
        });

    private protected Task<Reply> CreateConfigMap(string name, string query = "") =>
        Send(HttpMethod.Post, ConfigMaps + query, JsonNode.Parse($$"""{ "metadata": { "name": "{{name}}" }, "data": { "a": "1" } }"""));

    private protected async Task<Reply> Send(HttpMethod method, string path, JsonNode? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path) { Version = new Version(2, 0) };
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, MediaTypeHeaderValue.Parse(type));
        }

        using var response = await Client.SendAsync(request, _guard.Token);
        var text = await response.Content.ReadAsStringAsync(_guard.Token);
        var warnings = response.Headers.TryGetValues("Warning", out var values) ? values.ToList() : [];
        return new Reply((int)response.StatusCode, (JsonObject)JsonNode.Parse(text)!, warnings);
    }

    internal sealed record Reply(int Code, JsonObject Body, IReadOnlyList<string> Warnings)
    {
        public string Message => Body.Text("message") ?? "";
    }
}
