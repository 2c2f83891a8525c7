using System.Net;
using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Hosting;
using LlmOperator.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.PromptTrace.Tests.Fakes;

/// <summary>A client, the sidecar, an engine and a receiver of traces. The sidecar's clock is the test's.</summary>
internal sealed class Bench : IAsyncDisposable
{
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder;
    private readonly CancellationTokenSource _guard = new(Hang);

    private Bench(ScriptedEngine engine, DirectoryInfo folder)
    {
        (Engine, _folder) = (engine, folder);
        Client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null });
    }

    public ScriptedEngine Engine { get; }

    public Receiver Receiver { get; } = new();

    public ManualTimeProvider Time { get; } = new();

    public HttpClient Client { get; }

    public Sidecar Sidecar { get; private set; } = null!;

    public Uri Url => new($"http://{Sidecar.Clients}");

    public Uri Admin => new($"http://{Sidecar.Admin}");

    /// <summary>Fires when a test hangs.</summary>
    public CancellationToken Guard => _guard.Token;

    public SpoolCounts Counts => Sidecar.Counts["test"];

    public static async Task<Bench> StartAsync(RequestDelegate? answer = null, Func<SidecarOptions, SidecarOptions>? configure = null)
    {
        var bench = new Bench(await ScriptedEngine.StartAsync(answer), Directory.CreateTempSubdirectory("prompt-trace"));
        var options = new SidecarOptions
        {
            Listen = new(IPAddress.Loopback, 0),
            Admin = new(IPAddress.Loopback, 0),
            Engine = bench.Engine.Url,
            SpoolDirectory = bench._folder.FullName,
            Served = new() { Endpoint = "chat", Namespace = "team", Revision = "chat-7", Model = "llama", ModelRevision = "abc123", Pod = "chat-0" },
            Exporters = [new("test", new() { Address = new("http://receiver/v1/traces"), Encoding = new OtlpJson() })],
        };
        bench.Sidecar = new(configure?.Invoke(options) ?? options, NullLoggerFactory.Instance, bench.Time, bench.Receiver);
        await bench.Sidecar.StartAsync(bench.Guard);
        return bench;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string body) => PostAsync(path, new StringContent(body, null, "application/json"));

    public Task<HttpResponseMessage> PostAsync(string path, HttpContent body, Action<HttpRequestMessage>? configure = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url, path)) { Content = body };
        configure?.Invoke(request);
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Guard);
    }

    public Task<string> MetricsAsync() => Client.GetStringAsync(new Uri(Admin, "/metrics"), Guard);

    /// <summary>Spans, once there are as many.</summary>
    public async Task<IReadOnlyList<System.Text.Json.Nodes.JsonObject>> SpansAsync(int count = 1)
    {
        await Until.TrueAsync(() => Receiver.Spans.Count >= count, $"{count} spans arrive", Time, TimeSpan.FromSeconds(1));
        return Receiver.Spans;
    }

    public async ValueTask DisposeAsync()
    {
        var stopping = Sidecar.StopAsync(new CancellationToken(canceled: true));
        await Until.TrueAsync(() => stopping.IsCompleted, "the sidecar stops", Time, TimeSpan.FromSeconds(1));
        await stopping;
        await Sidecar.DisposeAsync();
        await Engine.DisposeAsync();
        Client.Dispose();
        Receiver.Dispose();
        _guard.Dispose();
        _folder.Delete(recursive: true);
    }
}
