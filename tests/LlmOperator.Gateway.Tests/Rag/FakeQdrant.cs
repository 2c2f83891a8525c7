using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Qdrant;

namespace LlmOperator.Gateway.Tests.Rag;

/// <summary>Stands in for Qdrant where no server is needed: keeps points, knows the filters that retrieval sends, and notes each request.</summary>
internal sealed class FakeQdrant : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SortedDictionary<string, JsonObject>> _collections = new(StringComparer.Ordinal);
    private readonly List<(string Path, JsonNode? Body)> _requests = [];

    /// <summary>Answers in the place of the store, by path; null leaves it to the store.</summary>
    public Func<string, HttpStatusCode?>? Fault { get; set; }

    /// <summary>Collections by their aliases.</summary>
    public Dictionary<string, string> Aliases { get; } = new(StringComparer.Ordinal);

    /// <summary>Metadata of collections.</summary>
    public Dictionary<string, JsonObject> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Is told of each request before it is answered.</summary>
    public Action<string>? Before { get; set; }

    /// <summary>Clock of the clients' waits.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Keys that were presented.</summary>
    public List<string?> Keys { get; } = [];

    public IReadOnlyList<(string Path, JsonNode? Body)> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    public IReadOnlyList<JsonNode> Queries => [.. Requests.Where(request => request.Path.EndsWith("/points/query", StringComparison.Ordinal)).Select(request => request.Body!)];

    public IQdrantClient Connect(QdrantConnection connection) => new QdrantClient(new HttpClient(this, disposeHandler: false), connection, Time);

    public void Add(string collection) => _collections.TryAdd(collection, []);

    /// <summary>Gives a collection generations: the first serves under the name of the collection, and has the points it had.</summary>
    public void Split(string collection, params (string Suffix, JsonObject Metadata)[] generations)
    {
        lock (_gate)
        {
            _collections.Remove(collection, out var points);
            foreach (var (suffix, metadata) in generations)
            {
                _collections[collection + suffix] = points ?? [];
                Metadata[collection + suffix] = metadata;
                points = null;
            }

            Aliases[collection] = collection + generations[0].Suffix;
        }
    }

    public void Remove(string collection)
    {
        lock (_gate)
        {
            _collections.Remove(collection);
        }
    }

    public void Put(string collection, string id, JsonObject payload, params float[] vector)
    {
        lock (_gate)
        {
            Add(collection);
            _collections[collection][id] = new() { ["id"] = id, ["payload"] = payload, ["vector"] = new JsonArray([.. vector.Select(one => (JsonNode)one)]) };
        }
    }

    public IReadOnlyList<JsonObject> Points(string collection)
    {
        lock (_gate)
        {
            return [.. _collections[collection].Values];
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        var body = request.Content is null ? null : JsonNode.Parse(await request.Content.ReadAsByteArrayAsync(cancellationToken));
        Before?.Invoke(path);
        lock (_gate)
        {
            _requests.Add((path, body));
            Keys.Add(request.Headers.TryGetValues("api-key", out var keys) ? keys.First() : null);
            if (Fault?.Invoke(path) is { } status)
            {
                return status == 0 ? throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused") : Json(status, new() { ["status"] = new JsonObject { ["error"] = "told to fail" } });
            }

            if (path == "/")
            {
                return Json(HttpStatusCode.OK, new() { ["title"] = "qdrant", ["version"] = "1.19.0" });
            }

            if (path is "/aliases" or "/collections")
            {
                return Json(HttpStatusCode.OK, new()
                {
                    ["result"] = path == "/aliases"
                        ? new JsonObject { ["aliases"] = new JsonArray([.. Aliases.Select(alias => new JsonObject { ["alias_name"] = alias.Key, ["collection_name"] = alias.Value })]) }
                        : new JsonObject { ["collections"] = new JsonArray([.. _collections.Keys.Select(one => new JsonObject { ["name"] = one })]) },
                });
            }

            var parts = path.Split('/').Select((part, number) => number == 2 ? Aliases.GetValueOrDefault(part, part) : part).ToArray();
            if (parts is ["", "collections", var whole] && _collections.ContainsKey(whole))
            {
                return Json(HttpStatusCode.OK, JsonNode.Parse($$$"""
                    {"result":{"status":"green","optimizer_status":"ok","segments_count":1,"config":{"params":{},"hnsw_config":{"m":16,"ef_construct":100,"full_scan_threshold":10000},
                     "optimizer_config":{"deleted_threshold":0.2,"vacuum_min_vector_number":1000,"default_segment_number":0,"flush_interval_sec":5},"metadata":{{{Metadata.GetValueOrDefault(whole)?.ToJsonString() ?? "{}"}}} } ,"payload_schema":{} } }
                    """)!.AsObject());
            }

            return parts is not ["", "collections", var name, "points", ..] || !_collections.TryGetValue(name, out var points)
                ? Json(HttpStatusCode.NotFound, new() { ["status"] = new JsonObject { ["error"] = $"Not found: {path}" } })
                : Json(HttpStatusCode.OK, new() { ["result"] = Answer(path, points, body!), ["status"] = "ok", ["time"] = 0 });
        }
    }

    private static JsonNode Answer(string path, SortedDictionary<string, JsonObject> points, JsonNode body)
    {
        switch (path.Split('/').Skip(4).ToArray())
        {
            case []:
                if (body["points"] is JsonArray written)
                {
                    foreach (var point in written)
                    {
                        points[(string)point!["id"]!] = (JsonObject)point.DeepClone();
                    }

                    return new JsonObject { ["operation_id"] = 1, ["status"] = "completed" };
                }

                return new JsonArray([.. body["ids"]!.AsArray().Select(id => points.GetValueOrDefault((string)id!)).OfType<JsonObject>().Select(point => (JsonNode)new JsonObject { ["id"] = (string)point["id"]! })]);
            case ["delete"]:
                foreach (var id in points.Where(point => body["points"] is JsonArray ids ? ids.Any(one => (string)one! == point.Key) : Matches(body["filter"], point.Value)).Select(point => point.Key).ToList())
                {
                    points.Remove(id);
                }

                return new JsonObject { ["operation_id"] = 1, ["status"] = "completed" };
            case ["count"]:
                return new JsonObject { ["count"] = points.Values.Count(point => Matches(body["filter"], point)) };
            case ["scroll"]:
                return new JsonObject { ["points"] = new JsonArray([.. Found(points, body).Select(point => (JsonNode)new JsonObject { ["id"] = (string)point["id"]!, ["payload"] = point["payload"]?.DeepClone() })]), ["next_page_offset"] = null };
            default:
                var query = body["prefetch"] is JsonArray fused ? fused[0]! : body;
                var vector = (query["query"] is JsonArray plain ? plain : query["query"]!["nearest"]!.AsArray()).Select(one => (float)one!).ToList();
                return new JsonObject
                {
                    ["points"] = new JsonArray([.. Found(points, query, limit: false)
                        .Select(point => (Point: point, Score: Dense(point).Zip(vector, (a, b) => a * b).Sum()))
                        .OrderByDescending(hit => hit.Score)
                        .Take((int)body["limit"]!)
                        .Select(hit => (JsonNode)new JsonObject { ["id"] = (string)hit.Point["id"]!, ["version"] = 1, ["score"] = hit.Score, ["payload"] = hit.Point["payload"]?.DeepClone() })]),
                };
        }
    }

    private static IEnumerable<float> Dense(JsonObject point) => (point["vector"] as JsonArray ?? point["vector"]!.AsObject().First(vector => vector.Value is JsonArray).Value!.AsArray()).Select(one => (float)one!);

    private static IEnumerable<JsonObject> Found(SortedDictionary<string, JsonObject> points, JsonNode body, bool limit = true) =>
        points.Values.Where(point => Matches(body["filter"], point)).Take(limit ? (int?)body["limit"] ?? 10 : int.MaxValue);

    private static bool Matches(JsonNode? filter, JsonObject point) => filter is null
        || ((filter["must"] as JsonArray)?.All(condition => Holds(condition!, point)) != false
            && (filter["should"] as JsonArray)?.Any(condition => Holds(condition!, point)) != false
            && (filter["must_not"] as JsonArray)?.Any(condition => Holds(condition!, point)) != true);

    private static bool Holds(JsonNode condition, JsonObject point)
    {
        if (condition["has_id"] is JsonArray ids)
        {
            return ids.Any(id => (string)id! == (string)point["id"]!);
        }

        if (condition["key"] is not { } key)
        {
            return Matches(condition, point);
        }

        var value = (string?)point["payload"]?[(string)key!];
        return condition["match"]!["any"] is JsonArray any ? any.Any(one => (string)one! == value) : (string)condition["match"]!["value"]! == value;
    }

    private static HttpResponseMessage Json(HttpStatusCode status, JsonObject body) => new(status) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
}
