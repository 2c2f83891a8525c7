using System.Collections.Concurrent;
using System.Net;
using LlmOperator.Api;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.Caching;
using LlmOperator.Controllers.RagIndexes.Collections;
using LlmOperator.Controllers.RagIndexes.Embedding;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>What reconciles an index, put together.</summary>
internal sealed record RagIndexParts(
    ICollectionKeeper Collections, ManagedQdrantKeeper Managed, ClusterKeeper Cluster, SnapshotKeeper Snapshots, QdrantKeys Keys, QdrantAccess Access, RagIndexDeletion Deletion, Func<RagIndex, ITextEmbedder?> Embedder);

/// <summary>
/// Keeps an index: its Qdrant where that is managed, its collections, its snapshots, and what is said of it. Qdrant tells of no changes, so it is asked now and then; counts change all the time and are
/// written at most once a minute.
/// </summary>
internal sealed class RagIndexReconciler(OperatorCaches caches, IKubeClient client, IEventSink events, RagIndexParts parts, QdrantOptions options, TimeProvider time) : IReconciler
{
    private static readonly TimeSpan CountInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    private readonly StatusWriter<RagIndex> _status = new(caches.RagIndexes, client, events, time);
    private readonly ConcurrentDictionary<ObjectKey, long> _written = new();
    private readonly ConcurrentDictionary<ObjectKey, int> _failures = new();

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (caches.RagIndexes.Get(key) is not { Spec: { } spec } index)
        {
            Forget(key);
            return ReconcileResult.Done;
        }

        try
        {
            if (spec.Qdrant.Managed is not null)
            {
                await caches.DemandQdrantsAsync(cancellationToken).ConfigureAwait(false);
            }

            var observed = Observe(key, index);
            if (index.Metadata.DeletionTimestamp is not null)
            {
                return await LetGoAsync(key, observed, cancellationToken).ConfigureAwait(false);
            }

            // Before anything is made that has to be removed again.
            if (Finalizers.AddPatch(index, ApiGroup.Finalizer) is { } hold)
            {
                index = await client.PatchAsync<RagIndex>(key, hold, new() { FieldManager = FieldManagers.Operator }, cancellationToken).ConfigureAwait(false);
                caches.RagIndexes.Wrote(index);
                observed = observed with { Index = index };
            }

            (observed, var next) = await LookAsync(key, observed, cancellationToken).ConfigureAwait(false);
            return await WriteAsync(observed, next, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException error) when (error.IsNotFound || error.Causes.Any(cause => cause.Reason == "NamespaceTerminating"))
        {
            return ReconcileResult.Done; // It was deleted while we looked at it, or goes with its namespace.
        }
        catch (KubeApiException error) when (error.IsConflict)
        {
            return ReconcileResult.RequeueAfter(TimeSpan.FromSeconds(1)); // Somebody changed the finalizers meanwhile; the cache will show what they are.
        }
    }

    private RagIndexObservation Observe(ObjectKey key, RagIndex index)
    {
        var endpoint = index.Spec!.Embedding?.EndpointRef is { Name: var name } ? caches.Endpoints.Get(key with { Name = name }) : null;
        return new()
        {
            Index = index,
            UsedBy = [.. caches.EndpointsOfRagIndex(key).Where(user => user.Metadata.DeletionTimestamp is null).Select(user => user.Metadata.Name!).Order(StringComparer.Ordinal)],
            EmbeddingEndpoint = endpoint,
            EmbeddingModel = endpoint?.Spec is { } serves ? caches.Models.Get(key with { Name = serves.ModelRef.Name }) : null,
            StatefulSet = index.Spec.Qdrant.Managed is null ? null : caches.StatefulSets.Get(key with { Name = QdrantNames.Of(key.Name) }),
            Now = time.GetUtcNow(),
        };
    }

    /// <summary>Keeps Qdrant and what is in it, and tells of both.</summary>
    private async Task<(RagIndexObservation Observed, TimeSpan? Next)> LookAsync(ObjectKey key, RagIndexObservation observed, CancellationToken cancellationToken)
    {
        var index = observed.Index;
        string? managedKey = null;
        if (index.Spec!.Qdrant.Managed is not null)
        {
            try
            {
                var managed = await parts.Managed.KeepAsync(index, replicas: null, cancellationToken).ConfigureAwait(false);
                managedKey = managed.Key;
                observed = observed with { StatefulSet = managed.StatefulSet, VolumeProblem = managed.VolumeProblem, MonitorProblem = managed.MonitorProblem, PodProblem = PodProblem(key) };
            }
            catch (NotOursException error)
            {
                return Failed(key, observed, new("NameConflict", error.Message));
            }
            catch (KubeApiException error) when ((error.IsInvalid || error.IsForbidden || error.Code == HttpStatusCode.BadRequest) && error.Causes.All(cause => cause.Reason != "NamespaceTerminating"))
            {
                return Failed(key, observed, new("ObjectRefused", $"the API server refuses an object of Qdrant: {error.Message}; allow it where a policy or a missing permission of the operator is the cause, or correct spec.qdrant.managed"));
            }

            var (ready, wanted) = (observed.StatefulSet?.Status?.ReadyReplicas ?? 0, observed.StatefulSet?.Spec?.Replicas ?? 0);
            if (ready == 0)
            {
                // A change of the pods leads to the next look.
                _failures.TryRemove(key, out _);
                return (observed with { Fault = new("PodsNotReady", $"0 of {wanted} pods of Qdrant are ready") }, null);
            }
        }

        try
        {
            var connection = await parts.Access.ConnectAsync(index, managedKey, cancellationToken).ConfigureAwait(false);
            var version = await connection.Client.GetVersionAsync(cancellationToken).ConfigureAwait(false);
            observed = observed with { Version = version.Version };
            observed = await ClusterAsync(key, observed, connection, cancellationToken).ConfigureAwait(false);
            var kept = await parts.Collections.KeepAsync(
                new()
                {
                    Client = connection.Client,
                    Version = version,
                    Owner = Owner(index),
                    Collections = index.Spec.Collections,
                    Embedding = index.Spec.Embedding,
                    Migration = index.Spec.Migration,
                    Embedder = parts.Embedder(index),
                    Previous = index.Status?.Collections,
                },
                cancellationToken).ConfigureAwait(false);
            Tell(index, kept.Events);
            var snapshots = await parts.Snapshots.KeepAsync(index, Nodes(connection, observed), [.. kept.Collections.Where(RagIndexPlanner.Serves).Select(collection => collection.PhysicalName).OfType<string>()]).ConfigureAwait(false);
            observed = observed with { Collections = kept.Collections, Issues = kept.Issues, Snapshots = snapshots.Status, SnapshotProblem = snapshots.Problem };
            _failures.TryRemove(key, out _);

            var next = options.PollInterval;
            foreach (var delay in new[] { kept.LookAgainAfter, snapshots.Next, observed.ClusterProgress is null ? null : ProgressInterval })
            {
                next = delay < next ? delay.Value : next;
            }

            return (observed, next);
        }
        catch (QdrantAccessException error)
        {
            return Failed(key, observed, new(error.Reason, error.Message));
        }
        catch (QdrantException error)
        {
            return Failed(key, observed, Fault(key, index, error));
        }
    }

    private async Task<RagIndexObservation> ClusterAsync(ObjectKey key, RagIndexObservation observed, QdrantAccess.Connection connection, CancellationToken cancellationToken)
    {
        var index = observed.Index;
        var cluster = await connection.Client.GetClusterAsync(cancellationToken).ConfigureAwait(false);
        observed = observed with { Peers = cluster.IsEnabled ? cluster.Peers?.Count ?? 1 : 1 };
        if (index.Spec!.Qdrant.Managed is null || observed.StatefulSet is not { Spec.Replicas: { } pods } set)
        {
            return observed;
        }

        try
        {
            var look = await parts.Cluster.KeepAsync(
                index,
                new(pods, set.Status?.ReadyReplicas ?? 0, caches.PodsOfRagIndex(key), cluster, connection.Client, ordinal => connection.Prompt(QdrantNames.NodeUrl(index, ordinal))),
                cancellationToken).ConfigureAwait(false);
            observed = observed with { ClusterProgress = look.Progress, DataProblem = look.Problem };
            return look.Replicas == pods ? observed : observed with { StatefulSet = (await parts.Managed.KeepAsync(index, look.Replicas, cancellationToken).ConfigureAwait(false)).StatefulSet };
        }
        catch (QdrantException error) when (error.Kind is not (QdrantErrorKind.Unreachable or QdrantErrorKind.Unauthorized))
        {
            // The rest can still be looked at.
            return observed with { ClusterProgress = $"the cluster cannot be looked at, it is tried again: {error.Message}" };
        }
    }

    private static List<IQdrantClient> Nodes(QdrantAccess.Connection connection, RagIndexObservation observed) =>
        observed.StatefulSet?.Spec?.Replicas is > 1 and var pods
            ? [.. Enumerable.Range(0, pods).Select(ordinal => connection.Node(QdrantNames.NodeUrl(observed.Index, ordinal)))]
            : [connection.Patient];

    private (RagIndexObservation Observed, TimeSpan? Next) Failed(ObjectKey key, RagIndexObservation observed, SpecProblemText fault)
    {
        var failures = _failures.AddOrUpdate(key, 1, static (_, before) => before + 1);
        var delay = TimeSpan.FromSeconds(Math.Min(LongestRetry.TotalSeconds, Math.Pow(2, Math.Min(failures, 10))));
        return (observed with { Fault = fault, Collections = null }, delay);
    }

    private SpecProblemText Fault(ObjectKey key, RagIndex index, QdrantException error)
    {
        switch (error.Kind)
        {
            case QdrantErrorKind.Unauthorized or QdrantErrorKind.Forbidden:
                // The key may have been changed since it was read.
                parts.Access.Forget(key);
                var where = index.Spec!.Qdrant.External is not { } external ? $"key {QdrantNames.Key(key.Name)} of Secret {QdrantNames.Keys}"
                    : external.ApiKeySecretRef is { } secret ? $"key {secret.Key} of Secret {secret.Name}"
                    : "spec.qdrant.external.apiKeySecretRef, which is not set";
                return new(error.Kind.ToString(), $"Qdrant does not accept the API key: {error.Message}; correct {where}");
            case QdrantErrorKind.Unreachable when error.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }:
                return new(
                    "CertificateRefused",
                    $"{error.Message}; put the certificate of the server's authority where spec.qdrant.external.tls.{(index.Spec!.Qdrant.External?.Tls?.CaSecretRef is null ? "caConfigMapRef" : "caSecretRef")} names it, or correct the server's own");
            case QdrantErrorKind.Unreachable:
                return new("Unreachable", $"Qdrant cannot be reached: {error.Message}; what was stored is left alone, and endpoints keep serving");
            default:
                return new(error.Kind.ToString(), error.Message);
        }
    }

    /// <summary>What the scheduler or the kubelet says of pods that do not start.</summary>
    private string? PodProblem(ObjectKey key) => caches.PodsOfRagIndex(key).Select(pod =>
        pod.Status?.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False" }) is { Message: { } unscheduled } ? $"pod {pod.Metadata.Name} has no node: {unscheduled}"
        : pod.Status?.ContainerStatuses?.Select(container => container.State?.Waiting).FirstOrDefault(waiting => waiting?.Reason is not (null or "ContainerCreating" or "PodInitializing")) is { } held ? $"pod {pod.Metadata.Name} waits: {held.Reason} {held.Message}".TrimEnd()
        : null).FirstOrDefault(problem => problem is not null);

    /// <summary>Writes what is said of an index. Where no more than counts differ it waits until the last write is a minute ago.</summary>
    private async Task<ReconcileResult> WriteAsync(RagIndexObservation observed, TimeSpan? next, CancellationToken cancellationToken)
    {
        var (index, plan, key) = (observed.Index, RagIndexPlanner.Plan(observed), ObjectKey.Of(observed.Index));
        var wanted = new RagIndex { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Status = plan.Status };
        var isCountAlone = !ObjectApplier.StatusDiffers(wanted with { Status = RagIndexPlanner.WithCountsOf(plan.Status, index.Status) }, index);
        if (isCountAlone && _written.TryGetValue(key, out var since) && time.GetElapsedTime(since) < CountInterval)
        {
            return After(next);
        }

        var (before, after) = (index.Status, plan.Status);
        var mayWait = before is not null && before.ObservedGeneration == after.ObservedGeneration && before.Conditions.Find(ConditionTypes.Ready)?.Status == after.Conditions.Find(ConditionTypes.Ready)?.Status;
        var (written, wait) = await _status.WriteAsync(index, wanted, plan.Transitions, mayWait, cancellationToken).ConfigureAwait(false);
        if (!ReferenceEquals(written, index) || !_written.ContainsKey(key))
        {
            _written[key] = time.GetTimestamp();
        }

        return wait.Delay is { } held && !(next < held) ? ReconcileResult.RequeueAfter(held) : After(next);
    }

    /// <summary>Lets an index go when nobody uses it and its data is where its policy wants it, and says what it waits for until then.</summary>
    private async Task<ReconcileResult> LetGoAsync(ObjectKey key, RagIndexObservation observed, CancellationToken cancellationToken)
    {
        var index = observed.Index;
        if (!index.HasFinalizer(ApiGroup.Finalizer))
        {
            return ReconcileResult.Done;
        }

        TimeSpan? next = null;
        if (observed.UsedBy.Count == 0)
        {
            var step = await parts.Deletion.StepAsync(observed, Owner(index), cancellationToken).ConfigureAwait(false);
            Tell(index, step.Events);
            if (step.Waiting is null)
            {
                var free = Finalizers.RemovePatch(index, ApiGroup.Finalizer)!;
                caches.RagIndexes.Wrote(await client.PatchAsync<RagIndex>(key, free, new() { FieldManager = FieldManagers.Operator }, cancellationToken).ConfigureAwait(false));
                return ReconcileResult.Done;
            }

            (observed, next) = (observed with { Waiting = step.Waiting, Version = step.Fault is null ? index.Status?.Qdrant?.Version : null, Fault = step.Fault }, step.LookAgain);
            if (step.Fault is { } fault)
            {
                (observed, next) = Failed(key, observed, fault);
            }
        }
        else
        {
            // Nobody looks at a Qdrant whose index only waits for its users.
            observed = observed with { Version = index.Status?.Qdrant?.Version, Collections = index.Status?.Collections };
        }

        return await WriteAsync(observed, next, cancellationToken).ConfigureAwait(false);
    }

    private void Tell(RagIndex index, IReadOnlyList<CollectionEvent> happened)
    {
        foreach (var told in happened)
        {
            events.Report(index, new(new() { Type = "Collection", Status = told.IsWarning ? ConditionStatus.False : ConditionStatus.True, Reason = told.Reason, Message = told.Message, LastTransitionTime = time.GetUtcNow() }, told.IsWarning));
        }
    }

    private void Forget(ObjectKey key)
    {
        _status.Forget(key);
        _written.TryRemove(key, out _);
        _failures.TryRemove(key, out _);
        parts.Access.Forget(key);
        parts.Cluster.Forget(key);
        parts.Snapshots.Forget(key);
    }

    private static CollectionOwner Owner(RagIndex index) => new(index.Metadata.Namespace!, index.Metadata.Name!, index.Metadata.Uid!);

    private static ReconcileResult After(TimeSpan? next) => next is { } delay ? ReconcileResult.RequeueAfter(delay) : ReconcileResult.Done;
}
