using System.Net;
using LlmOperator.Sandbox.Hosting;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>
/// Stands in for a Qdrant server: a node of a <see cref="QdrantCluster"/> behind an address. It has the routes, rules and refusals of the real one, keeps all in memory and searches by looking at every
/// point. Its title, its version and its log say that it is a stand-in.
/// </summary>
public sealed class QdrantStandIn : IHostedContainer
{
    // Snapshots are uploaded whole.
    private const long MostBodyBytes = 512L << 20;

    // A Rust program that panics ends with it.
    private const int PanicCode = 101;

    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly QdrantCluster _cluster;
    private readonly string _name;
    private readonly Uri? _uri;
    private readonly IPEndPoint _listen;
    private readonly Action<string> _log;
    private QdrantNode? _node;
    private LoopbackServer? _server;

    internal QdrantStandIn(QdrantCluster cluster, string name, Uri? uri, IPEndPoint listen, Action<string> log) => (_cluster, _name, _uri, _listen, _log) = (cluster, name, uri, listen, log);

    /// <inheritdoc/>
    public Task<int> Exited => _exited.Task;

    internal string? ApiKey { get; init; }

    internal string? ReadOnlyApiKey { get; init; }

    /// <summary>File on the node's volume that says which peer it is; null where nothing keeps it.</summary>
    internal string? Identity { get; init; }

    internal long MostRequestBytes { get; init; } = 32L << 20;

    /// <summary>Where it listens.</summary>
    public Uri Address => (_server ?? throw new InvalidOperationException("the stand-in Qdrant does not listen yet")).Address;

    /// <summary>Starts a node without a pod on the loopback address; it answers when this returns.</summary>
    /// <param name="cluster">What the node shares with others.</param>
    /// <param name="name">Name of the node.</param>
    /// <param name="port">Port; 0 takes a free one.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<QdrantStandIn> StartAsync(QdrantCluster cluster, string name = "qdrant-0", int port = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var standIn = new QdrantStandIn(cluster, name, null, new(IPAddress.Loopback, port), static _ => { });
        await standIn.StartAsync(cancellationToken).ConfigureAwait(false);
        return standIn;
    }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _log($"This is a stand-in for Qdrant {_cluster.Version}, not Qdrant: it keeps everything in memory and searches by looking at every point.");
        try
        {
            _node = Enter();
        }
        catch (QdrantRefusal refusal)
        {
            _log($"ERROR qdrant::startup: Panic occurred: Failed to add peer to known cluster peers: {refusal.Message}");
            _exited.TrySetResult(PanicCode);
            return;
        }

        (_node.ApiKey, _node.ReadOnlyApiKey, _node.MostBodyBytes) = (ApiKey, ReadOnlyApiKey, MostRequestBytes);
        var server = new QdrantServer(_cluster, _node);
        _server = await LoopbackServer.StartAsync(_listen, MostBodyBytes, context => AnswerAsync(server, context), cancellationToken).ConfigureAwait(false);
        _log($"Qdrant HTTP listening on {_listen.Port}, peer {_node.PeerId} of {_cluster.Nodes.Count}");
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken kill)
    {
        if (_node is { } node)
        {
            node.IsUp = false;
        }

        if (_server is { } server)
        {
            await server.StopAsync(kill).ConfigureAwait(false);
        }

        _exited.TrySetResult(0);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_node is { } node)
        {
            node.IsUp = false;
        }

        if (_server is { } server)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        _exited.TrySetResult(0);
    }

    private QdrantNode Enter()
    {
        if (Identity is null || _uri is null)
        {
            return _cluster.Join(_name, _uri);
        }

        var node = _cluster.Enter(_name, _uri, File.Exists(Identity) && ulong.TryParse(File.ReadAllText(Identity).Split('\n')[0], out var known) ? known : null);
        File.WriteAllText(Identity, $"{node.PeerId}\nThe stand-in Qdrant keeps its data in memory; this file says which peer the volume belongs to.\n");
        return node;
    }

    private static async Task AnswerAsync(QdrantServer server, HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);

        // The raw target: a name may hold an escaped slash.
        var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget.Split('?', 2)[0];
        var call = new QdrantCall(
            request.Method, [.. target.TrimStart('/').Split('/').Select(Uri.UnescapeDataString)], request.Query.ToDictionary(entry => entry.Key, entry => entry.Value.ToString()))
        {
            ApiKey = request.Headers.TryGetValue("api-key", out var key) ? key.ToString()
                : request.Headers.Authorization.ToString() is { Length: > 0 } header ? header.Split(' ', 2)[^1]
                : null,
            ContentType = request.ContentType,
            Body = body.GetBuffer().AsMemory(0, (int)body.Length),
        };
        if (await server.AnswerAsync(call, context.RequestAborted).ConfigureAwait(false) is not { } reply)
        {
            context.Abort();
            return;
        }

        response.StatusCode = reply.Status;
        response.ContentType = reply.ContentType;
        response.ContentLength = reply.Body.Length;
        if (reply.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await response.Body.WriteAsync(reply.Body, context.RequestAborted).ConfigureAwait(false);
    }
}
