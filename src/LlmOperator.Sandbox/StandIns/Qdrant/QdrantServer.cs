using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Answers as one node: key, health, routes and refusals.</summary>
internal sealed class QdrantServer(QdrantCluster cluster, QdrantNode node)
{
    private static readonly string[] Open = ["", "healthz", "livez", "readyz"];

    private readonly CollectionRoutes _collections = new(cluster);
    private readonly PointRoutes _points = new(cluster);
    private readonly SnapshotRoutes _snapshots = new(cluster, node);
    private readonly ClusterRoutes _cluster = new(cluster, node);

    public QdrantNode Node => node;

    /// <summary>Answers; null when the connection is to be broken.</summary>
    public async Task<QdrantReply?> AnswerAsync(QdrantCall received, CancellationToken cancellationToken)
    {
        var call = received with { Node = node.Name };
        cluster.Note(call with { Body = default, ApiKey = null });
        var fault = cluster.BeforeRequest is { } hook ? await hook(call, cancellationToken).ConfigureAwait(false) : null;
        if (fault is { Status: { } status })
        {
            return QdrantReply.Refusal(new(status, fault.Message) { RetryAfterSeconds = fault.RetryAfterSeconds });
        }

        if (fault is not null && !fault.IsDone)
        {
            return null;
        }

        var reply = await TryAsync(call, cancellationToken).ConfigureAwait(false);
        return fault is null ? reply : null;
    }

    private async Task<QdrantReply> TryAsync(QdrantCall call, CancellationToken cancellationToken)
    {
        try
        {
            if (Refused(call) is { } refused)
            {
                return refused;
            }

            if (call.Body.Length > node.MostBodyBytes && call.Path is not [.., "upload"])
            {
                throw new QdrantRefusal(413, $"JSON payload ({call.Body.Length} bytes) is larger than allowed (limit: {node.MostBodyBytes} bytes).");
            }

            // A snapshot may come from another server: the only thing that waits.
            return await _snapshots.FetchAsync(call, cancellationToken).ConfigureAwait(false) is { } fetched ? Locked(() => _snapshots.Recover(call, fetched)) : Locked(() => Route(call));
        }
        catch (QdrantRefusal refusal)
        {
            return QdrantReply.Refusal(refusal);
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or OverflowException)
        {
            return QdrantReply.Refusal(QdrantRefusal.Format(fault.Message));
        }
    }

    private QdrantReply Locked(Func<QdrantReply> answer)
    {
        lock (cluster.Gate)
        {
            foreach (var collection in cluster.Collections.Values)
            {
                collection.Shards.Settle(cluster.Time.GetUtcNow());
            }

            return answer();
        }
    }

    private QdrantReply? Refused(QdrantCall call)
    {
        var key = node.ApiKey ?? cluster.ApiKey;
        if (key is null || Open.Contains(call.Path[0]) || IsSame(call.ApiKey, key))
        {
            return null;
        }

        if ((node.ReadOnlyApiKey ?? cluster.ReadOnlyApiKey) is not { } readOnly || !IsSame(call.ApiKey, readOnly))
        {
            return QdrantReply.Text(401, call.ApiKey is null ? "Must provide an API key or an Authorization bearer token" : "Invalid API key or JWT");
        }

        var isRead = call.Method == "GET" || (call.Method == "POST" && (call.Path is [_, _, "points"] or [_, _, "points", "scroll" or "count" or "query", ..]));
        return isRead ? null : QdrantReply.Refusal(new(403, "Forbidden: Global manage access is required"));
    }

    private static bool IsSame(string? given, string wanted) => given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(wanted));

    private QdrantReply Route(QdrantCall call) => (call.Method, call.Path) switch
    {
        ("GET", [""]) => Version(),
        ("GET", ["healthz"]) => QdrantReply.Text(200, "healthz check passed"),
        ("GET", ["livez"]) => QdrantReply.Text(200, "livez check passed"),
        ("GET", ["readyz"]) => QdrantReply.Text(200, "all shards are ready"),
        ("GET", ["metrics"]) => QdrantReply.Text(200, Metrics()),
        (_, ["cluster", ..]) or (_, ["collections", _, "cluster"]) or (_, ["collections", _, "shards", ..]) => _cluster.Answer(call),
        (_, ["collections", _, "points", ..]) => _points.Answer(call),
        (_, ["collections", _, "snapshots", ..]) or (_, ["snapshots", ..]) => _snapshots.Answer(call),
        (_, ["collections", ..]) or (_, ["aliases"]) => _collections.Answer(call),
        _ => QdrantReply.Empty(404),
    };

    private QdrantReply Version() => new(200, "application/json", QdrantReply.Json(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("title", "qdrant - stand-in of the llm-operator sandbox: in memory, exact search");
        writer.WriteString("version", cluster.VersionText);
        writer.WriteEndObject();
    }));

    private string Metrics()
    {
        var text = new StringBuilder();
        void Gauge(string name, string help, params IEnumerable<(string Labels, double Value)> values)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(" gauge\n");
            foreach (var (labels, value) in values)
            {
                text.Append(name).Append(labels).Append(' ').Append(value.ToString(System.Globalization.CultureInfo.InvariantCulture)).Append('\n');
            }
        }

        Gauge("app_info", "information about qdrant server", [($"{{name=\"qdrant\",version=\"{cluster.VersionText}\"}}", 1)]);
        Gauge("collections_total", "number of collections", [("", cluster.Collections.Count)]);
        Gauge("collections_vector_total", "total number of vectors in all collections", [("", cluster.Collections.Values.Sum(collection => collection.Points.Values.Sum(point => point.Vectors.Count)))]);
        Gauge("collection_points", "approximate amount of points per collection", cluster.Collections.Values.Select(collection => ($"{{id=\"{collection.Name}\"}}", (double)collection.Points.Count)));
        Gauge("cluster_enabled", "is cluster support enabled", [("", cluster.IsCluster ? 1 : 0)]);
        if (cluster.IsCluster)
        {
            Gauge("cluster_peers_total", "total number of cluster peers", [("", cluster.Members.Count)]);
        }

        return text.ToString();
    }

    /// <summary>The body as an object; an empty one when there is none.</summary>
    public static JsonObject Body(QdrantCall call)
    {
        if (call.Body.IsEmpty)
        {
            return [];
        }

        try
        {
            return JsonNode.Parse(call.Body.Span) as JsonObject ?? throw QdrantRefusal.Format("expected an object");
        }
        catch (JsonException fault)
        {
            throw QdrantRefusal.Format(fault.Message);
        }
    }
}
