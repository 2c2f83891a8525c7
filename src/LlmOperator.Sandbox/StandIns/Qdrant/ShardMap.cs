using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A shard and the nodes that hold it.</summary>
internal sealed class StoredShard(uint id, JsonElement key)
{
    public uint Id { get; } = id;

    /// <summary>With custom sharding, its key.</summary>
    public JsonElement Key { get; } = key;

    /// <summary>State of its replicas by node.</summary>
    public SortedDictionary<ulong, string> Replicas { get; } = [];
}

/// <summary>A replica on its way.</summary>
internal sealed record StoredTransfer(uint Shard, ulong From, ulong To, bool IsMove, string Method, DateTimeOffset Due);

/// <summary>Where the shards of a collection are, and which of them move.</summary>
internal sealed class ShardMap
{
    private const string Active = "Active";

    public List<StoredShard> Shards { get; } = [];

    public List<StoredTransfer> Transfers { get; } = [];

    /// <summary>Adds shards, their replicas on the nodes that hold fewest.</summary>
    public void Add(int count, int replicas, JsonElement key, IReadOnlyList<ulong> peers)
    {
        for (var i = 0; i < count; i++)
        {
            var shard = new StoredShard(Shards.Count == 0 ? 0 : Shards.Max(other => other.Id) + 1, key);
            foreach (var peer in peers.OrderBy(peer => Shards.Count(other => other.Replicas.ContainsKey(peer))).ThenBy(peer => peers.ToList().IndexOf(peer)).Take(replicas))
            {
                shard.Replicas[peer] = Active;
            }

            Shards.Add(shard);
        }
    }

    /// <summary>Ends transfers whose time has come.</summary>
    public void Settle(DateTimeOffset now)
    {
        foreach (var transfer in Transfers.Where(transfer => transfer.Due <= now).ToList())
        {
            Transfers.Remove(transfer);
            var shard = Find(transfer.Shard);
            shard.Replicas[transfer.To] = Active;
            if (transfer.IsMove)
            {
                shard.Replicas.Remove(transfer.From);
            }
        }
    }

    public void Start(uint id, ulong from, ulong to, bool isMove, string method, DateTimeOffset due)
    {
        var shard = Find(id);
        if (!shard.Replicas.TryGetValue(from, out var state) || state != Active)
        {
            throw QdrantRefusal.Request($"Shard {id} is not active on peer {from}");
        }

        if (from == to || shard.Replicas.ContainsKey(to))
        {
            throw QdrantRefusal.Request($"Shard {id} is already on peer {to}");
        }

        if (Transfers.Exists(transfer => transfer.Shard == id && (transfer.From == from || transfer.To == to)))
        {
            throw QdrantRefusal.Request($"There is already a transfer of shard {id} on peer {from} or {to}");
        }

        shard.Replicas[to] = "Partial";
        Transfers.Add(new(id, from, to, isMove, method, due));
    }

    public void Abort(uint id, ulong from, ulong to)
    {
        var transfer = Transfers.Find(transfer => transfer.Shard == id && transfer.From == from && transfer.To == to)
            ?? throw QdrantRefusal.Missing($"Shard transfer {id} from {from} to {to}");
        Transfers.Remove(transfer);
        Find(id).Replicas.Remove(to);
    }

    public void Drop(uint id, ulong peer)
    {
        var shard = Find(id);
        if (!shard.Replicas.ContainsKey(peer))
        {
            throw QdrantRefusal.Request($"Shard {id} has no replica on peer {peer}");
        }

        if (!shard.Replicas.Any(replica => replica.Key != peer && replica.Value == Active))
        {
            throw QdrantRefusal.Request($"Shard {id} must have at least one active replica after removing the one on peer {peer}");
        }

        shard.Replicas.Remove(peer);
        Transfers.RemoveAll(transfer => transfer.Shard == id && (transfer.To == peer || transfer.From == peer));
    }

    /// <summary>Shard of a point.</summary>
    public uint Of(PointKey id, JsonElement key)
    {
        if (key.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null && Shards.Exists(shard => shard.Key.ValueKind != JsonValueKind.Undefined))
        {
            throw QdrantRefusal.Request("Shard key not specified");
        }

        var mine = Keyed(key);
        return mine[(int)(id.Hash() % mine.Count)].Id;
    }

    /// <summary>Shards of a key; all when there is none.</summary>
    public List<StoredShard> Keyed(JsonElement key)
    {
        var mine = Shards.Where(shard => key.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null || (shard.Key.ValueKind == key.ValueKind && shard.Key.ToString() == key.ToString())).ToList();
        return mine.Count > 0 ? mine : throw (Shards.Count == 0 && key.ValueKind == JsonValueKind.Undefined ? QdrantRefusal.Request("Shard key not specified") : QdrantRefusal.Missing($"Shard key {key} not found"));
    }

    public StoredShard Find(uint id) => Shards.Find(shard => shard.Id == id) ?? throw QdrantRefusal.Missing($"Shard {id} does not exist");
}
