using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes.Collections;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>Says of an index what is seen of it.</summary>
public static class RagIndexPlanner
{
    private const int MostNamed = 5;

    /// <summary>Makes the status of what is seen.</summary>
    public static RagIndexPlan Plan(RagIndexObservation observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var (index, before) = (observed.Index, observed.Index.Status);
        var conditions = new ConditionSet(before?.Conditions, index.Metadata.Generation, Seconds(observed.Now));
        var collections = Collections(observed);
        var server = Server(conditions, observed);
        var kept = CollectionsReady(conditions, observed, collections);
        Trouble(conditions, observed, CollectionIssueKind.SchemaConflict, ConditionTypes.SchemaConflict, "SchemaAsWanted", "every collection is stored as the spec says");
        Trouble(conditions, observed, CollectionIssueKind.Conflict, ConditionTypes.Conflict, "NamesAreOurs", "no name is taken by what is not of this index");
        Progressing(conditions, observed, collections);
        Others(conditions, observed);
        var whole = DataComplete(conditions, observed);
        Ready(conditions, server, kept, whole, index.Metadata.DeletionTimestamp is not null);

        var managed = index.Spec?.Qdrant.Managed is not null;
        return new(
            new()
            {
                ObservedGeneration = index.Metadata.Generation,
                Url = observed.Url,
                ApiKeySecretRef = observed.ApiKey,
                Qdrant = new()
                {
                    Version = observed.Version ?? before?.Qdrant?.Version,
                    Peers = observed.Peers ?? before?.Qdrant?.Peers,
                    Replicas = managed ? observed.StatefulSet?.Spec?.Replicas ?? 0 : null,
                    ReadyReplicas = managed ? observed.StatefulSet?.Status?.ReadyReplicas ?? 0 : null,
                },
                Ready = $"{(observed.Fault is null ? collections.Count(Serves) : 0)}/{index.Spec?.Collections.Count ?? 0}",
                Points = collections.Any(collection => collection.Points is not null) ? collections.Sum(collection => collection.Points ?? 0) : null,
                Collections = collections.Count > 0 ? collections : null,
                UsedBy = observed.UsedBy.Count > 0 ? observed.UsedBy : null,
                Snapshots = observed.Snapshots ?? before?.Snapshots,
                Conditions = conditions.Conditions,
            },
            conditions.Transitions);
    }

    /// <summary>A status with the counts of another, wherever it has counts of the same: what is left to differ is worth a write at once.</summary>
    public static RagIndexStatus WithCountsOf(RagIndexStatus status, RagIndexStatus? other)
    {
        ArgumentNullException.ThrowIfNull(status);
        return other is null ? status : status with
        {
            Points = other.Points,
            Collections = status.Collections is null ? null :
            [
                .. status.Collections.Select(collection => other.Collections?.FirstOrDefault(had => had.Name == collection.Name) is not { } had ? collection : collection with
                {
                    Points = had.Points,
                    IndexedVectors = had.IndexedVectors,
                    State = Serves(collection) && Serves(had) ? had.State : collection.State,
                    Migration = collection.Migration is { } now && had.Migration is { } then && now.PhysicalName == then.PhysicalName && now.Phase == then.Phase
                        ? now with { Copied = then.Copied, Total = then.Total, PointsPerSecond = then.PointsPerSecond, SecondsLeft = then.SecondsLeft }
                        : collection.Migration,
                }),
            ],
        };
    }

    /// <summary>Whether a collection answers searches.</summary>
    public static bool Serves(CollectionStatus collection) => collection?.State is "Green" or "Yellow" or "Grey";

    /// <summary>Words for a deletion that waits for endpoints.</summary>
    public static string DeletionWaits(IReadOnlyList<string> users) =>
        $"deletion waits for the LlmEndpoints that retrieve from this index: {Names(users)}; delete them, or change their spec.rag.indexRef";

    private static IReadOnlyList<CollectionStatus> Collections(RagIndexObservation observed) => observed.Collections
        ?? [.. (observed.Index.Status?.Collections ?? [])
            .Where(had => observed.Index.Spec?.Collections.Any(wanted => wanted.Name == had.Name) == true)
            .Select(had => observed.Fault is null ? had : had with { State = "Unknown" })];

    private static Condition Server(ConditionSet conditions, RagIndexObservation observed)
    {
        const string Type = ConditionTypes.QdrantReady;
        if (observed.Fault is { } fault)
        {
            var why = observed.PodProblem is { } pods ? $"{fault.Message}; {pods}" : fault.Message;
            return conditions.Set(Type, ConditionStatus.False, fault.Reason, why, announce: true);
        }

        return observed.Version is { } version
            ? conditions.Set(Type, ConditionStatus.True, "Reachable", $"Qdrant {version} answers at {observed.Url}", announce: true)
            : conditions.Set(Type, ConditionStatus.Unknown, "NotAsked", "Qdrant has not been asked yet");
    }

    private static Condition CollectionsReady(ConditionSet conditions, RagIndexObservation observed, IReadOnlyList<CollectionStatus> collections)
    {
        const string Type = ConditionTypes.CollectionsReady;
        if (observed.Fault is not null || observed.Collections is null)
        {
            return conditions.Set(Type, ConditionStatus.Unknown, "QdrantNotReady", "collections cannot be looked at while Qdrant is not ready");
        }

        var idle = collections.Where(collection => !Serves(collection)).ToList();
        if (idle.Count == 0)
        {
            return conditions.Set(Type, ConditionStatus.True, "CollectionsServe", $"all {collections.Count} collections are there", announce: true);
        }

        var issue = observed.Issues.FirstOrDefault(issue => idle.Exists(collection => collection.Name == issue.Collection));
        return issue is null
            ? conditions.Set(Type, ConditionStatus.False, "CollectionsPending", $"{idle.Count} of {collections.Count} collections do not serve yet: {Names([.. idle.Select(collection => collection.Name)])}")
            : conditions.Set(Type, ConditionStatus.False, issue.Reason, issue.Message, announce: true);
    }

    private static void Trouble(ConditionSet conditions, RagIndexObservation observed, CollectionIssueKind kind, string type, string fine, string message)
    {
        if (observed.Collections is null && conditions.Keep(type) is not null)
        {
            return; // What was found holds while nobody can look.
        }

        var found = observed.Issues.Where(issue => issue.Kind == kind).ToList();
        if (found.Count == 0)
        {
            conditions.Set(type, ConditionStatus.False, fine, message, isBad: ConditionStatus.True);
        }
        else
        {
            conditions.Set(type, ConditionStatus.True, found[0].Reason, string.Join("; ", found.Take(MostNamed).Select(issue => issue.Message)), announce: true, isBad: ConditionStatus.True);
        }
    }

    private static void Progressing(ConditionSet conditions, RagIndexObservation observed, IReadOnlyList<CollectionStatus> collections)
    {
        var migrating = collections.Where(collection => collection.Migration is not null).ToList();
        if (observed.ClusterProgress is { } cluster)
        {
            conditions.Set(ConditionTypes.Progressing, ConditionStatus.True, "ClusterChanging", cluster);
        }
        else if (migrating.Count > 0)
        {
            // How far each is, and in all words why it waits, stands in its own status.
            conditions.Set(ConditionTypes.Progressing, ConditionStatus.True, "Migrating", $"a new generation is being built of {string.Join(", ", migrating.Take(MostNamed).Select(collection => $"{collection.Name} ({Stage(collection)})"))}");
        }
        else
        {
            conditions.Set(ConditionTypes.Progressing, ConditionStatus.False, "Settled", "nothing is being changed", isBad: ConditionStatus.Unknown);
        }

        string Stage(CollectionStatus collection)
        {
            var phase = collection.Migration!.Phase;
            var held = observed.Issues.FirstOrDefault(issue => issue.Collection == collection.Name && issue.Kind is (CollectionIssueKind.Waiting or CollectionIssueKind.Failed))?.Reason;
            return held is null || held == phase ? phase : $"{phase}, {held}";
        }
    }

    private static void Others(ConditionSet conditions, RagIndexObservation observed)
    {
        var spec = observed.Index.Spec;
        if (spec?.Embedding is { EndpointRef: { } endpoint } embedding)
        {
            if (EmbeddingCheck.Problem(embedding, observed.EmbeddingEndpoint, observed.EmbeddingModel) is { } wrong)
            {
                conditions.Set(ConditionTypes.EmbeddingReady, ConditionStatus.False, wrong.Reason, wrong.Message, announce: true);
            }
            else
            {
                conditions.Set(ConditionTypes.EmbeddingReady, ConditionStatus.True, "EndpointFound", $"LlmEndpoint {endpoint.Name} makes the vectors");
            }
        }

        if (observed.VolumeProblem is { } volumes)
        {
            conditions.Set(ConditionTypes.VolumesReady, ConditionStatus.False, volumes.Reason, volumes.Message, announce: true);
        }

        if (observed.MonitorProblem is { } monitor)
        {
            conditions.Set(ConditionTypes.MonitoringReady, ConditionStatus.False, monitor.Reason, monitor.Message, announce: true);
        }

        if (observed.SnapshotProblem is { } snapshots)
        {
            conditions.Set(ConditionTypes.SnapshotsReady, ConditionStatus.False, snapshots.Reason, snapshots.Message, announce: true);
        }
        else if (spec?.Snapshots is not null && (observed.Snapshots ?? observed.Index.Status?.Snapshots)?.Incomplete is { } gap)
        {
            conditions.Set(
                ConditionTypes.SnapshotsReady, ConditionStatus.False, "SnapshotsIncomplete",
                $"the latest snapshots are no whole backup: {gap}; take snapshots of each node by its own address, or have a copy of each shard on every node (replicationFactor)", announce: true);
        }
        else if (spec?.Snapshots is not null)
        {
            conditions.Set(ConditionTypes.SnapshotsReady, ConditionStatus.True, "Scheduled", spec.Snapshots.Suspend ? "snapshots are suspended" : $"snapshots are taken at {spec.Snapshots.Schedule}");
        }

        if (observed.Index.Metadata.DeletionTimestamp is null)
        {
            return;
        }

        if (observed.UsedBy.Count > 0)
        {
            conditions.Set(ConditionTypes.InUse, ConditionStatus.True, "EndpointsRefer", DeletionWaits(observed.UsedBy), announce: true, isBad: ConditionStatus.Unknown);
        }
        else if (observed.Waiting is { } waiting)
        {
            conditions.Set(ConditionTypes.Deleting, ConditionStatus.True, "DeletionWaits", waiting, announce: true);
        }
    }

    /// <summary>Whether everything that was stored can be read. While nobody can look, what was found holds.</summary>
    private static Condition? DataComplete(ConditionSet conditions, RagIndexObservation observed)
    {
        const string Type = ConditionTypes.DataComplete;
        if (observed.Collections is null)
        {
            return conditions.Keep(Type);
        }

        if (observed.DataProblem is { } problem)
        {
            return conditions.Set(Type, ConditionStatus.False, problem.Reason, problem.Message, announce: true);
        }

        var emptied = observed.Issues.Where(issue => issue.Reason == CollectionReasons.DataLost).ToList();
        if (emptied.Count > 0)
        {
            conditions.Set(Type, ConditionStatus.False, CollectionReasons.DataLost, string.Join("; ", emptied.Take(MostNamed).Select(issue => issue.Message)), announce: true);
        }

        return null;
    }

    private static void Ready(ConditionSet conditions, Condition server, Condition collections, Condition? data, bool isGoing)
    {
        if (server.Status != ConditionStatus.True)
        {
            conditions.Set(ConditionTypes.Ready, ConditionStatus.False, server.Reason!, server.Message!);
        }
        else if (collections.Status != ConditionStatus.True)
        {
            conditions.Set(ConditionTypes.Ready, ConditionStatus.False, collections.Reason!, collections.Message!);
        }
        else if (data is { Status: ConditionStatus.False } missing && missing.Reason != CollectionReasons.DataLost)
        {
            conditions.Set(ConditionTypes.Ready, ConditionStatus.False, missing.Reason!, missing.Message!);
        }
        else if (isGoing)
        {
            conditions.Set(ConditionTypes.Ready, ConditionStatus.True, "BeingDeleted", "the index is being deleted and serves until then");
        }
        else
        {
            conditions.Set(ConditionTypes.Ready, ConditionStatus.True, "Serving", "endpoints can retrieve from every collection", announce: true);
        }
    }

    private static string Names(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");

    private static DateTimeOffset Seconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}
