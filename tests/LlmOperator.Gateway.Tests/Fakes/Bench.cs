using System.Net;
using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Qdrant;
using LlmOperator.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Answers = LlmOperator.PromptTrace.Tests.Fakes.Answers;
using ScriptedEngine = LlmOperator.PromptTrace.Tests.Fakes.ScriptedEngine;

namespace LlmOperator.Gateway.Tests.Fakes;

/// <summary>A client, the gateway, a cluster, pods and a receiver of traces. The gateway's clock is the test's.</summary>
internal sealed class Bench : IAsyncDisposable
{
    public const string Namespace = "team";

    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llm-gateway");
    private readonly CancellationTokenSource _guard = new(Hang);
    private readonly List<ScriptedEngine> _engines = [];

    private Bench()
    {
        Client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public FakeKubeClient Cluster { get; } = new();

    public ManualTimeProvider Time { get; } = new();

    public Receiver Receiver { get; } = new();

    public HttpClient Client { get; }

    public Gateway Gateway { get; private set; } = null!;

    public Uri Url => new($"http://{Gateway.Address}");

    /// <summary>Fires when a test hangs.</summary>
    public CancellationToken Guard => _guard.Token;

    /// <summary>Starts a gateway.</summary>
    /// <param name="prepare">Puts into the cluster what is there before.</param>
    /// <param name="configure">Changes the options.</param>
    /// <param name="qdrant">How Qdrant servers are reached.</param>
    public static async Task<Bench> StartAsync(Func<Bench, Task>? prepare = null, Func<GatewayOptions, GatewayOptions>? configure = null, Func<QdrantConnection, IQdrantClient>? qdrant = null)
    {
        var bench = new Bench();
        await (prepare?.Invoke(bench) ?? Task.CompletedTask);
        var options = new GatewayOptions { Namespace = Namespace, Listen = new(IPAddress.Loopback, 0), Admin = new(IPAddress.Loopback, 0), SpoolDirectory = bench._folder.FullName, Seed = 7 };
        bench.Gateway = new(configure?.Invoke(options) ?? options, NullLoggerFactory.Instance, bench.Time, bench.Cluster, bench.Receiver, qdrant);
        await bench.Gateway.StartAsync(bench.Guard);
        await (bench.Cluster.Intercept is null ? Until.TrueAsync(IsReady, "the gateway is ready") : Until.TrueAsync(IsReady, "the gateway is ready", bench.Time, TimeSpan.FromSeconds(1)));
        return bench;

        bool IsReady() => bench.Gateway.IsReady;
    }

    /// <summary>Starts a gateway with an endpoint named chat that has one pod.</summary>
    public static Task<Bench> StartAsync(RequestDelegate answer, Func<GatewayOptions, GatewayOptions>? configure = null) =>
        StartAsync(
            async bench =>
            {
                bench.PutEndpoint("chat");
                await bench.AddPodAsync("chat", answer);
            },
            configure);

    public LlmEndpoint PutEndpoint(string name, LlmEndpointSpec? spec = null) => Cluster.Put(new LlmEndpoint
    {
        Metadata = new() { Name = name, Namespace = Namespace, CreationTimestamp = Time.GetUtcNow() },
        Spec = spec ?? new() { ModelRef = new() { Name = "llama" } },
        Status = new() { ServedModelName = name, ActiveRevision = $"{name}-7", Model = new() { Name = "llama", Revision = "abc123" } },
    });

    /// <summary>Starts a pod and tells the cluster of it.</summary>
    public async Task<ScriptedEngine> AddPodAsync(string endpoint, RequestDelegate answer, string? revision = null)
    {
        var engine = await ScriptedEngine.StartAsync(answer);
        lock (_engines)
        {
            _engines.Add(engine);
        }

        PutSlice(endpoint, engine.Url, revision: revision);
        return engine;
    }

    /// <summary>Tells the cluster of a pod. Each has a slice of its own, as they differ by port here.</summary>
    /// <param name="service">Its Service, which is called as the endpoint.</param>
    /// <param name="pod">Its address.</param>
    /// <param name="conditions">Its state; ready when null.</param>
    /// <param name="revision">Revision it is of; null where there is no more of it than its address.</param>
    public void PutSlice(string service, Uri pod, EndpointConditions? conditions = null, string? revision = null)
    {
        var name = $"{service}-{pod.Port}";
        var known = revision is null ? null : Cluster.Put(new PodMetadata
        {
            Metadata = new() { Name = name, Namespace = Namespace, Labels = new Dictionary<string, string> { [ApiGroup.EndpointLabel] = service, [ApiGroup.RevisionLabel] = revision } },
        });
        Cluster.Put(new EndpointSlice
        {
            Metadata = new() { Name = name, Namespace = Namespace, Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service } },
            AddressType = "IPv4",
            Ports = [new() { Name = "metrics", Port = 1 }, new() { Name = "http", Port = pod.Port }],
            Endpoints = [new() { Addresses = [pod.Host], Conditions = conditions ?? new() { Ready = true }, TargetRef = known is null ? null : new() { Kind = "Pod", Name = name, Uid = known.Metadata.Uid } }],
        });
    }

    /// <summary>Has the status of an endpoint tell of its revisions what each serves. The first is the target.</summary>
    public void PutRevisions(string endpoint, params ServedRevision[] revisions)
    {
        var present = Cluster.Peek<LlmEndpoint>(endpoint, Namespace)!;
        Cluster.Put(present with { Status = (present.Status ?? new()) with { TargetRevision = revisions[0].Revision, Model = revisions[0].Model, Revisions = revisions } });
    }

    public void RemoveSlice(string service, Uri pod) => Cluster.Remove<EndpointSlice>($"{service}-{pod.Port}", Namespace);

    public void PutConfigMap(string name, string key, string text) =>
        Cluster.Put(new ConfigMap { Metadata = new() { Name = name, Namespace = Namespace }, Data = new Dictionary<string, string> { [key] = text } });

    public void PutKeys(params (string Name, string Value)[] keys) => Cluster.Put(new Secret
    {
        Metadata = new() { Name = ApiKeys.SecretName, Namespace = Namespace },
        Data = keys.ToDictionary(key => key.Name, key => Encoding.UTF8.GetBytes(key.Value)),
    });

    public Task<HttpResponseMessage> PostAsync(string path, string body, Action<HttpRequestMessage>? configure = null) => SendAsync(HttpMethod.Post, path, new StringContent(body, null, "application/json"), configure);

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body = null, Action<HttpRequestMessage>? configure = null) => SendUntilAsync(method, path, body, configure, Guard);

    public Task<HttpResponseMessage> SendUntilAsync(HttpMethod method, string path, HttpContent? body, Action<HttpRequestMessage>? configure, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, new Uri(Url, path)) { Content = body };
        configure?.Invoke(request);
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    public Task<string> MetricsAsync() => Client.GetStringAsync(new Uri($"http://{Gateway.Admin}/metrics"), Guard);

    /// <summary>The metrics once something is among them: a client may have its answer before the gateway has counted it.</summary>
    public async Task<string> MetricsAsync(string wanted)
    {
        while (true)
        {
            var metrics = await MetricsAsync();
            if (metrics.Contains(wanted, StringComparison.Ordinal))
            {
                return metrics;
            }

            Assert.False(Guard.IsCancellationRequested, $"never: {wanted}");
            await Until.QuietAsync();
        }
    }

    /// <summary>Asks until the answer is as wanted: changes of the cluster take a moment.</summary>
    public async Task<HttpResponseMessage> EventuallyAsync(Func<Task<HttpResponseMessage>> ask, Func<HttpResponseMessage, bool> isWanted)
    {
        while (true)
        {
            var answer = await ask();
            if (isWanted(answer))
            {
                return answer;
            }

            Assert.False(Guard.IsCancellationRequested, $"still answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
            answer.Dispose();
            await Until.QuietAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        var stopping = Gateway.StopAsync(new CancellationToken(canceled: true));
        await Until.TrueAsync(() => stopping.IsCompleted, "the gateway stops", Time, TimeSpan.FromSeconds(1));
        await stopping;
        await Gateway.DisposeAsync();
        foreach (var engine in _engines)
        {
            await engine.DisposeAsync();
        }

        Client.Dispose();
        Receiver.Dispose();
        _guard.Dispose();
        _folder.Delete(recursive: true);
    }
}

/// <summary>Reading answers.</summary>
internal static class AnswerReading
{
    public static async Task<System.Text.Json.Nodes.JsonNode> ErrorAsync(this HttpResponseMessage answer)
    {
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        return System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync(CancellationToken.None))!["error"]!;
    }

    public static string? Header(this HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;
}

/// <summary>Bodies of requests.</summary>
internal static class Bodies
{
    public const string Chat = """{"model":"chat","messages":[{"role":"user","content":"hello"}]}""";
    public const string Stream = """{"model":"chat","messages":[{"role":"user","content":"hello"}],"stream":true}""";

    public static async Task<string> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        return await reader.ReadToEndAsync(CancellationToken.None);
    }

    /// <summary>Answers with what was asked.</summary>
    public static RequestDelegate Echo { get; } = async context => await Answers.JsonAsync(context, await ReadAsync(context));

    public static RequestDelegate Text(string text) => context => Answers.JsonAsync(context, $$$"""{"choices":[{"index":0,"message":{"content":"{{{text}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":7}}""");
}
