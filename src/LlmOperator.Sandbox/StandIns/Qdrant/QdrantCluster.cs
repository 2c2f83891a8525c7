using System.Collections.Concurrent;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A node of the stand-in.</summary>
/// <param name="Name">Its name, such as that of its pod.</param>
/// <param name="PeerId">Its id in the cluster.</param>
/// <param name="Uri">Where its peers reach it.</param>
public sealed record QdrantNode(string Name, ulong PeerId, Uri Uri)
{
    /// <summary>Whether it answers. Shards that only nodes hold that do not are unavailable.</summary>
    public bool IsUp { get; set; }

    /// <summary>Key of this node alone, in place of the cluster's.</summary>
    internal string? ApiKey { get; set; }

    /// <summary>Key of this node alone that allows reads, in place of the cluster's.</summary>
    internal string? ReadOnlyApiKey { get; set; }

    /// <summary>The largest request it takes.</summary>
    internal long MostBodyBytes { get; set; } = 32L << 20;
}

/// <summary>
/// What the nodes of one stand-in Qdrant share: collections, aliases, snapshots and where shards are. All in memory; searches look at every point. It can be told to refuse, to be slow, to break
/// connections and to lose answers.
/// </summary>
/// <param name="time">Clock; the system's when null.</param>
public sealed class QdrantCluster(TimeProvider? time = null)
{
    private const int MostCalls = 100_000;

    private static readonly Version UniqueAddresses = new(1, 16);
    private static readonly Version Replaceable = new(1, 17, 1);

    private readonly ConcurrentQueue<QdrantCall> _calls = new();

    /// <summary>Called before each request, the four of health included; what it gives is the answer, and null lets the stand-in answer.</summary>
    public Func<QdrantCall, CancellationToken, ValueTask<QdrantFault?>>? BeforeRequest { get; set; }

    /// <summary>Version it plays. Before 1.19 it does not know <c>memory</c>, nor changes of the set of vectors.</summary>
    public Version Version { get; set; } = new(1, 19, 0);

    /// <summary>How long the transfer of a shard takes.</summary>
    public TimeSpan TransferTime { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether it is a cluster even with one node; always with more.</summary>
    public bool IsDistributed { get; set; }

    /// <summary>Key requests must carry; null for none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>Key that allows reads; null for none.</summary>
    public string? ReadOnlyApiKey { get; set; }

    /// <summary>Requests so far, without bodies.</summary>
    public IReadOnlyList<QdrantCall> Calls => [.. _calls];

    /// <summary>Nodes.</summary>
    public IReadOnlyList<QdrantNode> Nodes
    {
        get
        {
            lock (Gate)
            {
                return [.. Members];
            }
        }
    }

    internal Lock Gate { get; } = new();

    internal TimeProvider Time { get; } = time ?? TimeProvider.System;

    internal List<QdrantNode> Members { get; } = [];

    internal SortedDictionary<string, StoredCollection> Collections { get; } = new(StringComparer.Ordinal);

    internal SortedDictionary<string, string> Aliases { get; } = new(StringComparer.Ordinal);

    internal SnapshotStore Snapshots { get; } = new();

    /// <summary>Number of the last change that all nodes agreed on.</summary>
    internal ulong Commit { get; set; }

    /// <summary>For snapshots that are read from other servers.</summary>
    internal Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    internal bool IsCluster => IsDistributed || Members.Count > 1;

    /// <summary>Text of its version: it says that it is none of Qdrant's.</summary>
    internal string VersionText => $"{Version}-stand-in";

    /// <summary>Adds a node, or gives the one of that name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="uri">Where its peers reach it.</param>
    public QdrantNode Join(string name, Uri? uri = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (Gate)
        {
            var node = Members.Find(member => member.Name == name);
            if (node is null)
            {
                node = new QdrantNode(name, PeerId($"{name}#{Commit++}"), uri ?? new($"http://{name}:6335/"));
                Members.Add(node);
            }

            node.IsUp = true;
            return node;
        }
    }

    /// <summary>
    /// Has a node with a volume of its own take part: as the peer the volume says it was, or as a new one where the volume is empty. A server refuses a new peer under the address of another; since 1.17.1 it
    /// lets it take the place of one that holds nothing.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="uri">Where its peers reach it.</param>
    /// <param name="peer">Id its volume holds; null when it is empty.</param>
    /// <exception cref="QdrantRefusal">The others do not let it in.</exception>
    internal QdrantNode Enter(string name, Uri uri, ulong? peer)
    {
        lock (Gate)
        {
            var node = Members.Find(member => member.PeerId == peer);
            if (node is null)
            {
                if (Members.Count > 0)
                {
                    CheckQuorum();
                }

                if (Version >= UniqueAddresses && Members.Find(member => member.Uri == uri) is { } before)
                {
                    if (Version < Replaceable || Collections.Values.Any(collection => collection.Shards.Shards.Exists(shard => shard.Replicas.ContainsKey(before.PeerId))))
                    {
                        throw QdrantRefusal.Request($"peer URI {uri} already used by peer {before.PeerId}, remove it first or use a different URI");
                    }

                    Members.Remove(before);
                }

                node = new QdrantNode(name, PeerId($"{name}#{Commit++}"), uri);
                Members.Add(node);
            }

            node.IsUp = true;
            return node;
        }
    }

    /// <summary>What all nodes are to agree on needs more than half of them.</summary>
    internal void CheckQuorum()
    {
        if (Members.Count(member => member.IsUp) * 2 <= Members.Count)
        {
            throw new QdrantRefusal(500, "Service internal error: Waiting for consensus operation commit failed. Timeout set at: 10 seconds");
        }
    }

    /// <summary>A handler that answers as a node, without a socket.</summary>
    /// <param name="node">Name of the node; it joins when there is none of that name.</param>
    public HttpMessageHandler CreateHandler(string node = "qdrant-0") => new QdrantMessageHandler(new QdrantServer(this, Join(node)));

    /// <summary>Shows a collection in a state that it would not get into by itself.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="status"><c>green</c>, <c>yellow</c>, <c>grey</c> or <c>red</c>.</param>
    /// <param name="optimizerError">What an optimiser failed with.</param>
    public void SetStatus(string collection, string status, string? optimizerError = null)
    {
        lock (Gate)
        {
            var found = Find(collection);
            (found.Status, found.OptimizerError) = (status, optimizerError);
        }
    }

    /// <summary>Forgets the requests so far.</summary>
    public void ClearCalls() => _calls.Clear();

    internal void Note(QdrantCall call)
    {
        _calls.Enqueue(call);
        while (_calls.Count > MostCalls)
        {
            _calls.TryDequeue(out _);
        }
    }

    /// <summary>A collection by its name or an alias.</summary>
    internal StoredCollection Find(string name) =>
        Collections.TryGetValue(name, out var collection) || (Aliases.TryGetValue(name, out var target) && Collections.TryGetValue(target, out collection))
            ? collection
            : throw QdrantRefusal.NoCollection(name);

    // Below 2^53, so that clients that read numbers as floating point keep it.
    private static ulong PeerId(string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in name)
        {
            hash = (hash ^ character) * 1099511628211UL;
        }

        return hash >> 12;
    }
}
