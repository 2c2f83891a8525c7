using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>How much of a copy is done in one call.</summary>
/// <param name="Points">Most points.</param>
/// <param name="Batch">Points of one request.</param>
/// <param name="Time">Longest time.</param>
internal sealed record CopySlice(int Points, int Batch, TimeSpan Time);

/// <summary>
/// Copies points from one generation to another, a page at a time: memory does not grow with the points. A page that is copied twice does no harm, so that the offset needs to be kept only
/// at the end of each slice.
/// </summary>
internal sealed class GenerationCopier(IQdrantClient client, Generation source, Generation target, CopyPlan plan, TimeProvider clock)
{
    // Half of what a server takes by default, because the estimate of a request's size is not exact.
    private const int MaxRequestBytes = 16 * 1024 * 1024;

    /// <summary>Times two generations are compared before the switch at most: with steady writes they never become equal, and the last of them are caught up with after the switch.</summary>
    public const int MaxPasses = 5;

    /// <summary>Points looked at in the last slice.</summary>
    public int Seen { get; private set; }

    /// <summary>Does a slice of the phase the record is in.</summary>
    /// <returns>The record as it is then. The phase is the next one when this one is done; after the last it is null.</returns>
    public async Task<MigrationRecord?> AdvanceAsync(MigrationRecord record, CopySlice slice, CancellationToken cancellationToken)
    {
        Seen = 0;
        var began = clock.GetTimestamp();
        var offset = record.Offset is { } text ? PointId.Parse(text) : (PointId?)null;
        do
        {
            var pruning = record.Phase == MigrationPhase.Pruning;
            var page = await client.ScrollAsync(
                (pruning ? target : source).PhysicalName,
                new()
                {
                    Offset = offset,
                    Limit = Math.Max(1, Math.Min(slice.Batch, slice.Points - Seen)),
                    WithPayload = pruning ? PayloadSelector.None : PayloadSelector.All,
                    WithVector = pruning ? VectorSelector.None : VectorSelector.All,
                },
                cancellationToken).ConfigureAwait(false);
            Seen += page.Points.Count;
            record = record.Phase switch
            {
                MigrationPhase.Copying => record with { Copied = record.Copied + await CopyAsync(page.Points, UpdateMode.Upsert, cancellationToken).ConfigureAwait(false) },
                MigrationPhase.Comparing => record with { Found = record.Found + await CompareAsync(page.Points, cancellationToken).ConfigureAwait(false) },
                MigrationPhase.Pruning => record with { Found = record.Found + await PruneAsync(page.Points, cancellationToken).ConfigureAwait(false) },
                _ => record with { Found = record.Found + await AddMissingAsync(page.Points, cancellationToken).ConfigureAwait(false) },
            };
            offset = page.NextPageOffset;
        }
        while (offset is not null && Seen < slice.Points && clock.GetElapsedTime(began) < slice.Time);
        return offset is { } next ? record with { Offset = next.ToString() } : Next(record with { Offset = null });
    }

    private static MigrationRecord? Next(MigrationRecord record) => record.Phase switch
    {
        MigrationPhase.Copying => record with { Phase = MigrationPhase.Comparing, Pass = 1, Found = 0 },
        MigrationPhase.Comparing => record with { Phase = MigrationPhase.Pruning },
        MigrationPhase.Pruning when record.Found > 0 && record.Pass < MaxPasses => record with { Phase = MigrationPhase.Comparing, Pass = record.Pass + 1, Found = 0 },
        MigrationPhase.Pruning => record with { Phase = MigrationPhase.Checking },
        _ => null,
    };

    private async Task<int> CopyAsync(IReadOnlyList<PointRecord> records, UpdateMode mode, CancellationToken cancellationToken)
    {
        if (records.Count > 0)
        {
            var points = await plan.TransformAsync(records, cancellationToken).ConfigureAwait(false);
            foreach (var batch in PointBatches.Split(points, MaxRequestBytes))
            {
                await client.UpsertAsync(target.PhysicalName, new() { Points = batch, UpdateMode = mode == UpdateMode.Upsert ? null : mode }, cancellationToken).ConfigureAwait(false);
            }
        }

        return records.Count;
    }

    private async Task<int> CompareAsync(IReadOnlyList<PointRecord> records, CancellationToken cancellationToken)
    {
        var copies = await HeldByAsync(target, records, true, cancellationToken).ConfigureAwait(false);
        return await CopyAsync([.. records.Where(record => !copies.TryGetValue(record.Id, out var copy) || !plan.IsSame(record, copy))], UpdateMode.Upsert, cancellationToken).ConfigureAwait(false);
    }

    private async Task<int> PruneAsync(IReadOnlyList<PointRecord> records, CancellationToken cancellationToken)
    {
        var originals = await HeldByAsync(source, records, false, cancellationToken).ConfigureAwait(false);
        var gone = records.Where(record => !originals.ContainsKey(record.Id)).Select(record => record.Id).ToList();
        if (gone.Count > 0)
        {
            await client.DeletePointsAsync(target.PhysicalName, new() { Points = gone }, cancellationToken).ConfigureAwait(false);
        }

        return gone.Count;
    }

    /// <summary>After the switch only points that are missing are written, and never over one that is there: what is there may be newer.</summary>
    private async Task<int> AddMissingAsync(IReadOnlyList<PointRecord> records, CancellationToken cancellationToken)
    {
        var copies = await HeldByAsync(target, records, false, cancellationToken).ConfigureAwait(false);
        var missing = records.Where(record => !copies.ContainsKey(record.Id)).ToList();
        var count = await CopyAsync(missing, UpdateMode.InsertOnly, cancellationToken).ConfigureAwait(false);

        // What was deleted between the read and the write must not come back, and no comparison follows. Gateways delete from the source first.
        await PruneAsync(missing, cancellationToken).ConfigureAwait(false);
        return count;
    }

    private async Task<Dictionary<PointId, PointRecord>> HeldByAsync(Generation generation, IReadOnlyList<PointRecord> records, bool whole, CancellationToken cancellationToken)
    {
        if (records.Count == 0)
        {
            return [];
        }

        var found = await client.RetrieveAsync(
            generation.PhysicalName,
            new()
            {
                Ids = [.. records.Select(record => record.Id)],
                WithPayload = whole ? PayloadSelector.All : PayloadSelector.None,
                WithVector = whole ? VectorSelector.All : VectorSelector.None,
            },
            cancellationToken).ConfigureAwait(false);
        return found.ToDictionary(record => record.Id);
    }
}
