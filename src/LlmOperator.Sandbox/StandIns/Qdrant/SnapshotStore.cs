using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A snapshot of the part of a collection that one node holds.</summary>
/// <param name="Collection">The collection.</param>
/// <param name="Peer">The node.</param>
/// <param name="Name">Its name.</param>
/// <param name="Made">When it was made.</param>
/// <param name="Content">Its content.</param>
internal sealed record StoredSnapshot(string Collection, ulong Peer, string Name, DateTimeOffset Made, byte[] Content)
{
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Content));

    public JsonObject Describe() => new()
    {
        ["name"] = Name,
        ["creation_time"] = Made.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture),
        ["size"] = Content.Length,
        ["checksum"] = Checksum,
    };
}

/// <summary>Snapshots of all nodes, and their format.</summary>
internal sealed class SnapshotStore
{
    private readonly List<StoredSnapshot> _snapshots = [];

    public IEnumerable<StoredSnapshot> Of(string collection, ulong peer) => _snapshots.Where(snapshot => snapshot.Collection == collection && snapshot.Peer == peer);

    public StoredSnapshot? Find(string collection, ulong peer, string name) => Of(collection, peer).FirstOrDefault(snapshot => snapshot.Name == name);

    public bool Delete(StoredSnapshot snapshot) => _snapshots.Remove(snapshot);

    /// <summary>Makes a snapshot of the shards a node holds.</summary>
    public StoredSnapshot Make(StoredCollection collection, ulong peer, DateTimeOffset now)
    {
        var stem = $"{collection.Name}-{peer}-{now.UtcDateTime.ToString("yyyy-MM-dd-HH-mm-ss", CultureInfo.InvariantCulture)}";
        var name = $"{stem}.snapshot";
        for (var more = 1; Find(collection.Name, peer, name) is not null; more++)
        {
            name = $"{stem}-{more}.snapshot";
        }

        var held = collection.Shards.Shards.Where(shard => shard.Replicas.ContainsKey(peer)).Select(shard => shard.Id).ToHashSet();
        var snapshot = new StoredSnapshot(collection.Name, peer, name, now, Write(collection, held));
        _snapshots.Add(snapshot);
        return snapshot;
    }

    /// <summary>Reads a snapshot's configuration, payload indexes, shards and points; points go to the shards they came from.</summary>
    public static (CollectionConfig Config, PayloadIndexes Indexes, HashSet<uint> Shards, List<StoredPoint> Points) Read(byte[] content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            var root = document.RootElement;
            var config = CollectionConfig.Restore(JsonNode.Parse(root.GetProperty("config").GetRawText())!.AsObject());
            var indexes = new PayloadIndexes();
            foreach (var index in root.GetProperty("indexes").EnumerateObject())
            {
                indexes[index.Name] = PayloadIndex.Read(JsonNode.Parse(index.Value.GetRawText()));
            }

            return (config, indexes, [.. root.GetProperty("shards").EnumerateArray().Select(shard => shard.GetUInt32())], [.. root.GetProperty("points").EnumerateArray().Select(Point)]);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw QdrantRefusal.Input($"the snapshot is none of the stand-in Qdrant: {fault.Message}");
        }
    }

    private static StoredPoint Point(JsonElement stored)
    {
        var point = new StoredPoint(PointKey.Read(stored.GetProperty("id")))
        {
            Payload = stored.TryGetProperty("payload", out var payload) ? payload.Clone() : default,
            Shard = stored.GetProperty("shard").GetUInt32(),
            ShardKey = stored.TryGetProperty("shard_key", out var key) ? key.Clone() : default,
        };
        foreach (var vector in stored.GetProperty("vectors").EnumerateObject())
        {
            point.Vectors[vector.Name] = StoredVector.Read(vector.Value);
        }

        return point;
    }

    private static byte[] Write(StoredCollection collection, HashSet<uint> shards) => QdrantReply.Json(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("format", "stand-in Qdrant of the llm-operator sandbox");
        writer.WritePropertyName("config");
        collection.Config.Show().WriteTo(writer);
        writer.WriteStartObject("indexes");
        foreach (var (field, index) in collection.Indexes)
        {
            writer.WritePropertyName(field);
            (index.Params ?? (JsonNode)index.Type).WriteTo(writer);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("shards");
        foreach (var shard in shards)
        {
            writer.WriteNumberValue(shard);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("points");
        foreach (var point in collection.Ordered().Where(point => shards.Contains(point.Shard)))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("id");
            point.Id.Write(writer);
            writer.WriteNumber("shard", point.Shard);
            if (point.Payload.ValueKind == JsonValueKind.Object)
            {
                writer.WritePropertyName("payload");
                point.Payload.WriteTo(writer);
            }

            if (point.ShardKey.ValueKind != JsonValueKind.Undefined)
            {
                writer.WritePropertyName("shard_key");
                point.ShardKey.WriteTo(writer);
            }

            writer.WriteStartObject("vectors");
            foreach (var (name, vector) in point.Vectors)
            {
                writer.WritePropertyName(name);
                vector.Write(writer);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
