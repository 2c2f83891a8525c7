using System.Collections.Concurrent;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes.Collections;
using LlmOperator.Kubernetes;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Qdrant;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>
/// Takes the scheduled snapshots of an index beside everything else, as one may take an hour: each collection on each node, checked against the server's list, and then the old ones deleted.
/// A process that ends meanwhile leaves snapshots without a word; the next one takes them anew, and the retention removes those.
/// </summary>
internal sealed class SnapshotKeeper(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<ObjectKey, Run> _runs = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>What is known of an index's snapshots after a look.</summary>
    /// <param name="Status">New status; null when it stays.</param>
    /// <param name="Problem">Why none are taken; null when they are.</param>
    /// <param name="Next">When to look again; null for never.</param>
    public sealed record Look(SnapshotStatus? Status, SpecProblemText? Problem, TimeSpan? Next);

    /// <summary>Begins what is due and tells of what has ended.</summary>
    /// <param name="index">The index.</param>
    /// <param name="nodes">A patient client of each node, or of the address of an external one.</param>
    /// <param name="collections">Collections of Qdrant that hold its data.</param>
    public async Task<Look> KeepAsync(RagIndex index, IReadOnlyList<IQdrantClient> nodes, IReadOnlyList<string> collections)
    {
        var (key, before, now) = (ObjectKey.Of(index), index.Status?.Snapshots, time.GetUtcNow());
        var last = before?.LastScheduleTime ?? index.Metadata.CreationTimestamp ?? now;
        var plan = SnapshotPlanner.Plan(index.Spec!.Snapshots, last, now);
        if (plan.Problem is { } problem)
        {
            return new(null, new("InvalidSchedule", problem), null);
        }

        var next = plan.Next - now;
        if (plan.Due is not { } due || collections.Count == 0)
        {
            return new(null, null, next);
        }

        var run = _runs.GetOrAdd(key, static (_, made) => new(made.Due, Task.Run(() => TakeAsync(made.Nodes, made.IsEvery, made.Collections, made.Retention, made.Self._stop.Token))),
            (Due: due, Self: this, Nodes: nodes, IsEvery: index.Spec.Qdrant.Managed is not null, Collections: collections, index.Spec.Snapshots!.Retention));
        if (!run.Task.IsCompleted)
        {
            return new(null, null, LookAgain);
        }

        try
        {
            var (count, bytes, gap) = await run.Task.ConfigureAwait(false);
            _runs.TryRemove(KeyValuePair.Create(key, run));
            return new(new() { LastScheduleTime = run.Due, LastSuccessfulTime = new(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero), Count = count, Bytes = bytes, Incomplete = gap }, null, TimeSpan.FromSeconds(1));
        }
        catch (QdrantException error)
        {
            run.Failed ??= now;
            if (now - run.Failed >= RetryAfter)
            {
                _runs.TryRemove(KeyValuePair.Create(key, run));
                return new(null, new("SnapshotFailed", error.Message), LookAgain);
            }

            return new(null, new("SnapshotFailed", $"the snapshots due at {due:u} were not taken, it is tried again: {error.Message}"), RetryAfter);
        }
    }

    /// <summary>Forgets an index that is gone.</summary>
    public void Forget(ObjectKey key) => _runs.TryRemove(key, out _);

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private static async Task<(int Count, long Bytes, string? Gap)> TakeAsync(
        IReadOnlyList<IQdrantClient> nodes, bool isEveryNode, IReadOnlyList<string> collections, int retention, CancellationToken cancellationToken)
    {
        var (count, bytes) = (0, 0L);
        string? gap = null;
        foreach (var collection in collections)
        {
            gap ??= await SnapshotCover.GapAsync(nodes[0], collection, isEveryNode, cancellationToken).ConfigureAwait(false);
            foreach (var node in nodes)
            {
                var made = await node.CreateSnapshotAsync(collection, wait: true, cancellationToken).ConfigureAwait(false)
                    ?? throw new QdrantException(QdrantErrorKind.Unexpected, $"a snapshot of {collection} was asked for and waited for, and the server does not say which it made");
                var there = await node.ListSnapshotsAsync(collection, cancellationToken).ConfigureAwait(false);
                if (there.FirstOrDefault(snapshot => snapshot.Name == made.Name) is not { Size: > 0 } found || found.Size != made.Size)
                {
                    throw new QdrantException(QdrantErrorKind.Unexpected, $"snapshot {made.Name} of {collection} was made with {made.Size} bytes, and the server does not list it so");
                }

                (count, bytes) = (count + 1, bytes + made.Size);
                foreach (var old in SnapshotPlanner.Old([.. there.Select(snapshot => (snapshot.Name, snapshot.CreationTime))], retention).Where(name => name != made.Name))
                {
                    await node.DeleteSnapshotAsync(collection, old, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        return (count, bytes, gap);
    }

    private sealed class Run(DateTimeOffset due, Task<(int Count, long Bytes, string? Gap)> task)
    {
        public DateTimeOffset Due { get; } = due;

        public Task<(int Count, long Bytes, string? Gap)> Task { get; } = task;

        public DateTimeOffset? Failed { get; set; }
    }
}
