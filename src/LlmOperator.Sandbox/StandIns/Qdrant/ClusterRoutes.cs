using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>The cluster: peers, where shards are, and moving them.</summary>
internal sealed class ClusterRoutes(QdrantCluster cluster, QdrantNode node)
{
    public QdrantReply Answer(QdrantCall call) => (call.Method, call.Path) switch
    {
        ("GET", ["cluster"]) => CollectionRoutes.Node(Describe()),
        ("POST", ["cluster", "recover"]) => CollectionRoutes.Done(true),
        ("DELETE", ["cluster", "peer", var peer]) => Remove(peer, call.Query.GetValueOrDefault("force") == "true"),
        ("GET", ["collections", var name, "cluster"]) => CollectionRoutes.Node(Describe(cluster.Find(name))),
        ("POST", ["collections", var name, "cluster"]) => Change(cluster.Find(name), QdrantServer.Body(call)),
        ("GET", ["collections", var name, "shards"]) => Keys(cluster.Find(name)),
        ("PUT", ["collections", var name, "shards"]) => Clustered(() => CreateKey(cluster.Find(name), QdrantServer.Body(call))),
        ("POST", ["collections", var name, "shards", "delete"]) => Clustered(() => DropKey(cluster.Find(name), QdrantServer.Body(call))),
        _ => QdrantReply.Empty(404),
    };

    private QdrantReply Clustered(Action change)
    {
        if (!cluster.IsCluster)
        {
            throw new QdrantRefusal(405, "Method not allowed: distributed mode is disabled");
        }

        cluster.CheckQuorum();
        change();
        cluster.Commit++;
        return CollectionRoutes.Done(true);
    }

    private JsonObject Describe()
    {
        if (!cluster.IsCluster)
        {
            return new() { ["status"] = "disabled" };
        }

        var peers = new JsonObject();
        foreach (var member in cluster.Members)
        {
            peers[Text(member.PeerId)] = new JsonObject { ["uri"] = member.Uri.ToString() };
        }

        var leader = cluster.Members.Find(member => member.IsUp);
        return new()
        {
            ["status"] = "enabled",
            ["peer_id"] = node.PeerId,
            ["peers"] = peers,
            ["raft_info"] = new JsonObject
            {
                ["term"] = 1,
                ["commit"] = cluster.Commit,
                ["pending_operations"] = 0,
                ["leader"] = leader?.PeerId,
                ["role"] = leader == node ? "Leader" : "Follower",
                ["is_voter"] = true,
            },
            ["consensus_thread_status"] = new JsonObject
            {
                ["consensus_thread_status"] = "working",
                ["last_update"] = cluster.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
            },
            ["message_send_failures"] = new JsonObject(),
        };
    }

    private QdrantReply Remove(string text, bool force) => Clustered(() =>
    {
        var id = Peer(text);
        var holding = cluster.Collections.Values.Where(collection => collection.Shards.Shards.Exists(shard => shard.Replicas.ContainsKey(id))).ToList();
        if (holding.Count > 0 && !force)
        {
            throw QdrantRefusal.Request($"Cannot remove peer {id} as there are shards on it");
        }

        if (id == node.PeerId && cluster.Members.Count == 1)
        {
            throw QdrantRefusal.Request("Cannot remove the last peer of the cluster");
        }

        foreach (var collection in holding)
        {
            Lose(collection, id);
        }

        cluster.Members.RemoveAll(member => member.PeerId == id);
    });

    /// <summary>Replicas of a peer that is gone. Points of shards that had no other are lost.</summary>
    private static void Lose(StoredCollection collection, ulong peer)
    {
        collection.Shards.Transfers.RemoveAll(transfer => transfer.From == peer || transfer.To == peer);
        foreach (var shard in collection.Shards.Shards.Where(shard => shard.Replicas.Remove(peer) && shard.Replicas.Count == 0))
        {
            collection.Change();
            foreach (var lost in collection.Points.Values.Where(point => point.Shard == shard.Id).Select(point => point.Id).ToList())
            {
                collection.Points.Remove(lost);
            }
        }
    }

    private JsonObject Describe(StoredCollection collection)
    {
        JsonObject Shard(StoredShard shard)
        {
            var described = new JsonObject { ["shard_id"] = shard.Id };
            if (shard.Key.ValueKind != JsonValueKind.Undefined)
            {
                described["shard_key"] = JsonNode.Parse(shard.Key.GetRawText());
            }

            return described;
        }

        var shards = collection.Shards.Shards;
        return new()
        {
            ["peer_id"] = node.PeerId,
            ["shard_count"] = shards.Count,
            ["local_shards"] = CollectionRoutes.Array(shards.Where(shard => shard.Replicas.ContainsKey(node.PeerId)).Select(shard =>
            {
                var described = Shard(shard);
                described["points_count"] = collection.Points.Values.Count(point => point.Shard == shard.Id);
                described["state"] = shard.Replicas[node.PeerId];
                return described;
            })),
            ["remote_shards"] = CollectionRoutes.Array(shards.SelectMany(shard => shard.Replicas.Where(replica => replica.Key != node.PeerId).Select(replica =>
            {
                var described = Shard(shard);
                described["peer_id"] = replica.Key;
                described["state"] = cluster.Members.Exists(member => member.PeerId == replica.Key && member.IsUp) ? replica.Value : "Dead";
                return described;
            }))),
            ["shard_transfers"] = CollectionRoutes.Array(collection.Shards.Transfers.Select(transfer => new JsonObject
            {
                ["shard_id"] = transfer.Shard,
                ["from"] = transfer.From,
                ["to"] = transfer.To,
                ["sync"] = !transfer.IsMove,
                ["method"] = transfer.Method,
            })),
        };
    }

    private QdrantReply Change(StoredCollection collection, JsonObject body) => Clustered(() =>
    {
        var shards = collection.Shards;
        if (body["move_shard"] is JsonObject move)
        {
            Start(shards, move, isMove: true);
        }
        else if (body["replicate_shard"] is JsonObject replicate)
        {
            Start(shards, replicate, isMove: false);
        }
        else if (body["abort_transfer"] is JsonObject abort)
        {
            shards.Abort(Shard(abort), Id(abort, "from_peer_id"), Id(abort, "to_peer_id"));
        }
        else if (body["restart_transfer"] is JsonObject restart)
        {
            var isMove = shards.Transfers.Find(transfer => transfer.Shard == Shard(restart))?.IsMove ?? false;
            shards.Abort(Shard(restart), Id(restart, "from_peer_id"), Id(restart, "to_peer_id"));
            Start(shards, restart, isMove);
        }
        else if (body["drop_replica"] is JsonObject drop)
        {
            shards.Drop(Shard(drop), Id(drop, "peer_id"));
        }
        else if (body["create_sharding_key"] is JsonObject create)
        {
            CreateKey(collection, create);
        }
        else if (body["drop_sharding_key"] is JsonObject dropKey)
        {
            DropKey(collection, dropKey);
        }
        else
        {
            throw QdrantRefusal.Format("data did not match any variant of untagged enum ClusterOperations, or the stand-in Qdrant does not know it");
        }
    });

    private void Start(ShardMap shards, JsonObject body, bool isMove)
    {
        var (from, to) = (Peer(Text(Id(body, "from_peer_id"))), Peer(Text(Id(body, "to_peer_id"))));
        var method = FieldRules.Word(body, "method", "", "stream_records", "snapshot", "wal_delta") ?? "stream_records";
        shards.Start(Shard(body), from, to, isMove, method, cluster.Time.GetUtcNow() + cluster.TransferTime);
    }

    private void CreateKey(StoredCollection collection, JsonObject body)
    {
        if (!collection.Config.HasCustomSharding)
        {
            throw QdrantRefusal.Request("Shard Key cannot be created with Auto sharding method");
        }

        var key = Key(body);
        if (collection.Shards.Shards.Exists(shard => shard.Key.ToString() == key.ToString()))
        {
            throw QdrantRefusal.Request($"Sharding key {key} already exists for collection {collection.Name}");
        }

        var peers = body["placement"] is JsonArray placement ? placement.Select(peer => Peer(Text(peer!.GetValue<ulong>()))).ToList() : [.. cluster.Members.Select(member => member.PeerId)];
        collection.Shards.Add(
            (int)(FieldRules.Whole(body, "shards_number", "", 1) ?? collection.Config.ShardNumber),
            (int)(FieldRules.Whole(body, "replication_factor", "", 1) ?? collection.Config.ReplicationFactor),
            key,
            peers);
    }

    private static void DropKey(StoredCollection collection, JsonObject body)
    {
        var gone = collection.Shards.Keyed(Key(body)).Select(shard => shard.Id).ToHashSet();
        collection.Change();
        collection.Shards.Shards.RemoveAll(shard => gone.Contains(shard.Id));
        foreach (var point in collection.Points.Values.Where(point => gone.Contains(point.Shard)).Select(point => point.Id).ToList())
        {
            collection.Points.Remove(point);
        }
    }

    private static QdrantReply Keys(StoredCollection collection) => CollectionRoutes.Node(new()
    {
        ["shard_keys"] = CollectionRoutes.Array(collection.Shards.Shards.Where(shard => shard.Key.ValueKind != JsonValueKind.Undefined).Select(shard => shard.Key.GetRawText()).Distinct().Select(key =>
            new JsonObject { ["key"] = JsonNode.Parse(key) })),
    });

    private static JsonElement Key(JsonObject body)
    {
        using var document = JsonDocument.Parse((body["shard_key"] ?? throw QdrantRefusal.Format("missing field `shard_key`")).ToJsonString());
        return document.RootElement.Clone();
    }

    private ulong Peer(string text) =>
        ulong.TryParse(text, out var id) && cluster.Members.Exists(member => member.PeerId == id) ? id : throw QdrantRefusal.Missing($"Peer {text} does not exist");

    private static uint Shard(JsonObject body) => (uint)(FieldRules.Whole(body, "shard_id", "", 0, uint.MaxValue) ?? throw QdrantRefusal.Format("missing field `shard_id`"));

    private static ulong Id(JsonObject body, string name) => (ulong)(FieldRules.Whole(body, name, "", 0) ?? throw QdrantRefusal.Format($"missing field `{name}`"));

    private static string Text(ulong id) => id.ToString(CultureInfo.InvariantCulture);
}
