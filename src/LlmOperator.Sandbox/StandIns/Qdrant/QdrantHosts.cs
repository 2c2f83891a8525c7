using System.Collections.Concurrent;
using LlmOperator.Sandbox.Hosting;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>
/// What runs for containers of Qdrant's image: a given server that requests are passed on to, else the program <c>qdrant</c>, else the stand-in. Pods of one StatefulSet are nodes of one cluster.
/// </summary>
public sealed class QdrantHosts
{
    private const string Storage = "/qdrant/storage";
    private const string Marker = ".stand-in";
    private const int DefaultPort = 6333;

    private readonly ConcurrentDictionary<string, QdrantCluster> _clusters = new(StringComparer.Ordinal);
    private readonly Dictionary<QdrantCluster, HashSet<string>> _pods = [];
    private readonly Lock _gate = new();

    /// <summary>A real server that requests are passed on to; null for none.</summary>
    public QdrantTarget? Target { get; init; }

    /// <summary>Path of the program that is run; null for none.</summary>
    public string? Program { get; init; }

    /// <summary>The host, by the name of the image.</summary>
    public ContainerHost Registration => ContainerHost.ForImage("qdrant", Create);

    /// <summary>Clusters of stand-ins, by namespace and name of the StatefulSet: <c>default/docs-qdrant</c>.</summary>
    public IReadOnlyDictionary<string, QdrantCluster> Clusters => _clusters;

    /// <summary>Path of the program <c>qdrant</c>; null when it is not on the PATH.</summary>
    public static string? FindProgram() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "qdrant.exe" : "qdrant"))
            .FirstOrDefault(File.Exists);

    private IHostedContainer Create(ContainerContext context)
    {
        if (!IsServer(context))
        {
            return new Preparation(context);
        }

        if (Flag(context, "QDRANT__SERVICE__ENABLE_TLS") && Program is null)
        {
            return new Preparation(context, "error: service.enable_tls is on, and Qdrant in the sandbox serves no TLS; switch it off");
        }

        var port = int.TryParse(context.Environment.GetValueOrDefault("QDRANT__SERVICE__HTTP_PORT"), out var given) ? given : DefaultPort;
        return Target is not null ? new QdrantForwarder(context, port, Target)
            : Program is not null ? new QdrantProcess(context, port, Program)
            : StandIn(context, port);
    }

    /// <summary>Whether a container is the server: the image is used for preparing volumes as well.</summary>
    private static bool IsServer(ContainerContext context)
    {
        return context.Command.Count == 0
            || context.Command[0].Split('/')[^1] == "qdrant"
            || context.Command.Any(word => word.Contains("entrypoint.sh", StringComparison.Ordinal) || word.Contains("initialize.sh", StringComparison.Ordinal));
    }

    private QdrantStandIn StandIn(ContainerContext context, int port)
    {
        var dash = context.Pod.LastIndexOf('-');
        var set = dash > 0 && int.TryParse(context.Pod[(dash + 1)..], out _) ? context.Pod[..dash] : context.Pod;
        var identity = context.RealPath(Storage) is { } folder ? Path.Combine(folder, Marker) : null;
        var cluster = Cluster($"{context.Namespace}/{set}", context.Pod == set || context.Pod == $"{set}-0", identity is not null && !File.Exists(identity), context);
        cluster.IsDistributed |= Flag(context, "QDRANT__CLUSTER__ENABLED") || context.Command.Concat(context.Args).Any(word => word.Contains("--uri", StringComparison.Ordinal));
        if (context.Image.Split('@')[0].Split(':') is [.., var tag] && System.Version.TryParse(tag.TrimStart('v').Split('-')[0], out var version))
        {
            cluster.Version = version;
        }

        return new(cluster, context.Pod, new($"http://{context.Pod}:6335/"), context.Listen(port), context.WriteLine)
        {
            Identity = identity,
            ApiKey = Text(context, "QDRANT__SERVICE__API_KEY"),
            ReadOnlyApiKey = Text(context, "QDRANT__SERVICE__READ_ONLY_API_KEY"),
            MostRequestBytes = (long.TryParse(Text(context, "QDRANT__SERVICE__MAX_REQUEST_SIZE_MB"), out var megabytes) ? megabytes : 32) << 20,
        };
    }

    /// <summary>
    /// The cluster of a StatefulSet. Its state goes with its volumes: a node that comes back to an empty one is a new node, and the first, which founds a cluster where it finds none, begins anew while no other is up.
    /// </summary>
    private QdrantCluster Cluster(string key, bool isFirst, bool isEmpty, ContainerContext context)
    {
        lock (_gate)
        {
            var found = _clusters.GetValueOrDefault(key);
            if (found is null || (isFirst && isEmpty && _pods[found].Contains(context.Pod) && !found.Nodes.Any(node => node.IsUp)))
            {
                if (found is not null)
                {
                    _pods.Remove(found);
                }

                found = new(context.Time) { Connect = context.Network.ConnectAsync };
                _clusters[key] = found;
                _pods[found] = new(StringComparer.Ordinal);
            }

            // Its first nodes start at the same time: one that was never part of it joins.
            _pods[found].Add(context.Pod);
            return found;
        }
    }

    private static string? Text(ContainerContext context, string variable) => context.Environment.GetValueOrDefault(variable) is { Length: > 0 } value ? value : null;

    private static bool Flag(ContainerContext context, string variable) => Text(context, variable)?.ToLowerInvariant() is "true" or "1";

    /// <summary>A container of the image that is no server: it has nothing to do here, and ends; with an error, as one that cannot be.</summary>
    private sealed class Preparation(ContainerContext context, string? error = null) : IHostedContainer
    {
        private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<int> Exited => _exited.Task;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            context.WriteLine(error ?? $"nothing to do in the sandbox: {string.Join(' ', context.Command)}");
            _exited.TrySetResult(error is null ? 0 : 1);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken kill)
        {
            _exited.TrySetResult(0);
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>A real Qdrant.</summary>
/// <param name="Url">Its address.</param>
/// <param name="ApiKey">Its key; null for none.</param>
public sealed record QdrantTarget(Uri Url, string? ApiKey)
{
    /// <summary>The address alone: the key must not get into a log.</summary>
    public override string ToString() => Url.ToString();
}
