using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Reads the points of an upsert: a list of points, or lists of ids, vectors and payloads.</summary>
internal static class PointReader
{
    public static List<StoredPoint> Read(JsonElement body, StoredCollection collection)
    {
        var key = PointSelection.Part(body, "shard_key");
        key = key.ValueKind == JsonValueKind.Null ? default : key;
        if (PointSelection.Part(body, "points") is { ValueKind: JsonValueKind.Array } points)
        {
            return [.. points.EnumerateArray().Select(point => Point(
                PointSelection.Part(point, "id") is { ValueKind: not JsonValueKind.Undefined } id ? id : throw QdrantRefusal.Format("points: missing field `id`"),
                PointSelection.Part(point, "vector") is { ValueKind: not JsonValueKind.Undefined } vector ? vector : throw QdrantRefusal.Format("points: missing field `vector`"),
                PointSelection.Part(point, "payload"),
                key,
                collection))];
        }

        if (PointSelection.Part(body, "batch") is not { ValueKind: JsonValueKind.Object } batch)
        {
            throw QdrantRefusal.Format("missing field `points`");
        }

        var ids = batch.GetProperty("ids").EnumerateArray().ToList();
        var vectors = batch.GetProperty("vectors");
        var payloads = PointSelection.Part(batch, "payloads") is { ValueKind: JsonValueKind.Array } given ? given.EnumerateArray().ToList() : null;
        if (payloads is not null && payloads.Count != ids.Count)
        {
            throw QdrantRefusal.Input($"number of ids and payloads must be equal ({ids.Count} != {payloads.Count})");
        }

        return [.. ids.Select((id, at) =>
        {
            var point = New(id, payloads?[at] ?? default, key, collection);
            if (vectors.ValueKind == JsonValueKind.Array)
            {
                Add(point, "", vectors[at], collection);
            }
            else
            {
                foreach (var named in vectors.EnumerateObject())
                {
                    Add(point, named.Name, named.Value[at], collection);
                }
            }

            return point;
        })];
    }

    private static StoredPoint Point(JsonElement id, JsonElement vector, JsonElement payload, JsonElement key, StoredCollection collection)
    {
        var point = New(id, payload, key, collection);
        if (vector.ValueKind == JsonValueKind.Array)
        {
            Add(point, "", vector, collection);
            return point;
        }

        foreach (var named in vector.ValueKind == JsonValueKind.Object ? vector.EnumerateObject() : throw QdrantRefusal.Format("vector: expected an array or an object"))
        {
            Add(point, named.Name, named.Value, collection);
        }

        return point;
    }

    private static StoredPoint New(JsonElement id, JsonElement payload, JsonElement key, StoredCollection collection)
    {
        var read = PointKey.Read(id);
        return new(read)
        {
            Payload = payload.ValueKind switch
            {
                JsonValueKind.Object => payload.Clone(),
                JsonValueKind.Undefined or JsonValueKind.Null => default,
                _ => throw QdrantRefusal.Format("payload: expected an object"),
            },
            Shard = collection.Shards.Of(read, key),
            ShardKey = key.ValueKind == JsonValueKind.Undefined ? default : key.Clone(),
        };
    }

    private static void Add(StoredPoint point, string name, JsonElement element, StoredCollection collection)
    {
        var vector = StoredVector.Read(element);
        if (collection.Config.Dense.TryGetValue(name, out var schema))
        {
            point.Vectors[name] = vector.For(name, schema);
        }
        else if (collection.Config.Sparse.ContainsKey(name))
        {
            point.Vectors[name] = vector.Indices is not null ? vector : throw QdrantRefusal.Input($"Vector `{name}` is sparse, got a dense vector");
        }
        else
        {
            throw CollectionConfig.NoVector(name);
        }
    }
}
