using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Qdrant.Cluster;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Http;
using LlmOperator.Qdrant.Json;
using LlmOperator.Qdrant.Points;
using LlmOperator.Qdrant.Snapshots;

namespace LlmOperator.Qdrant;

/// <summary>
/// Qdrant over its REST API. Reads are sent again, a few times, when the server asks for patience (429 and 503 with <c>Retry-After</c>) or was not reached; writes never are: after a timeout
/// they may have taken effect, and only the caller can tell.
/// </summary>
public sealed class QdrantClient : IQdrantClient
{
    // A server is upgraded now and then.
    private static readonly TimeSpan VersionAge = TimeSpan.FromMinutes(5);

    private readonly QdrantHttp _http;
    private readonly QdrantConnection _connection;
    private readonly TimeProvider _time;
    private (QdrantVersion Version, long Read)? _version;

    /// <summary>Creates a client.</summary>
    /// <param name="http">Sends requests; its handler decides about TLS and proxies, its timeout about how long an answer may take. Not disposed of.</param>
    /// <param name="connection">Where the server is.</param>
    /// <param name="time">Clock of waits.</param>
    public QdrantClient(HttpClient http, QdrantConnection connection, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(time);
        (_http, _connection, _time) = (new(http, connection, time), connection, time);
    }

    private static QdrantJson Json => QdrantJson.Wire;

    /// <inheritdoc/>
    public async Task<QdrantVersion> GetVersionAsync(CancellationToken cancellationToken)
    {
        var version = await _http.SendAsync(new(HttpMethod.Get, "/") { IsRead = true }, Json.QdrantVersion, cancellationToken).ConfigureAwait(false);
        if (version.Version is null)
        {
            throw new QdrantException(QdrantErrorKind.Unexpected, "GET /: the answer has no version; check the address");
        }

        _version = (version, _time.GetTimestamp());
        return version;
    }

    /// <inheritdoc/>
    public Task<bool> IsLiveAsync(CancellationToken cancellationToken) => IsWellAsync("livez", cancellationToken);

    /// <inheritdoc/>
    public Task<bool> IsReadyAsync(CancellationToken cancellationToken) => IsWellAsync("readyz", cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ListCollectionsAsync(CancellationToken cancellationToken) =>
        [.. (await ReadAsync(new("collections"), Json.AnswerCollectionNames, cancellationToken).ConfigureAwait(false)).Collections.Select(collection => collection.Name)];

    /// <inheritdoc/>
    public async Task<bool> CollectionExistsAsync(string collection, CancellationToken cancellationToken) =>
        (await ReadAsync(new("collections", collection, "exists"), Json.AnswerCollectionExistence, cancellationToken).ConfigureAwait(false)).Exists;

    /// <inheritdoc/>
    public async Task<CollectionInfo?> GetCollectionAsync(string collection, CancellationToken cancellationToken)
    {
        try
        {
            var info = await ReadAsync(new("collections", collection), Json.AnswerJsonObject, cancellationToken).ConfigureAwait(false);
            MemoryFields.FromOlder(info);
            return info.Deserialize(Json.CollectionInfo);
        }
        catch (QdrantException fault) when (fault.Kind == QdrantErrorKind.NotFound)
        {
            return null;
        }
        catch (JsonException fault)
        {
            throw new QdrantException(QdrantErrorKind.Unexpected, $"GET /collections/{collection}: what the server says of it was not understood: {fault.Message}", inner: fault);
        }
    }

    /// <inheritdoc/>
    public async Task CreateCollectionAsync(string collection, CreateCollection request, CancellationToken cancellationToken) =>
        await WriteAsync(
            HttpMethod.Put, Changing("collections", collection), await BodyAsync(request, Json.CreateCollection, cancellationToken).ConfigureAwait(false), Json.AnswerBoolean, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task UpdateCollectionAsync(string collection, UpdateCollection request, CancellationToken cancellationToken) =>
        await WriteAsync(
            HttpMethod.Patch, Changing("collections", collection), await BodyAsync(request, Json.UpdateCollection, cancellationToken).ConfigureAwait(false), Json.AnswerBoolean, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<bool> DeleteCollectionAsync(string collection, CancellationToken cancellationToken) =>
        WriteAsync(HttpMethod.Delete, Changing("collections", collection), null, Json.AnswerBoolean, cancellationToken);

    /// <inheritdoc/>
    public Task<UpdateResult> AddVectorAsync(string collection, string name, NewVector vector, CancellationToken cancellationToken) =>
        WriteAsync(HttpMethod.Put, Changing("collections", collection, "vectors", name).With("wait", true), Bytes(vector, Json.NewVector), Json.AnswerUpdateResult, cancellationToken);

    /// <inheritdoc/>
    public Task<UpdateResult> DropVectorAsync(string collection, string name, CancellationToken cancellationToken) =>
        WriteAsync(HttpMethod.Delete, Changing("collections", collection, "vectors", name).With("wait", true), null, Json.AnswerUpdateResult, cancellationToken);

    /// <inheritdoc/>
    public async Task<UpdateResult> CreatePayloadIndexAsync(string collection, string field, PayloadIndex index, CancellationToken cancellationToken) =>
        await WriteAsync(
            HttpMethod.Put,
            Changing("collections", collection, "index").With("wait", true),
            await BodyAsync(new CreateIndex(field, index), Json.CreateIndex, cancellationToken).ConfigureAwait(false),
            Json.AnswerUpdateResult,
            cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<UpdateResult> DeletePayloadIndexAsync(string collection, string field, CancellationToken cancellationToken) =>
        WriteAsync(HttpMethod.Delete, Changing("collections", collection, "index", field).With("wait", true), null, Json.AnswerUpdateResult, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AliasDescription>> ListAliasesAsync(string? collection, CancellationToken cancellationToken) =>
        (await ReadAsync(collection is null ? new("aliases") : new("collections", collection, "aliases"), Json.AnswerAliasList, cancellationToken).ConfigureAwait(false)).Aliases;

    /// <inheritdoc/>
    public async Task UpdateAliasesAsync(IReadOnlyList<AliasAction> actions, CancellationToken cancellationToken) =>
        await WriteAsync(HttpMethod.Post, Changing("collections", "aliases"), Bytes(new(actions), Json.AliasActions), Json.AnswerBoolean, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<UpdateResult> UpsertAsync(string collection, UpsertPoints request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return WriteAsync(
            HttpMethod.Put, Points(collection, request.Wait, request.Ordering), Bytes(request, Json.UpsertPoints), Json.AnswerUpdateResult, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ScoredPoint>> QueryAsync(string collection, QueryPoints request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var found = await SearchAsync(collection, ["points", "query"], request.Consistency, Bytes(request, Json.QueryPoints), Json.AnswerQueryResult, cancellationToken).ConfigureAwait(false);
        return found.Points;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<IReadOnlyList<ScoredPoint>>> QueryBatchAsync(string collection, IReadOnlyList<QueryPoints> requests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var found = await SearchAsync(
            collection,
            ["points", "query", "batch"],
            requests.Count == 0 ? null : requests[0].Consistency,
            Bytes(new(requests), Json.QueryBatch),
            Json.AnswerIReadOnlyListQueryResult,
            cancellationToken).ConfigureAwait(false);
        return [.. found.Select(result => result.Points)];
    }

    /// <inheritdoc/>
    public Task<ScrollPage> ScrollAsync(string collection, ScrollPoints request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return SearchAsync(collection, ["points", "scroll"], request.Consistency, Bytes(request, Json.ScrollPoints), Json.AnswerScrollPage, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<long> CountAsync(string collection, Filter? filter, bool exact, CancellationToken cancellationToken) =>
        (await SearchAsync(collection, ["points", "count"], null, Bytes(new(filter, exact), Json.CountPoints), Json.AnswerCountResult, cancellationToken).ConfigureAwait(false)).Count;

    /// <inheritdoc/>
    public Task<IReadOnlyList<PointRecord>> RetrieveAsync(string collection, RetrievePoints request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return SearchAsync(collection, ["points"], request.Consistency, Bytes(request, Json.RetrievePoints), Json.AnswerIReadOnlyListPointRecord, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<UpdateResult> DeletePointsAsync(string collection, DeletePoints request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Points is null == request.Filter is null)
        {
            throw new ArgumentException("points are deleted by ids or by a filter: name one of them", nameof(request));
        }

        return WriteAsync(
            HttpMethod.Post, Points(collection, request.Wait, request.Ordering, "delete"), Bytes(request, Json.DeletePoints), Json.AnswerUpdateResult, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<SnapshotDescription?> CreateSnapshotAsync(string collection, bool wait, CancellationToken cancellationToken)
    {
        var request = new QdrantRequest(HttpMethod.Post, new PathBuilder("collections", collection, "snapshots").With("wait", wait).ToString());
        return (await _http.SendAsync(request, Json.AnswerSnapshotDescription, cancellationToken).ConfigureAwait(false)).Result;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SnapshotDescription>> ListSnapshotsAsync(string collection, CancellationToken cancellationToken) =>
        ReadAsync(new("collections", collection, "snapshots"), Json.AnswerIReadOnlyListSnapshotDescription, cancellationToken);

    /// <inheritdoc/>
    public async Task<Stream> DownloadSnapshotAsync(string collection, string snapshot, CancellationToken cancellationToken)
    {
        var path = new PathBuilder("collections", collection, "snapshots", snapshot).ToString();
        var response = await _http.SendAsync(new(HttpMethod.Get, path) { IsRead = true }, cancellationToken).ConfigureAwait(false);

        // Disposing of the stream gives the connection back.
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteSnapshotAsync(string collection, string snapshot, CancellationToken cancellationToken)
    {
        try
        {
            var path = new PathBuilder("collections", collection, "snapshots", snapshot).With("wait", true);
            return await WriteAsync(HttpMethod.Delete, path, null, Json.AnswerBoolean, cancellationToken).ConfigureAwait(false);
        }
        catch (QdrantException fault) when (fault.Kind == QdrantErrorKind.NotFound)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task RecoverSnapshotAsync(string collection, RecoverSnapshot request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var path = new PathBuilder("collections", collection, "snapshots", "recover").With("wait", request.Wait);
        await WriteAsync(HttpMethod.Put, path, Bytes(request, Json.RecoverSnapshot), Json.AnswerBoolean, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<ClusterInfo> GetClusterAsync(CancellationToken cancellationToken) => ReadAsync(new("cluster"), Json.AnswerClusterInfo, cancellationToken);

    /// <inheritdoc/>
    public Task<CollectionClusterInfo> GetCollectionClusterAsync(string collection, CancellationToken cancellationToken) =>
        ReadAsync(new("collections", collection, "cluster"), Json.AnswerCollectionClusterInfo, cancellationToken);

    /// <inheritdoc/>
    public async Task UpdateCollectionClusterAsync(string collection, ClusterOperation operation, CancellationToken cancellationToken) =>
        await WriteAsync(HttpMethod.Post, Changing("collections", collection, "cluster"), Bytes(operation, Json.ClusterOperation), Json.AnswerBoolean, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task RemovePeerAsync(ulong peer, bool force, CancellationToken cancellationToken)
    {
        var path = Changing("cluster", "peer", peer.ToString(System.Globalization.CultureInfo.InvariantCulture)).With("force", force ? "true" : null);
        await WriteAsync(HttpMethod.Delete, path, null, Json.AnswerBoolean, cancellationToken).ConfigureAwait(false);
    }

    private static byte[] Bytes<T>(T request, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(request, type);

    private static PathBuilder Points(string collection, bool wait, WriteOrdering? ordering, params ReadOnlySpan<string> rest) =>
        new PathBuilder(["collections", collection, "points", .. rest]).With("wait", wait).With("ordering", ordering is { } order ? JsonNamingPolicy.SnakeCaseLower.ConvertName(order.ToString()) : null);

    private PathBuilder Changing(params ReadOnlySpan<string> segments) => new PathBuilder(segments).With("timeout", _connection.OperationTimeout);

    /// <summary>A request as the server understands it; its version is asked only when that matters.</summary>
    private async Task<byte[]> BodyAsync<T>(T request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToNode(request, type)!.AsObject();
        if (MemoryFields.AreIn(body) && !(await KnownVersionAsync(cancellationToken).ConfigureAwait(false)).HasMemoryField)
        {
            MemoryFields.ToOlder(body);
        }

        return JsonSerializer.SerializeToUtf8Bytes(body, Json.JsonObject);
    }

    private async Task<QdrantVersion> KnownVersionAsync(CancellationToken cancellationToken) =>
        _version is { } known && _time.GetElapsedTime(known.Read) < VersionAge ? known.Version : await GetVersionAsync(cancellationToken).ConfigureAwait(false);

    private async Task<bool> IsWellAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.SendAsync(new(HttpMethod.Get, $"/{path}"), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (QdrantException)
        {
            return false;
        }
    }

    private Task<T> ReadAsync<T>(PathBuilder path, JsonTypeInfo<Answer<T>> type, CancellationToken cancellationToken)
        where T : notnull => ResultAsync(new(HttpMethod.Get, path.ToString()) { IsRead = true }, type, cancellationToken);

    private Task<T> SearchAsync<T>(
        string collection, ReadOnlySpan<string> route, ReadConsistency? consistency, byte[] body, JsonTypeInfo<Answer<T>> type, CancellationToken cancellationToken)
        where T : notnull
    {
        var path = new PathBuilder(["collections", collection, .. route])
            .With("consistency", consistency is { } value ? JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()) : null)
            .With("timeout", _connection.OperationTimeout);
        return ResultAsync(new(HttpMethod.Post, path.ToString()) { Body = body, IsRead = true }, type, cancellationToken);
    }

    private Task<T> WriteAsync<T>(HttpMethod method, PathBuilder path, byte[]? body, JsonTypeInfo<Answer<T>> type, CancellationToken cancellationToken)
        where T : notnull => ResultAsync(new(method, path.ToString()) { Body = body }, type, cancellationToken);

    private async Task<T> ResultAsync<T>(QdrantRequest request, JsonTypeInfo<Answer<T>> type, CancellationToken cancellationToken)
        where T : notnull =>
        (await _http.SendAsync(request, type, cancellationToken).ConfigureAwait(false)).Result
            ?? throw new QdrantException(QdrantErrorKind.Unexpected, $"{request.Method} {request.Path.Split('?', 2)[0]}: the answer has no result; check the address");
}
