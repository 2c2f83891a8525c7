using LlmOperator.Qdrant.Cluster;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;
using LlmOperator.Qdrant.Snapshots;

namespace LlmOperator.Qdrant;

/// <summary>
/// What the project asks of one Qdrant server: the one boundary through which it speaks to Qdrant, so that another client library can stand behind it.
/// Every fault is a <see cref="QdrantException"/> that says what kind it is, whether the server refused, was not reached, or answered what cannot be understood.
/// </summary>
public interface IQdrantClient
{
    /// <summary>Which server answers.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<QdrantVersion> GetVersionAsync(CancellationToken cancellationToken);

    /// <summary>Whether the server listens; false when it is not reached.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<bool> IsLiveAsync(CancellationToken cancellationToken);

    /// <summary>Whether this node has caught up with its cluster and its shards are healthy; false when it is not reached.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<bool> IsReadyAsync(CancellationToken cancellationToken);

    /// <summary>Names of all collections; aliases are not among them.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<IReadOnlyList<string>> ListCollectionsAsync(CancellationToken cancellationToken);

    /// <summary>Whether a collection, or an alias of one, exists.</summary>
    /// <param name="collection">Its name.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<bool> CollectionExistsAsync(string collection, CancellationToken cancellationToken);

    /// <summary>State and configuration of a collection; null when there is none of that name. An alias reads as the collection it points to.</summary>
    /// <param name="collection">Its name.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<CollectionInfo?> GetCollectionAsync(string collection, CancellationToken cancellationToken);

    /// <summary>Creates a collection. Not idempotent: one that exists is <see cref="QdrantErrorKind.Conflict"/>.</summary>
    /// <param name="collection">Its name.</param>
    /// <param name="request">What it shall be.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task CreateCollectionAsync(string collection, CreateCollection request, CancellationToken cancellationToken);

    /// <summary>Changes what may change in place. Name the collection itself, never an alias.</summary>
    /// <param name="collection">Its name.</param>
    /// <param name="request">What changes; what it does not say stays.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task UpdateCollectionAsync(string collection, UpdateCollection request, CancellationToken cancellationToken);

    /// <summary>Deletes a collection with its points, and the aliases that point to it. False when there was none.</summary>
    /// <param name="collection">Its name.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<bool> DeleteCollectionAsync(string collection, CancellationToken cancellationToken);

    /// <summary>Adds a named vector to a collection that exists. Servers before 1.19 cannot.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="name">Name of the vector.</param>
    /// <param name="vector">Dense or sparse.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<UpdateResult> AddVectorAsync(string collection, string name, NewVector vector, CancellationToken cancellationToken);

    /// <summary>Drops a named vector and its data. Servers before 1.19 cannot.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="name">Name of the vector.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<UpdateResult> DropVectorAsync(string collection, string name, CancellationToken cancellationToken);

    /// <summary>Creates a payload index and waits until it is built; the same again is no work, another one of the same field replaces it.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="field">Path of the payload field, such as <c>author.id</c> or <c>tags[].name</c>.</param>
    /// <param name="index">What index.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<UpdateResult> CreatePayloadIndexAsync(string collection, string field, PayloadIndex index, CancellationToken cancellationToken);

    /// <summary>Deletes a payload index; one that is not there is no fault.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="field">Path of the payload field.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<UpdateResult> DeletePayloadIndexAsync(string collection, string field, CancellationToken cancellationToken);

    /// <summary>All aliases of the server, or those of one collection.</summary>
    /// <param name="collection">The collection; null for all.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<IReadOnlyList<AliasDescription>> ListAliasesAsync(string? collection, CancellationToken cancellationToken);

    /// <summary>
    /// Changes aliases. Readers see all actions at once, but a list whose third action fails has done the first two. Creating an alias that exists moves it, so a switch is one action.
    /// </summary>
    /// <param name="actions">What to do, in order.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task UpdateAliasesAsync(IReadOnlyList<AliasAction> actions, CancellationToken cancellationToken);

    /// <summary>Writes points. A request larger than the server takes is refused before it is sent; see <see cref="PointBatches"/>.</summary>
    /// <param name="collection">Collection or alias.</param>
    /// <param name="request">The points.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<UpdateResult> UpsertAsync(string collection, UpsertPoints request, CancellationToken cancellationToken);

    /// <summary>Searches.</summary>
    /// <param name="collection">Collection or alias.</param>
    /// <param name="request">What to find.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>Best first.</returns>
    Task<IReadOnlyList<ScoredPoint>> QueryAsync(string collection, QueryPoints request, CancellationToken cancellationToken);

    /// <summary>Makes several searches in one request.</summary>
    /// <param name="collection">Collection or alias.</param>
    /// <param name="requests">What to find.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>One list for each, in their order.</returns>
    Task<IReadOnlyList<IReadOnlyList<ScoredPoint>>> QueryBatchAsync(string collection, IReadOnlyList<QueryPoints> requests, CancellationToken cancellationToken);

    /// <summary>Reads one page of points.</summary>
    /// <param name="collection">Collection or alias.</param>
    /// <param name="request">Which page.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<ScrollPage> ScrollAsync(string collection, ScrollPoints request, CancellationToken cancellationToken);

    /// <summary>Counts points.</summary>
    /// <param name="collection">Collection or alias.</param>
    /// <param name="filter">Which points; all when null.</param>
    /// <param name="exact">Whether the count must be right; an estimate costs less.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<long> CountAsync(string collection, Filter? filter, bool exact, CancellationToken cancellationToken);

    /// <summary>Reads points by id; those that do not exist are left out.</summary>
    /// <param name="collection">Collection or alias.</param>
    /// <param name="request">Which points.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<IReadOnlyList<PointRecord>> RetrieveAsync(string collection, RetrievePoints request, CancellationToken cancellationToken);

    /// <summary>Deletes points by id or by filter; points that are not there are no fault.</summary>
    /// <param name="collection">Collection or alias.</param>
    /// <param name="request">Which points.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<UpdateResult> DeletePointsAsync(string collection, DeletePoints request, CancellationToken cancellationToken);

    /// <summary>Makes a snapshot of the part of a collection that this node holds.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="wait">Whether to wait until it is made.</param>
    /// <param name="cancellationToken">Cancels the request; a snapshot that was begun is still made.</param>
    /// <returns>The snapshot; null when it was not waited for.</returns>
    Task<SnapshotDescription?> CreateSnapshotAsync(string collection, bool wait, CancellationToken cancellationToken);

    /// <summary>Snapshots of a collection on this node.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<IReadOnlyList<SnapshotDescription>> ListSnapshotsAsync(string collection, CancellationToken cancellationToken);

    /// <summary>Opens a snapshot for reading. The stream must be disposed of.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="snapshot">Name of the snapshot.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<Stream> DownloadSnapshotAsync(string collection, string snapshot, CancellationToken cancellationToken);

    /// <summary>Deletes a snapshot. False when there was none.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="snapshot">Name of the snapshot.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<bool> DeleteSnapshotAsync(string collection, string snapshot, CancellationToken cancellationToken);

    /// <summary>Makes a collection what a snapshot holds, from where this server can read it.</summary>
    /// <param name="collection">The collection; created when there is none.</param>
    /// <param name="request">Which snapshot.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task RecoverSnapshotAsync(string collection, RecoverSnapshot request, CancellationToken cancellationToken);

    /// <summary>This node and its peers.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<ClusterInfo> GetClusterAsync(CancellationToken cancellationToken);

    /// <summary>Where the shards of a collection are, and which of them move.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<CollectionClusterInfo> GetCollectionClusterAsync(string collection, CancellationToken cancellationToken);

    /// <summary>Moves, replicates or drops shards. Transfers go on after this returns: see <see cref="CollectionClusterInfo.Transfers"/>.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="operation">What to do.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task UpdateCollectionClusterAsync(string collection, ClusterOperation operation, CancellationToken cancellationToken);

    /// <summary>Removes a peer from the cluster; refused while it holds shards.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="force">Removes it with the shards it holds. Their data is lost.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task RemovePeerAsync(ulong peer, bool force, CancellationToken cancellationToken);
}
