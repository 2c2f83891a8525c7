using System.Net;
using System.Text;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;

namespace LlmOperator.Kubernetes.Tests.Client;

/// <summary>Stands in for an API server and its network: answers each attempt with the next line of a script, and keeps what was asked.</summary>
internal sealed class ScriptedServer : DelegatingHandler
{
    private readonly Queue<Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>> _script = [];

    public List<Asked> Requests { get; } = [];

    public ScriptedServer Answer(HttpStatusCode code, string body = "{}", Action<HttpResponseMessage>? more = null) => Then((_, _) =>
    {
        var response = new HttpResponseMessage(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        more?.Invoke(response);
        return Task.FromResult(response);
    });

    public ScriptedServer Answer(Stream body) => Then((_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(body) }));

    public ScriptedServer Fail(Exception fault) => Then((_, _) => Task.FromException<HttpResponseMessage>(fault));

    public ScriptedServer Hang() => Then(async (_, cancellation) =>
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        throw new InvalidOperationException("not reached");
    });

    public ScriptedServer Then(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        _script.Enqueue(answer);
        return this;
    }

    public KubeClient Client(TimeProvider? time = null, Func<ClusterConfiguration, ClusterConfiguration>? configure = null)
    {
        var cluster = new ClusterConfiguration { Server = new Uri("https://api.example:6443") };
        return new KubeClient(configure?.Invoke(cluster) ?? cluster, new KubeClientOptions { Handler = this, Time = time ?? TimeProvider.System, Jitter = () => 0 });
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer;
        lock (Requests)
        {
            Requests.Add(new Asked(
                request.Method.Method,
                request.RequestUri!.PathAndQuery,
                body,
                request.Content?.Headers.ContentType?.ToString(),
                request.Headers.ToDictionary(header => header.Key, header => string.Join(",", header.Value))));
            answer = _script.TryDequeue(out var next) ? next : throw new InvalidOperationException($"the script has no answer to {request.Method} {request.RequestUri}");
        }

        return await answer(request, cancellationToken);
    }

    internal sealed record Asked(string Method, string Path, string? Body, string? ContentType, Dictionary<string, string> Headers);
}
