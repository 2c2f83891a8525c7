using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Limits of a collection's strict mode.</summary>
internal static class StrictMode
{
    public static void CheckRead(StoredCollection collection, DateTimeOffset now) => Take(collection, collection.Reads, "read_rate_limit", "Read", now);

    public static void CheckWrite(StoredCollection collection, DateTimeOffset now) => Take(collection, collection.Writes, "write_rate_limit", "Write", now);

    /// <summary>A search with all its prefetches.</summary>
    public static void CheckQuery(StoredCollection collection, JsonElement request)
    {
        if (Limits(collection) is not { } limits)
        {
            return;
        }

        Limit(limits, "max_query_limit", PointSelection.Part(request, "limit"), "limit");
        CheckFilter(collection, PointSelection.Part(request, "filter"), "unindexed_filtering_retrieve");
        var search = PointSelection.Part(request, "params");
        Limit(limits, "search_max_hnsw_ef", PointSelection.Part(search, "hnsw_ef"), "hnsw_ef");
        Limit(limits, "search_max_oversampling", PointSelection.Part(PointSelection.Part(search, "quantization"), "oversampling"), "oversampling");
        if (limits["search_allow_exact"]?.GetValue<bool>() == false && PointSelection.Part(search, "exact").ValueKind == JsonValueKind.True)
        {
            throw QdrantRefusal.Request("Exact search disabled!. Help: Set exact=false.");
        }

        var prefetch = PointSelection.Part(request, "prefetch");
        foreach (var inner in prefetch.ValueKind == JsonValueKind.Array ? prefetch.EnumerateArray() : Enumerable.Repeat(prefetch, prefetch.ValueKind == JsonValueKind.Object ? 1 : 0))
        {
            CheckQuery(collection, inner);
        }
    }

    /// <summary>A filter: its fields must have indexes, where that is asked for.</summary>
    public static void CheckFilter(StoredCollection collection, JsonElement filter, string rule)
    {
        if (Limits(collection) is not { } limits || filter.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        var conditions = PointFilter.Fields(filter).ToList();
        More(limits, "filter_max_conditions", conditions.Count, "filter");
        foreach (var (key, condition) in conditions)
        {
            if (PointSelection.Part(PointSelection.Part(condition, "match"), "any") is { ValueKind: JsonValueKind.Array } any)
            {
                More(limits, "condition_max_size", any.GetArrayLength(), "condition");
            }

            var needed = PayloadIndexes.Needed(condition);
            if (limits[rule]?.GetValue<bool>() == false && needed.Count > 0 && !(collection.Indexes.TryGetValue(key, out var index) && needed.Contains(index.Type)))
            {
                throw QdrantRefusal.Request($"Index required but not found for \"{key}\" of one of the following types: [{string.Join(", ", needed)}]. Help: Create an index for this key or use a different filter.");
            }
        }
    }

    public static void CheckUpsert(StoredCollection collection, int batch, int added)
    {
        if (Limits(collection) is { } limits)
        {
            More(limits, "upsert_max_batchsize", batch, "upsert");
            More(limits, "max_points_count", collection.Points.Count + added, "points");
        }
    }

    public static void CheckBatch(StoredCollection collection, int searches)
    {
        if (Limits(collection) is { } limits)
        {
            More(limits, "search_max_batchsize", searches, "search batch size");
        }
    }

    public static void CheckIndexes(StoredCollection collection, bool isNew)
    {
        if (isNew && Limits(collection) is { } limits)
        {
            More(limits, "max_payload_index_count", collection.Indexes.Count + 1, "payload indexes");
        }
    }

    private static JsonObject? Limits(StoredCollection collection) => collection.Config.StrictMode["enabled"]?.GetValue<bool>() == true ? collection.Config.StrictMode : null;

    private static void Take(StoredCollection collection, RateLimiter limiter, string name, string what, DateTimeOffset now)
    {
        if (Limits(collection)?[name]?.GetValue<long>() is { } perMinute && limiter.Take(perMinute, now) is { } wait)
        {
            throw new QdrantRefusal(429, $"Rate limiting exceeded: {what} rate limit exceeded, retry later") { RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) };
        }
    }

    private static void Limit(JsonObject limits, string name, JsonElement value, string what)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            More(limits, name, value.GetDouble(), what);
        }
    }

    private static void More(JsonObject limits, string name, double value, string what)
    {
        if (limits[name] is { } limit && double.Parse(limit.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture) is var most && value > most)
        {
            throw QdrantRefusal.Request($"Limit exceeded {value} > {most} for \"{what}\". Help: Reduce the \"{what}\" parameter to or below {most}.");
        }
    }
}
