using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Snapshots;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>Removes the collections of an index that is being deleted. Every collection with the owner's mark counts, those that left the spec before too.</summary>
internal sealed class CollectionRemoval(RemoveRequest request, TimeProvider clock)
{
    private static readonly TimeSpan WhileSnapshot = TimeSpan.FromSeconds(5);

    private readonly List<CollectionSnapshot> _snapshots = [];
    private readonly List<CollectionEvent> _events = [];

    public async Task<RemoveResult> RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var generation in await OursAsync(cancellationToken).ConfigureAwait(false))
        {
            if (request.Policy is not (RagDeletionPolicy.Delete or RagDeletionPolicy.Snapshot))
            {
                await ReleaseAsync(generation, cancellationToken).ConfigureAwait(false);
                continue;
            }

            // What was never finished, or has been replaced, is not what a snapshot is for.
            var counts = generation.Marks is { RetiredAt: null, Migration: null or { Returning: true } or { Phase: MigrationPhase.CatchingUp } };
            if (request.Policy == RagDeletionPolicy.Snapshot && counts && await SnapshotAsync(generation, cancellationToken).ConfigureAwait(false) is { } waiting)
            {
                return new(false, waiting, _snapshots, _events, WhileSnapshot);
            }

            await request.Client.DeleteCollectionAsync(generation.PhysicalName, cancellationToken).ConfigureAwait(false);
            _events.Add(new(false, "CollectionDeleted", $"{generation.PhysicalName} is deleted with its points"));
        }

        return new(true, null, _snapshots, _events, null);
    }

    private async Task<IReadOnlyList<Generation>> OursAsync(CancellationToken cancellationToken)
    {
        var ours = new List<Generation>();
        foreach (var name in await request.Client.ListCollectionsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (CollectionNames.TryParse(name, out _, out var number)
                && await request.Client.GetCollectionAsync(name, cancellationToken).ConfigureAwait(false) is { } info
                && new Generation(number, name, info) is var generation && request.Owner.Is(generation.Marks.Owner))
            {
                ours.Add(generation);
            }
        }

        // The one that serves goes last: a deletion that stops half way has left what matters.
        return [.. ours.OrderByDescending(generation => generation.Marks.RetiredAt is not null || generation.Marks.Migration is not null)];
    }

    private async Task ReleaseAsync(Generation generation, CancellationToken cancellationToken)
    {
        if (generation.Marks.ReleasedAt is null)
        {
            await request.Client.UpdateCollectionAsync(
                generation.PhysicalName, new() { Metadata = new() { [CollectionMarks.ReleasedKey] = CollectionMarks.Moment(clock.GetUtcNow()) } }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes a snapshot on every node and verifies it. Returns what it waits for; null when all are there.</summary>
    private async Task<string?> SnapshotAsync(Generation generation, CancellationToken cancellationToken)
    {
        var name = generation.PhysicalName;
        var nodes = request.Nodes ?? [request.Client];
        if (await SnapshotCover.GapAsync(request.Client, name, request.IsEveryNode, cancellationToken).ConfigureAwait(false) is { } gap)
        {
            return $"{name} is not deleted, because snapshots of all its data cannot be taken: {gap}; bring it back, or take a snapshot of each node by its own address and set deletionPolicy to {RagDeletionPolicy.Delete}, or to {RagDeletionPolicy.Retain} to leave the data";
        }

        var noted = generation.Marks.Snapshots.ToHashSet(StringComparer.Ordinal);
        var verified = new List<CollectionSnapshot>();
        for (var node = 0; node < nodes.Count; node++)
        {
            var listed = await nodes[node].ListSnapshotsAsync(name, cancellationToken).ConfigureAwait(false);
            if (noted.Add(Key(node, "")))
            {
                // What there was before is noted first: a snapshot that is not among it is ours, whether or not the answer to the request for it arrived.
                noted.UnionWith(listed.Select(snapshot => Key(node, snapshot.Name)));
                await request.Client.UpdateCollectionAsync(name, new() { Metadata = new() { [CollectionMarks.SnapshotsKey] = CollectionMarks.List(noted) } }, cancellationToken).ConfigureAwait(false);
            }

            var mine = listed.FirstOrDefault(snapshot => !noted.Contains(Key(node, snapshot.Name)));
            if (mine is null)
            {
                var made = await nodes[node].CreateSnapshotAsync(name, true, cancellationToken).ConfigureAwait(false);
                listed = await nodes[node].ListSnapshotsAsync(name, cancellationToken).ConfigureAwait(false);
                mine = listed.FirstOrDefault(snapshot => !noted.Contains(Key(node, snapshot.Name)) && (made is null || snapshot.Name == made.Name));
                if (mine is { Checksum: { } sum } && made?.Checksum is { } promised && !string.Equals(sum, promised, StringComparison.OrdinalIgnoreCase))
                {
                    return await RepeatAsync(nodes[node], name, mine, $"the snapshot {mine.Name} of {name} has another checksum than when it was made; it is taken again", cancellationToken).ConfigureAwait(false);
                }
            }

            switch (mine)
            {
                case null:
                    return $"the snapshot of {name} is not listed yet";
                case { Size: <= 0 }:
                    return await RepeatAsync(nodes[node], name, mine, $"the snapshot {mine.Name} of {name} is empty; it is taken again", cancellationToken).ConfigureAwait(false);
                case { Checksum: null }:
                    return $"the snapshot {mine.Name} of {name} has no checksum yet";
            }

            verified.Add(new(name, node, mine.Name, mine.Size));
        }

        _snapshots.AddRange(verified);
        _events.AddRange(verified.Select(snapshot => new CollectionEvent(false, "SnapshotVerified", $"snapshot {snapshot.Snapshot} of {name} is taken and verified ({snapshot.Size} bytes)")));
        return null;
    }

    private static string Key(int node, string snapshot) => $"{node}/{snapshot}";

    private static async Task<string> RepeatAsync(IQdrantClient node, string collection, SnapshotDescription bad, string message, CancellationToken cancellationToken)
    {
        await node.DeleteSnapshotAsync(collection, bad.Name, cancellationToken).ConfigureAwait(false);
        return message;
    }
}
