using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes.Collections;
using LlmOperator.Kubernetes;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>How far a deletion is.</summary>
/// <param name="Waiting">What it waits for; null when the index may go.</param>
/// <param name="Fault">Why Qdrant cannot be asked; null when it answered, or was not asked.</param>
/// <param name="Events">What just happened.</param>
/// <param name="LookAgain">When to go on; null when a change leads there.</param>
internal sealed record DeletionStep(string? Waiting, SpecProblemText? Fault, IReadOnlyList<CollectionEvent> Events, TimeSpan? LookAgain)
{
    public static DeletionStep Done(params CollectionEvent[] events) => new(null, null, events, null);
}

/// <summary>Brings the data of an index that is being deleted to where its policy wants it. Every step may be done twice, and another process may go on with the next.</summary>
internal sealed class RagIndexDeletion(ICollectionKeeper collections, QdrantAccess access, QdrantKeys keys, TimeProvider time)
{
    /// <summary>How long an index whose data stays anyway waits for a Qdrant that does not answer.</summary>
    private static readonly TimeSpan RetainPatience = TimeSpan.FromMinutes(5);

    /// <summary>Does the next step.</summary>
    /// <param name="observed">What is seen of the index.</param>
    /// <param name="owner">Whose the collections are.</param>
    /// <param name="cancellationToken">Cancels requests.</param>
    public async Task<DeletionStep> StepAsync(RagIndexObservation observed, CollectionOwner owner, CancellationToken cancellationToken)
    {
        var index = observed.Index;
        var policy = index.Spec!.DeletionPolicy;
        string? managedKey = null;
        if (index.Spec.Qdrant.Managed is not null)
        {
            managedKey = keys.Find(index);
            if (observed.StatefulSet is not { Metadata.DeletionTimestamp: null } set || managedKey is null)
            {
                // As when the namespace goes: its pods cannot come back, and the data is where its volumes are.
                return policy == RagDeletionPolicy.Snapshot
                    ? DeletionStep.Done(new CollectionEvent(true, "SnapshotImpossible", "the pods of Qdrant were deleted before a snapshot could be taken; what is left is on the volumes, if these were not deleted too"))
                    : DeletionStep.Done();
            }

            if ((set.Status?.ReadyReplicas ?? 0) == 0)
            {
                return policy switch
                {
                    // The volumes go with the pods, or stay: nobody needs to be asked.
                    RagDeletionPolicy.Delete => DeletionStep.Done(),
                    _ => Unreached(index, new("PodsNotReady", $"0 of {set.Spec?.Replicas ?? 0} pods of Qdrant are ready")),
                };
            }
        }

        try
        {
            var connection = await access.ConnectAsync(index, managedKey, cancellationToken).ConfigureAwait(false);
            var pods = observed.StatefulSet?.Spec?.Replicas ?? 1;
            var removed = await collections.RemoveAsync(
                new()
                {
                    Client = connection.Client,
                    Owner = owner,
                    Policy = policy,
                    IsEveryNode = index.Spec.Qdrant.Managed is not null,
                    Nodes = pods > 1 ? [.. Enumerable.Range(0, pods).Select(ordinal => connection.Node(QdrantNames.NodeUrl(index, ordinal)))] : [connection.Patient],
                },
                cancellationToken).ConfigureAwait(false);
            return removed.IsDone
                ? DeletionStep.Done([.. removed.Events])
                : new(removed.Waiting ?? "collections are being removed", null, removed.Events, removed.LookAgainAfter ?? TimeSpan.FromSeconds(2));
        }
        catch (QdrantAccessException error)
        {
            return Unreached(index, new(error.Reason, error.Message));
        }
        catch (QdrantException error)
        {
            if (error.Kind == QdrantErrorKind.Unauthorized)
            {
                access.Forget(ObjectKey.Of(index));
            }

            return index.Spec.Qdrant.Managed is not null && policy == RagDeletionPolicy.Delete && error.Kind == QdrantErrorKind.Unreachable
                ? DeletionStep.Done()
                : Unreached(index, new(error.Kind.ToString(), error.Message));
        }
    }

    private DeletionStep Unreached(RagIndex index, SpecProblemText fault)
    {
        var policy = index.Spec!.DeletionPolicy;
        if (policy == RagDeletionPolicy.Retain && time.GetUtcNow() - index.Metadata.DeletionTimestamp >= RetainPatience)
        {
            return DeletionStep.Done(new CollectionEvent(true, "NotReleased", $"Qdrant did not answer, so the collections, which stay, still carry this index as their owner: {fault.Message}"));
        }

        return new(
            policy == RagDeletionPolicy.Retain
                ? $"Qdrant is told that the collections stay and lose their owner, and cannot be: {fault.Message}; the deletion goes on without after {RetainPatience.TotalMinutes} minutes"
                : $"deletionPolicy is {policy}, so the collections go first, and Qdrant cannot be asked: {fault.Message}; bring it back, or set spec.deletionPolicy to {RagDeletionPolicy.Retain} to leave the data behind",
            fault, [], null);
    }
}
