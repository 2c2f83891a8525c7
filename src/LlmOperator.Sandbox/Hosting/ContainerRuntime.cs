using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Networking;
using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>Runs the containers that have a host, with their environment, volumes and addresses. All others stay simulated.</summary>
internal sealed class ContainerRuntime(IReadOnlyList<ContainerHost> hosts, SandboxNetwork network, ICluster cluster, PodLogs logs) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<HostedRun, byte> _running = new();
    private readonly ConcurrentDictionary<string, Dictionary<ObjectRef, IReadOnlyDictionary<string, byte[]>>> _immutable = new();
    private readonly PodVolumes _volumes = new(cluster);

    /// <summary>Addresses of pods.</summary>
    public SandboxNetwork Network => network;

    /// <summary>Whether an image really runs.</summary>
    public bool Runs(string image) => hosts.Any(host => host.Runs(image));

    /// <summary>What a container would find, without starting it.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">Container of its spec.</param>
    /// <param name="podIp">Address of the pod.</param>
    /// <param name="hostIp">Address of its node.</param>
    /// <exception cref="ContainerConfigException">Something it refers to is not there.</exception>
    public ContainerContext Prepare(JsonObject pod, JsonObject container, string podIp, string hostIp)
    {
        var environment = Environment(pod, podIp, hostIp);
        var variables = environment.Of(container);
        var mounts = _volumes.Mount(pod, container, environment, variables);
        var key = pod.RefIn(Resources.Pods);
        var (uid, name) = (pod.Uid(), container.Text("name") ?? "");
        void Write(string line) => logs.Append(uid, name, cluster.Time.GetUtcNow(), line);
        string? Annotation(string annotation) => cluster.Get(key) is { } present && present.Uid() == uid ? present.Annotation(annotation) : null;
        return new(Annotation, mounts)
        {
            Pod = pod.Name(),
            Namespace = pod.Namespace() ?? "default",
            Container = name,
            Image = container.Text("image") ?? "",
            Command = [.. container.Texts("command").Select(word => ContainerEnvironment.Expand(word, variables))],
            Args = [.. container.Texts("args").Select(word => ContainerEnvironment.Expand(word, variables))],
            Environment = variables,
            Address = IPAddress.Parse(podIp),
            Network = network,
            Time = cluster.Time,
            Loggers = new ContainerLoggers(Write, cluster.Time),
            WriteLine = Write,
        };
    }

    /// <summary>Brings what containers of a pod have mounted up to date.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="podIp">Address of the pod.</param>
    /// <param name="hostIp">Address of its node.</param>
    /// <exception cref="ContainerConfigException">Something a volume refers to is not there: that volume stays as it is.</exception>
    public void Refresh(JsonObject pod, string podIp, string hostIp) => _volumes.Refresh(pod, Environment(pod, podIp, hostIp));

    /// <summary>Starts a container.</summary>
    public HostedRun Start(ContainerContext context, JsonObject container, JsonObject pod, Action changed)
    {
        if (pod.Text("spec", "hostname") is { Length: > 0 } hostname && pod.Text("spec", "subdomain") is { Length: > 0 } subdomain)
        {
            network.Name(context.Namespace, $"{hostname}.{subdomain}", context.Address);
        }

        var run = new HostedRun(context, hosts.First(host => host.Runs(context.Image)).Create(context), container, pod, changed);
        _running[run] = 0;
        _ = run.Done.ContinueWith(
            _ =>
            {
                _running.TryRemove(run, out var _);
                changed();
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
        return run;
    }

    /// <summary>A pod is gone: kills what still runs of it, and gives back what it had.</summary>
    public async Task ForgetAsync(string uid, string podIp, IEnumerable<HostedRun> runs)
    {
        await Task.WhenAll(runs.Select(run => run.KillAsync())).ConfigureAwait(false);
        _volumes.Forget(uid);
        _immutable.TryRemove(uid, out _);
        network.Release(IPAddress.Parse(podIp));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_running.Keys.Select(run => run.KillAsync())).ConfigureAwait(false);
        _volumes.Dispose();
        network.Dispose();
    }

    private ContainerEnvironment Environment(JsonObject pod, string podIp, string hostIp) => new(cluster, pod, podIp, hostIp, _immutable.GetOrAdd(pod.Uid(), _ => []));
}
