using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Snapshots of collections: made, listed, read, deleted and recovered.</summary>
internal sealed class SnapshotRoutes(QdrantCluster cluster, QdrantNode node)
{
    private const string Folder = "/qdrant/snapshots/";

    public QdrantReply Answer(QdrantCall call) => (call.Method, call.Path) switch
    {
        ("GET", ["snapshots"]) => QdrantReply.Result(static writer => new JsonArray().WriteTo(writer), 0.0001),
        ("GET", ["collections", var name, "snapshots"]) => List(cluster.Find(name).Name),
        ("POST", ["collections", var name, "snapshots"]) => Make(cluster.Find(name), call),
        ("GET", ["collections", var name, "snapshots", var snapshot]) => new(200, "application/octet-stream", Find(cluster.Find(name).Name, snapshot).Content),
        ("DELETE", ["collections", var name, "snapshots", var snapshot]) => Delete(Find(cluster.Find(name).Name, snapshot), call),
        _ => throw new QdrantRefusal(501, $"the stand-in Qdrant does not answer {call}"),
    };

    /// <summary>The snapshot a request wants recovered; null when it wants something else. Refusals come before anything is changed.</summary>
    public async Task<byte[]?> FetchAsync(QdrantCall call, CancellationToken cancellationToken)
    {
        if ((call.Method, call.Path) is ("POST", ["collections", _, "snapshots", "upload"]))
        {
            return Verified(await UploadedAsync(call, cancellationToken).ConfigureAwait(false), call.Query.GetValueOrDefault("checksum"));
        }

        if ((call.Method, call.Path) is not ("PUT", ["collections", _, "snapshots", "recover"]))
        {
            return null;
        }

        var body = QdrantServer.Body(call);
        var text = body["location"]?.GetValue<string>() ?? throw QdrantRefusal.Format("missing field `location`");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var location))
        {
            throw QdrantRefusal.Format($"location: invalid value: `{text}` is no URL");
        }

        FieldRules.Word(body, "priority", "", "no_sync", "snapshot", "replica");
        var content = location.Scheme switch
        {
            "file" => Local(location),
            "http" or "https" => await RemoteAsync(location, body["api_key"]?.GetValue<string>(), cancellationToken).ConfigureAwait(false),
            _ => throw QdrantRefusal.Request($"URL scheme `{location.Scheme}` is not supported for snapshots"),
        };
        return Verified(content, body["checksum"]?.GetValue<string>());
    }

    /// <summary>Makes a collection what a snapshot holds: the shards that are in it, and no others.</summary>
    public QdrantReply Recover(QdrantCall call, byte[] content)
    {
        var name = call.Path[1];
        var (config, indexes, shards, points) = SnapshotStore.Read(content);
        if (!cluster.Collections.TryGetValue(name, out var collection))
        {
            CollectionNames.Check(name);
            collection = new(name, config);
            collection.Shards.Add(config.ShardNumber, config.ReplicationFactor, default, [.. cluster.Members.Select(member => member.PeerId)]);
            cluster.Collections[name] = collection;
        }
        else if (!JsonNode.DeepEquals(collection.Config.Params["vectors"], config.Params["vectors"]) || collection.Config.ShardNumber != config.ShardNumber)
        {
            throw QdrantRefusal.Request($"Snapshot is not compatible with existing collection: Collection `{name}` has other vectors or shards");
        }

        var operation = collection.Change();
        foreach (var gone in collection.Points.Values.Where(point => shards.Contains(point.Shard)).Select(point => point.Id).ToList())
        {
            collection.Points.Remove(gone);
        }

        foreach (var point in points)
        {
            point.Version = operation;
            collection.Points[point.Id] = point;
        }

        foreach (var (field, index) in indexes)
        {
            collection.Indexes[field] = index;
        }

        return IsWaitedFor(call) ? CollectionRoutes.Done(true) : QdrantReply.Result(null, 0.0001);
    }

    private static bool IsWaitedFor(QdrantCall call) => call.Query.GetValueOrDefault("wait") != "false";

    private static byte[] Verified(byte[] content, string? checksum)
    {
        var actual = new StoredSnapshot("", 0, "", default, content).Checksum;
        return checksum is null || checksum.Equals(actual, StringComparison.OrdinalIgnoreCase) ? content : throw QdrantRefusal.Input($"Snapshot checksum mismatch: expected {checksum}, got {actual}");
    }

    private static async Task<byte[]> UploadedAsync(QdrantCall call, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(call.ContentType, out var type) || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 } boundary)
        {
            throw QdrantRefusal.Format("expected multipart/form-data with the field `snapshot`");
        }

        var reader = new MultipartReader(boundary, new MemoryStream(call.Body.ToArray()));
        while (await reader.ReadNextSectionAsync(cancellationToken).ConfigureAwait(false) is { } section)
        {
            if (section.GetContentDispositionHeader() is { } header && HeaderUtilities.RemoveQuotes(header.Name) == "snapshot")
            {
                using var content = new MemoryStream();
                await section.Body.CopyToAsync(content, cancellationToken).ConfigureAwait(false);
                return content.ToArray();
            }
        }

        throw QdrantRefusal.Format("the field `snapshot` is missing");
    }

    private async Task<byte[]> RemoteAsync(Uri location, string? key, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = cluster.Connect });
        using var request = new HttpRequestMessage(HttpMethod.Get, location);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("api-key", key);
        }

        try
        {
            using var response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false)
                : throw QdrantRefusal.Request($"Failed to download snapshot from {location}: status - {(int)response.StatusCode}");
        }
        catch (HttpRequestException fault)
        {
            throw QdrantRefusal.Request($"Failed to download snapshot from {location}: {fault.Message}");
        }
    }

    private byte[] Local(Uri location)
    {
        var parts = location.AbsolutePath.StartsWith(Folder, StringComparison.Ordinal) ? location.AbsolutePath[Folder.Length..].Split('/') : [];
        lock (cluster.Gate)
        {
            return parts is [var collection, var snapshot] && cluster.Snapshots.Find(Uri.UnescapeDataString(collection), node.PeerId, Uri.UnescapeDataString(snapshot)) is { } found
                ? found.Content
                : throw QdrantRefusal.Request($"Snapshot file {location.AbsolutePath} does not exist");
        }
    }

    private QdrantReply List(string collection)
    {
        var described = CollectionRoutes.Array(cluster.Snapshots.Of(collection, node.PeerId).Select(snapshot => snapshot.Describe()));
        return QdrantReply.Result(writer => described.WriteTo(writer), 0.0001);
    }

    private QdrantReply Make(StoredCollection collection, QdrantCall call)
    {
        var snapshot = cluster.Snapshots.Make(collection, node.PeerId, cluster.Time.GetUtcNow());
        return IsWaitedFor(call) ? CollectionRoutes.Node(snapshot.Describe()) : QdrantReply.Result(null, 0.0001);
    }

    private QdrantReply Delete(StoredSnapshot snapshot, QdrantCall call)
    {
        cluster.Snapshots.Delete(snapshot);
        return IsWaitedFor(call) ? CollectionRoutes.Done(true) : QdrantReply.Result(null, 0.0001);
    }

    private StoredSnapshot Find(string collection, string name) => cluster.Snapshots.Find(collection, node.PeerId, name) ?? throw QdrantRefusal.Missing($"Snapshot {name} not found");
}
