using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Tests.Conformance;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Server;

/// <summary>The API server alone, with one namespace and the definition of the recordings, asked over HTTP.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    public const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    public const string Widgets = "/apis/conformance.example.com/v1/namespaces/default/widgets";
    public const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    public const string Merge = "application/merge-patch+json";

    private readonly CancellationTokenSource _guard = new(TimeSpan.FromMinutes(1));
    private readonly SandboxServer _server;
    private readonly HttpClient _client;

    private RunningServer(SandboxServer server) => (_server, _client) = (server, TestClient.For(server));

    public static async Task<RunningServer> StartAsync()
    {
        var running = new RunningServer(await SandboxServer.StartAsync(new SandboxServerOptions { Time = new ManualTimeProvider() }, TestContext.Current.CancellationToken));
        await running.Created(Definitions, Recording.Read("request-errors").Setup[0]["body"]!.ToJsonString());
        await running.Send("POST", "/api/v1/namespaces", """{"metadata":{"name":"default"}}""");
        return running;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _guard.Dispose();
    }

    public async Task<JsonNode> Created(string path, string body)
    {
        var (code, created) = await Send("POST", path, body);
        Assert.Equal(201, code);
        return created!;
    }

    public async Task<JsonNode> Get(string path, string? accept = null)
    {
        var (code, found) = await Send("GET", path, accept: accept);
        Assert.Equal(200, code);
        return found!;
    }

    public async Task<(int Code, JsonNode? Body)> Send(string method, string path, string? body = null, string type = "application/json", string? accept = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Version = HttpVersion.Version20 };
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        using var response = await _client.SendAsync(request, _guard.Token);
        var text = await response.Content.ReadAsStringAsync(_guard.Token);
        return ((int)response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
    }
}
