using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Points: writes, reads and searches.</summary>
internal sealed class PointRoutes(QdrantCluster cluster)
{
    public QdrantReply Answer(QdrantCall call)
    {
        var collection = cluster.Find(call.Path[1]);
        if ((call.Method, call.Path) is ("GET", [_, _, _, var single]))
        {
            return One(collection, PointKey.Parse(single));
        }

        using var document = JsonDocument.Parse(call.Body);
        var body = document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement : throw QdrantRefusal.Format("expected an object");
        return (call.Method, call.Path) switch
        {
            ("PUT", [_, _, _]) => Upsert(collection, body, call),
            ("POST", [_, _, _, "delete"]) => Delete(collection, body, call),
            ("POST", [_, _, _]) => Read(collection, body, Retrieve),
            ("POST", [_, _, _, "scroll"]) => Read(collection, body, Scroll),
            ("POST", [_, _, _, "count"]) => Read(collection, body, Count),
            ("POST", [_, _, _, "query"]) => Read(collection, body, (found, request, shards) => QdrantReply.Result(Points(found, request, shards), 0.0001)),
            ("POST", [_, _, _, "query", "batch"]) => Read(collection, body, Batch),
            _ => throw new QdrantRefusal(501, $"the stand-in Qdrant does not answer {call.Method} /{string.Join('/', call.Path.Skip(2))}"),
        };
    }

    private QdrantReply Read(StoredCollection collection, JsonElement body, Func<StoredCollection, JsonElement, HashSet<uint>?, QdrantReply> answer)
    {
        StrictMode.CheckRead(collection, cluster.Time.GetUtcNow());
        var key = PointSelection.Part(body, "shard_key");
        var shards = key.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null => collection.Shards.Shards,
            JsonValueKind.Array => [.. key.EnumerateArray().SelectMany(collection.Shards.Keyed)],
            _ => collection.Shards.Keyed(key),
        };
        CheckAvailable(shards);
        return answer(collection, body, shards.Count == collection.Shards.Shards.Count ? null : [.. shards.Select(shard => shard.Id)]);
    }

    private void CheckAvailable(IEnumerable<StoredShard> shards)
    {
        foreach (var shard in shards)
        {
            if (!shard.Replicas.Any(replica => replica.Value == "Active" && cluster.Members.Exists(member => member.PeerId == replica.Key && member.IsUp)))
            {
                throw new QdrantRefusal(503, $"Service temporarily unavailable: shard {shard.Id} has no active replica that is reached");
            }
        }
    }

    private QdrantReply Upsert(StoredCollection collection, JsonElement body, QdrantCall call)
    {
        StrictMode.CheckWrite(collection, cluster.Time.GetUtcNow());
        var points = PointReader.Read(body, collection);
        var filter = PointSelection.Part(body, "update_filter");
        PointFilter.Check(filter);
        StrictMode.CheckFilter(collection, filter, "unindexed_filtering_update");
        StrictMode.CheckUpsert(collection, points.Count, points.Select(point => point.Id).Distinct().Count(id => !collection.Points.ContainsKey(id)));
        CheckAvailable(collection.Shards.Shards);
        var mode = PointSelection.Part(body, "update_mode") is { ValueKind: JsonValueKind.String } given ? given.GetString() : "upsert";
        var matching = new PointFilter(collection.Indexes);
        var operation = collection.Change();
        foreach (var point in points)
        {
            var present = collection.Points.GetValueOrDefault(point.Id);
            if (present is null ? mode != "update_only" : mode != "insert_only" && matching.Matches(filter, present))
            {
                point.Version = operation;
                collection.Points[point.Id] = point;
            }
        }

        return CollectionRoutes.Updated(call, operation);
    }

    private QdrantReply Delete(StoredCollection collection, JsonElement body, QdrantCall call)
    {
        StrictMode.CheckWrite(collection, cluster.Time.GetUtcNow());
        CheckAvailable(collection.Shards.Shards);
        var filter = PointSelection.Part(body, "filter");
        List<PointKey> ids;
        if (PointSelection.Part(body, "points") is { ValueKind: JsonValueKind.Array } named)
        {
            ids = [.. named.EnumerateArray().Select(PointKey.Read)];
        }
        else if (filter.ValueKind == JsonValueKind.Object)
        {
            PointFilter.Check(filter);
            StrictMode.CheckFilter(collection, filter, "unindexed_filtering_update");
            var matching = new PointFilter(collection.Indexes);
            ids = [.. collection.Points.Values.Where(point => matching.Matches(filter, point)).Select(point => point.Id)];
        }
        else
        {
            throw QdrantRefusal.Format("data did not match any variant of untagged enum PointsSelector");
        }

        var operation = collection.Change();
        ids.ForEach(id => collection.Points.Remove(id));
        return CollectionRoutes.Updated(call, operation);
    }

    private QdrantReply One(StoredCollection collection, PointKey id)
    {
        StrictMode.CheckRead(collection, cluster.Time.GetUtcNow());
        var point = collection.Points.GetValueOrDefault(id) ?? throw QdrantRefusal.Missing($"Point with id {id} does not exists!");
        using var all = JsonDocument.Parse("""{"with_payload":true,"with_vector":true}""");
        var selection = new PointSelection(all.RootElement, payloadByDefault: true);
        return QdrantReply.Result(writer => Record(writer, new(point, 0), selection), 0.0001);
    }

    private static QdrantReply Retrieve(StoredCollection collection, JsonElement body, HashSet<uint>? shards)
    {
        var selection = new PointSelection(body, payloadByDefault: true);
        var ids = PointSelection.Part(body, "ids") is { ValueKind: JsonValueKind.Array } given ? given.EnumerateArray().Select(PointKey.Read).ToList() : throw QdrantRefusal.Format("missing field `ids`");
        var found = ids.Distinct().Select(id => collection.Points.GetValueOrDefault(id)).OfType<StoredPoint>().Where(point => shards?.Contains(point.Shard) ?? true).ToList();
        return QdrantReply.Result(
            writer =>
            {
                writer.WriteStartArray();
                found.ForEach(point => Record(writer, new(point, 0), selection));
                writer.WriteEndArray();
            },
            0.0001);
    }

    private QdrantReply Scroll(StoredCollection collection, JsonElement body, HashSet<uint>? shards)
    {
        StrictMode.CheckQuery(collection, body);
        var filter = PointSelection.Part(body, "filter");
        PointFilter.Check(filter);
        var matching = new PointFilter(collection.Indexes);
        var limit = Limit(body);
        var order = PointSelection.Part(body, "order_by");
        var from = PointSelection.Part(body, "offset");
        var isOrdered = order.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);
        PointKey? start = from.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? null : PointKey.Read(from);
        if (isOrdered && start is not null)
        {
            throw QdrantRefusal.Request("Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value");
        }

        var points = After(collection.Ordered(), start).Where(point => (shards?.Contains(point.Shard) ?? true) && matching.Matches(filter, point));
        var page = isOrdered
            ? new PointSearch(collection, cluster.Find).Order(order, points).Take(limit).ToList()
            : points.Take(limit + 1).Select(point => new Hit(point, 0)).ToList();
        var selection = new PointSelection(body, payloadByDefault: true);
        return QdrantReply.Result(
            writer =>
            {
                writer.WriteStartObject();
                writer.WriteStartArray("points");
                foreach (var hit in page.Take(limit))
                {
                    Record(writer, hit, selection);
                }

                writer.WriteEndArray();
                writer.WritePropertyName("next_page_offset");
                if (page.Count > limit)
                {
                    page[limit].Point.Id.Write(writer);
                }
                else
                {
                    writer.WriteNullValue();
                }

                writer.WriteEndObject();
            },
            0.0001);
    }

    private static QdrantReply Count(StoredCollection collection, JsonElement body, HashSet<uint>? shards)
    {
        var filter = PointSelection.Part(body, "filter");
        PointFilter.Check(filter);
        StrictMode.CheckFilter(collection, filter, "unindexed_filtering_retrieve");
        var matching = new PointFilter(collection.Indexes);
        return CollectionRoutes.Node(new() { ["count"] = collection.Points.Values.Count(point => (shards?.Contains(point.Shard) ?? true) && matching.Matches(filter, point)) });
    }

    private QdrantReply Batch(StoredCollection collection, JsonElement body, HashSet<uint>? shards)
    {
        var searches = PointSelection.Part(body, "searches") is { ValueKind: JsonValueKind.Array } given ? given.EnumerateArray().ToList() : throw QdrantRefusal.Format("missing field `searches`");
        StrictMode.CheckBatch(collection, searches.Count);
        var found = searches.Select(search => Points(collection, search, shards)).ToList();
        return QdrantReply.Result(
            writer =>
            {
                writer.WriteStartArray();
                found.ForEach(write => write(writer));
                writer.WriteEndArray();
            },
            0.0001);
    }

    private Action<Utf8JsonWriter> Points(StoredCollection collection, JsonElement request, HashSet<uint>? shards)
    {
        StrictMode.CheckQuery(collection, request);
        var hits = new PointSearch(collection, cluster.Find).Run(request, shards);
        var selection = new PointSelection(request, payloadByDefault: false);
        return writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("points");
            foreach (var hit in hits)
            {
                writer.WriteStartObject();
                writer.WritePropertyName("id");
                hit.Point.Id.Write(writer);
                writer.WriteNumber("version", hit.Point.Version);
                writer.WriteNumber("score", (float)hit.Score);
                selection.Write(writer, hit.Point);
                Order(writer, hit);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        };
    }

    private static void Record(Utf8JsonWriter writer, Hit hit, PointSelection selection)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("id");
        hit.Point.Id.Write(writer);
        selection.Write(writer, hit.Point);
        Order(writer, hit);
        writer.WriteEndObject();
    }

    private static void Order(Utf8JsonWriter writer, Hit hit)
    {
        if (hit.OrderValue is { } value)
        {
            writer.WriteNumber("order_value", value);
        }
    }

    private static int Limit(JsonElement body) => PointSelection.Part(body, "limit") switch
    {
        { ValueKind: JsonValueKind.Number } given when given.TryGetInt32(out var limit) => limit >= 1 ? limit : throw QdrantRefusal.Field("limit", $"value {limit} invalid, must be 1 or larger"),
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => 10,
        _ => throw QdrantRefusal.Format("limit: expected a whole number"),
    };

    private static IEnumerable<StoredPoint> After(StoredPoint[] ordered, PointKey? start)
    {
        if (start is not { } first)
        {
            return ordered;
        }

        var (low, high) = (0, ordered.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = ordered[middle].Id.CompareTo(first) < 0 ? (middle + 1, high) : (low, middle);
        }

        return ordered.Skip(low);
    }
}
