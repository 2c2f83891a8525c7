using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.StandIns.Engine;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Hosting;

/// <summary>A cluster whose containers really run, on a clock that a wait moves a little at a time: sockets need real time, probes and delays the cluster's.</summary>
internal sealed class HostedCluster : IAsyncDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly EmbeddedCluster _cluster;

    private HostedCluster(EmbeddedCluster cluster, ManualTimeProvider time)
    {
        (_cluster, Time) = (cluster, time);
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = cluster.Network!.ConnectAsync });
    }

    public ManualTimeProvider Time { get; }

    public HttpClient Client { get; }

    public EmbeddedCluster Embedded => _cluster;

    public static async Task<HostedCluster> StartAsync(params IEnumerable<ContainerHost> hosts)
    {
        var time = new ManualTimeProvider();
        var node = JsonNode.Parse("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"status":{"allocatable":{"cpu":"64","memory":"64Gi","pods":"110"}}}""")!.AsObject();
        return new(
            await EmbeddedCluster.StartAsync(
                new() { Time = time, Nodes = [node], ContainerHosts = [.. hosts, .. EngineStandIn.Hosts] }, TestContext.Current.CancellationToken),
            time);
    }

    public void Create(ResourceName resource, string json)
    {
        var obj = JsonNode.Parse(json)!.AsObject();
        obj["metadata"]!["namespace"] ??= "default";
        _cluster.Objects.Create(resource, obj, "test");
    }

    public JsonObject? Get(ResourceName resource, string name) => _cluster.Objects.Get(new(resource, "default", name));

    public JsonObject? Pod(string name) => Get(Resources.Pods, name);

    public JsonObject Container(string pod, string name) =>
        Pod(pod).Objects("status", "containerStatuses").Concat(Pod(pod).Objects("status", "initContainerStatuses")).First(status => status.Text("name") == name);

    public List<string?> Events(string pod) => [.. _cluster.Objects.List(Resources.Events).Where(each => each.Text("involvedObject", "name") == pod).Select(each => each.Text("reason"))];

    public Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? step = null)
    {
        using var guard = new CancellationTokenSource(Hang);
        while (!await condition())
        {
            Assert.False(guard.IsCancellationRequested, $"never happened: {what}");
            Time.Advance(step ?? Step);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    public Task ReadyAsync(params string[] pods) => UntilAsync(() => pods.All(pod => Pod(pod)?.IsReady() == true), $"{string.Join(", ", pods)} ready");

    public async Task<T> WhileAsync<T>(Task<T> task)
    {
        await UntilAsync(() => task.IsCompleted, "a task ends");
        return await task;
    }

    public async Task<List<string>> LogAsync(string pod, string container, bool previous = false)
    {
        var lines = new List<string>();
        await foreach (var line in _cluster.Logs.Read(Pod(pod)!, new PodLogOptions { Container = container, Previous = previous }, TestContext.Current.CancellationToken))
        {
            lines.Add(line);
        }

        return lines;
    }

    public static async Task<bool> ListensAsync(string address, int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _cluster.DisposeAsync();
    }
}
