using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Searches a collection by looking at every point.</summary>
/// <param name="collection">The collection.</param>
/// <param name="find">Finds a collection where ids of a query are looked up.</param>
internal sealed class PointSearch(StoredCollection collection, Func<string, StoredCollection> find)
{
    private const int DefaultLimit = 10;

    private readonly PointFilter _filter = new(collection.Indexes);

    /// <summary>Runs a query with its prefetches.</summary>
    /// <param name="request">The query.</param>
    /// <param name="shards">Shards that are searched; all when null.</param>
    public List<Hit> Run(JsonElement request, IReadOnlySet<uint>? shards)
    {
        var query = PointSelection.Part(request, "query");
        var filter = PointSelection.Part(request, "filter");
        PointFilter.Check(filter);
        var prefetches = Prefetches(request).Select(prefetch => Run(prefetch, shards)).ToList();
        var limit = Count(request, "limit") ?? DefaultLimit;
        var offset = Count(request, "offset") ?? 0;
        var hits = Fuse(query, prefetches);
        if (hits is null)
        {
            if (prefetches.Count > 0 && query.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            {
                throw QdrantRefusal.Request("A query is needed to merge the prefetches. Can't have prefetches without defining a query.");
            }

            var candidates = prefetches.Count > 0 ? prefetches.SelectMany(ranking => ranking).Select(hit => hit.Point).Distinct() : collection.Ordered();
            hits = Rank(query, request, candidates.Where(point => (shards?.Contains(point.Shard) ?? true) && _filter.Matches(filter, point)));
        }

        if (PointSelection.Part(request, "score_threshold") is { ValueKind: JsonValueKind.Number } threshold)
        {
            var (least, isDistance) = (threshold.GetDouble(), Fuse(query, []) is null && IsDistance(request));
            hits = [.. hits.Where(hit => isDistance ? hit.Score <= least : hit.Score >= least)];
        }

        return [.. hits.Skip(offset).Take(limit)];
    }

    /// <summary>A page of points in the order of a field.</summary>
    public List<Hit> Order(JsonElement order, IEnumerable<StoredPoint> points)
    {
        var key = order.ValueKind == JsonValueKind.String ? order.GetString()! : PointSelection.Part(order, "key").GetString()!;
        var descends = PointSelection.Part(order, "direction") is { ValueKind: JsonValueKind.String } direction && direction.GetString() == "desc";
        if (!collection.Indexes.TryGetValue(key, out var index) || index.Type is not ("integer" or "float" or "datetime") || index.Params?["range"]?.GetValue<bool>() == false)
        {
            throw QdrantRefusal.Request($"No range index for `order_by` key: `{key}`. Please create one to use `order_by`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions");
        }

        var from = PointSelection.Part(order, "start_from");
        double? start = from.ValueKind == JsonValueKind.Number ? from.GetDouble() : PayloadTime.Read(from);
        var found = points
            .SelectMany(point => PayloadPath.Values(point.Payload, key).Where(index.Takes).Select(value => new Hit(point, 1, value.ValueKind == JsonValueKind.Number ? value.GetDouble() : PayloadTime.Read(value))))
            .Where(hit => start is null || (descends ? hit.OrderValue <= start : hit.OrderValue >= start));
        return [.. descends
            ? found.OrderByDescending(hit => hit.OrderValue).ThenByDescending(hit => hit.Point.Id)
            : found.OrderBy(hit => hit.OrderValue).ThenBy(hit => hit.Point.Id)];
    }

    private static IEnumerable<JsonElement> Prefetches(JsonElement request) => PointSelection.Part(request, "prefetch") switch
    {
        { ValueKind: JsonValueKind.Array } many => many.EnumerateArray(),
        { ValueKind: JsonValueKind.Object } one => [one],
        _ => [],
    };

    private static int? Count(JsonElement request, string name) => PointSelection.Part(request, name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        var value when value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) => count >= (name == "limit" ? 1 : 0) ? count : throw QdrantRefusal.Field(name, $"value {count} invalid, must be 1 or larger"),
        _ => throw QdrantRefusal.Format($"{name}: expected a whole number"),
    };

    /// <summary>The fusion a query asks for; null when it asks for something else.</summary>
    private static List<Hit>? Fuse(JsonElement query, List<List<Hit>> rankings)
    {
        if (PointSelection.Part(query, "fusion") is { ValueKind: JsonValueKind.String } fusion)
        {
            return fusion.GetString() switch
            {
                "rrf" => Ranking.ByRank(rankings, Ranking.DefaultRankConstant, null),
                "dbsf" => Ranking.ByDistribution(rankings),
                var other => throw QdrantRefusal.Format($"query: unknown variant `{other}`, expected `rrf` or `dbsf`"),
            };
        }

        if (PointSelection.Part(query, "rrf") is not { ValueKind: JsonValueKind.Object } rrf)
        {
            return null;
        }

        var weights = PointSelection.Part(rrf, "weights") is { ValueKind: JsonValueKind.Array } given ? given.EnumerateArray().Select(weight => weight.GetDouble()).ToList() : null;
        if (weights is not null && rankings.Count > 0 && weights.Count != rankings.Count)
        {
            throw QdrantRefusal.Field("query.rrf.weights", $"expected {rankings.Count} weights, one for each prefetch, got {weights.Count}");
        }

        return Ranking.ByRank(rankings, Count(rrf, "k") ?? Ranking.DefaultRankConstant, weights);
    }

    private List<Hit> Rank(JsonElement query, JsonElement request, IEnumerable<StoredPoint> points)
    {
        if (query.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return [.. points.OrderBy(point => point.Id).Select(point => new Hit(point, 1))];
        }

        if (PointSelection.Part(query, "order_by") is { ValueKind: not JsonValueKind.Undefined } order)
        {
            return Order(order, points);
        }

        if (PointSelection.Part(query, "sample").ValueKind == JsonValueKind.String)
        {
            return [.. points.OrderBy(_ => Random.Shared.Next()).Select(point => new Hit(point, 1))];
        }

        if (PointSelection.Part(query, "nearest") is { ValueKind: not JsonValueKind.Undefined } nearest)
        {
            return PointSelection.Part(query, "mmr").ValueKind == JsonValueKind.Object ? throw Unknown("mmr") : Rank(nearest, request, points);
        }

        foreach (var other in new[] { "recommend", "discover", "context", "formula", "relevance_feedback" })
        {
            if (PointSelection.Part(query, other).ValueKind != JsonValueKind.Undefined)
            {
                throw Unknown(other);
            }
        }

        return Near(query, request, points);
    }

    private List<Hit> Near(JsonElement query, JsonElement request, IEnumerable<StoredPoint> points)
    {
        var name = Using(request);
        StoredVector wanted;
        PointKey? self = null;
        if (query.ValueKind is JsonValueKind.Number or JsonValueKind.String)
        {
            var id = PointKey.Read(query);
            var lookup = PointSelection.Part(request, "lookup_from");
            var elsewhere = lookup.ValueKind == JsonValueKind.Object;
            var (from, vector) = elsewhere
                ? (find(lookup.GetProperty("collection").GetString()!), PointSelection.Part(lookup, "vector") is { ValueKind: JsonValueKind.String } named ? named.GetString()! : name)
                : (collection, name);
            wanted = from.Points.TryGetValue(id, out var point) && point.Vectors.TryGetValue(vector, out var found) ? found : throw QdrantRefusal.Missing($"No point with id {id} found");
            self = elsewhere ? null : id;
        }
        else
        {
            wanted = StoredVector.Read(query);
        }

        var candidates = points.Where(point => point.Id != self && point.Vectors.ContainsKey(name));
        return collection.Config.Sparse.TryGetValue(name, out var isWeighed) ? Sparse(name, wanted, isWeighed, candidates) : Dense(name, wanted, candidates);
    }

    private List<Hit> Dense(string name, StoredVector wanted, IEnumerable<StoredPoint> points)
    {
        var schema = collection.Config.Dense.TryGetValue(name, out var found) ? found : throw CollectionConfig.NoVector(name);
        var rows = wanted.For(name, schema).Rows;
        var isDistance = VectorMath.IsDistance(schema.Distance);
        return [.. points
            .Select(point => (Point: point, Match: rows.Sum(row => point.Vectors[name].Rows.Max(other => VectorMath.Match(schema.Distance, row, other)))))
            .OrderByDescending(hit => hit.Match).ThenBy(hit => hit.Point.Id)
            .Select(hit => new Hit(hit.Point, isDistance ? -hit.Match : hit.Match))];
    }

    private List<Hit> Sparse(string name, StoredVector wanted, bool isWeighed, IEnumerable<StoredPoint> points)
    {
        if (wanted.Indices is not { } indices)
        {
            throw QdrantRefusal.Input($"Vector `{name}` is sparse: expected an object of `indices` and `values`");
        }

        var weights = wanted.Weights;
        if (isWeighed)
        {
            var all = collection.Points.Values.Where(point => point.Vectors.ContainsKey(name)).ToList();
            weights = [.. indices.Select((index, at) =>
            {
                var having = all.Count(point => Array.BinarySearch(point.Vectors[name].Indices!, index) >= 0);
                return wanted.Weights[at] * (float)Math.Log(((all.Count - having + 0.5) / (having + 0.5)) + 1);
            })];
        }

        return [.. points
            .Select(point => (Point: point, Match: VectorMath.Sparse(indices, weights, point.Vectors[name].Indices!, point.Vectors[name].Weights)))
            .Where(hit => hit.Match is not null)
            .OrderByDescending(hit => hit.Match).ThenBy(hit => hit.Point.Id)
            .Select(hit => new Hit(hit.Point, hit.Match!.Value))];
    }

    private bool IsDistance(JsonElement request) => collection.Config.Dense.TryGetValue(Using(request), out var schema) && VectorMath.IsDistance(schema.Distance);

    private string Using(JsonElement request)
    {
        var name = PointSelection.Part(request, "using") is { ValueKind: JsonValueKind.String } given ? given.GetString()! : "";
        return collection.Config.Dense.ContainsKey(name) || collection.Config.Sparse.ContainsKey(name) ? name : throw CollectionConfig.NoVector(name);
    }

    private static QdrantRefusal Unknown(string query) => QdrantRefusal.Input($"the stand-in Qdrant does not know `{query}` queries");
}
