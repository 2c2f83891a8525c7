using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Cli;
using LlmOperator.Sandbox;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.StandIns.Engine;
using LlmOperator.Sandbox.StandIns.Traces;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>A pod with prompt-trace before an inference server, as the operator makes it: client, Service, sidecar, stand-in engine, and the trace of the request.</summary>
public sealed class DataPathTests : IAsyncLifetime
{
    private static readonly ResourceName Pods = new("", "pods");

    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(60));
    private EmbeddedCluster _cluster = null!;
    private TraceReceiver _traces = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _traces = await TraceReceiver.StartAsync(cancellationToken: _guard.Token);
        var node = JsonNode.Parse("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"status":{"allocatable":{"cpu":"64","memory":"64Gi","pods":"110"}}}""")!.AsObject();
        _cluster = await EmbeddedCluster.StartAsync(
            new() { Nodes = [node], Time = new AcceleratedTimeProvider(5), ContainerHosts = [SidecarHost.Registration, .. EngineStandIn.Hosts] }, _guard.Token);
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = _cluster.Network!.ConnectAsync });
        Create(new("", "configmaps"), new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "trace", ["namespace"] = "default" },
            ["data"] = new JsonObject
            {
                ["config.json"] = $$"""
                    {"engine":{"url":"http://127.0.0.1:8000","type":"vllm"},"endpoint":{"name":"chat","namespace":"default"},"shutdown":{"delaySeconds":0,"graceSeconds":5,"flushSeconds":2},
                     "exporters":[{"name":"sandbox","type":"OTLP","url":"{{_traces.Address}}"}]}
                    """,
            },
        });
        Create(new("", "services"), JsonNode.Parse("""{"metadata":{"name":"chat","namespace":"default"},"spec":{"selector":{"app":"chat"},"ports":[{"port":80,"targetPort":"proxy"}]}}""")!.AsObject());
        Create(Pods, JsonNode.Parse("""
            {"metadata":{"name":"chat","namespace":"default","labels":{"app":"chat"}},"spec":{"terminationGracePeriodSeconds":30,
             "initContainers":[{"name":"prompt-trace","image":"ghcr.io/llm-operator/prompt-trace:1","restartPolicy":"Always","ports":[{"name":"proxy","containerPort":8080},{"name":"metrics","containerPort":9464}],
               "env":[{"name":"PROMPT_TRACE_CONFIG","value":"/etc/prompt-trace/config.json"},{"name":"POD_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
               "startupProbe":{"httpGet":{"path":"/healthz","port":"metrics"}},"readinessProbe":{"httpGet":{"path":"/readyz","port":"metrics"}},
               "volumeMounts":[{"name":"config","mountPath":"/etc/prompt-trace"},{"name":"spool","mountPath":"/var/spool/prompt-trace"}]}],
             "containers":[{"name":"engine","image":"vllm/vllm-openai:v0.27.1","args":["--model","org/m","--served-model-name","chat"],"ports":[{"name":"http","containerPort":8000}],
               "startupProbe":{"httpGet":{"path":"/health","port":"http"}},"readinessProbe":{"httpGet":{"path":"/health","port":"http"}}}],
             "volumes":[{"name":"config","configMap":{"name":"trace"}},{"name":"spool","emptyDir":{}}]}}
            """)!.AsObject());
        await UntilAsync(
            () => _cluster.Objects.List(new("discovery.k8s.io", "endpointslices"), "default").Any(slice => slice.Objects("endpoints").Any(endpoint => endpoint.Flag("conditions", "ready") == true)),
            () => _cluster.Objects.Get(new(Pods, "default", "chat"))?.ToJsonString() ?? "no pod");
        while (!await AnswersAsync())
        {
            Assert.False(_guard.IsCancellationRequested, "the Service does not hear of the pod");
        }
    }

    /// <summary>Whether the Service sends to the pod, of which it hears a moment after the EndpointSlice does.</summary>
    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await _client.GetAsync(new Uri("http://chat.default.svc/health"), _guard.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _cluster.DisposeAsync();
        await _traces.DisposeAsync();
        _guard.Dispose();
    }

    [Fact]
    public async Task A_request_goes_through_service_and_sidecar_to_the_engine_and_its_trace_arrives()
    {
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        var answer = await AskAsync("""{"model":"chat","messages":[{"role":"user","content":"hello from afar"}]}""", Trace);
        Assert.Contains("hello from afar", JsonNode.Parse(answer)!["choices"]![0]!["message"]!["content"]!.GetValue<string>());

        var streamed = await AskAsync("""{"model":"chat","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"again"}]}""", null);
        Assert.EndsWith("data: [DONE]\n\n", streamed);

        await UntilAsync(() => _traces.Received >= 2, () => $"{_traces.Received} spans");
        var span = Assert.Single(_traces.Trace(Trace));
        Assert.Equal(("chat chat", "chat", "chat"), (span.Name, span.Attribute("k8s.pod.name"), span.Attribute("llmops.endpoint.name")));
        Assert.NotNull(span.Attribute("gen_ai.usage.output_tokens"));
    }

    [Fact]
    public async Task A_deleted_pod_lets_its_running_stream_end_and_sends_its_trace()
    {
        _cluster.Objects.Update(new(Pods, "default", "chat"), pod => pod["metadata"]!["annotations"] = new JsonObject { [EngineDirections.TokenDelayAnnotation] = "100ms" }, "test");
        using var request = Request("""{"model":"chat","stream":true,"messages":[{"role":"user","content":"a long one"}]}""", null);
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _guard.Token);

        _cluster.Objects.Delete(new(Pods, "default", "chat"));
        var body = await response.Content.ReadAsStringAsync(_guard.Token).ContinueWith(task => task.IsCompletedSuccessfully ? task.Result : "broken off", _guard.Token);
        await UntilAsync(() => _cluster.Objects.Get(new(Pods, "default", "chat")) is null, () => "the pod is still there");

        // The flags give this engine no time to drain: it breaks off what runs, as vLLM does, and the sidecar tells so.
        Assert.Equal("broken off", body);
        await UntilAsync(() => _traces.Received >= 1, () => "no span");
        Assert.True(_traces.Recent()[0][0].IsError);
    }

    private async Task<string> AskAsync(string body, string? trace)
    {
        using var request = Request(body, trace);
        using var response = await _client.SendAsync(request, _guard.Token);
        var text = await response.Content.ReadAsStringAsync(_guard.Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }

    private static HttpRequestMessage Request(string body, string? trace)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "http://chat.default.svc/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (trace is not null)
        {
            request.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");
        }

        return request;
    }

    private void Create(ResourceName resource, JsonObject obj) => _cluster.Objects.Create(resource, obj, "test");

    private async Task UntilAsync(Func<bool> condition, Func<string> what)
    {
        while (!condition())
        {
            Assert.False(_guard.IsCancellationRequested, what());
            await Task.Yield();
        }
    }
}
