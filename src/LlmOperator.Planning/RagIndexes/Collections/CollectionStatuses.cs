using LlmOperator.Api.RagIndexes;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>Makes the status of a logical collection.</summary>
public static class CollectionStatuses
{
    /// <summary>State of a collection that is not there.</summary>
    public const string Missing = "Missing";

    /// <summary>State of a collection whose name is another's.</summary>
    public const string Conflict = "Conflict";

    /// <summary>State of a collection that could not be asked.</summary>
    public const string Unknown = "Unknown";

    /// <summary>The status of what there is.</summary>
    /// <param name="name">Name in the spec.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="observed">What there is.</param>
    /// <param name="migration">What is done about changes that cannot be made in place.</param>
    /// <param name="issue">Why it is not as the spec asks; null when it is.</param>
    /// <param name="now">The time.</param>
    public static CollectionStatus Of(string name, CollectionOwner owner, ObservedCollection observed, MigrationSpec migration, CollectionIssue? issue, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(observed);
        ArgumentNullException.ThrowIfNull(migration);
        var ours = observed.Generations.Where(generation => owner.Is(generation.Marks.Owner)).ToList();
        var active = ours.Find(generation => generation.PhysicalName == observed.AliasTarget);
        var building = ours.FindLast(generation => generation.Marks is { Migration: not null, RetiredAt: null });
        var previous = ours.Where(generation => generation != active && generation.Marks.RetiredAt is not null).MaxBy(generation => generation.Marks.RetiredAt);
        return new()
        {
            Name = name,
            Alias = active is null ? null : name,
            PhysicalName = active?.PhysicalName,
            Generation = active?.Number,
            Points = active?.Info.PointsCount,
            IndexedVectors = active?.Info.IndexedVectorsCount,
            EmbeddingModel = active?.Marks.EmbeddingModel,
            EmbeddingEndpoint = active?.Marks.EmbeddingEndpoint,
            State = issue?.Kind == CollectionIssueKind.Conflict ? Conflict : active is null ? Missing : active.Info.Status.ToString(),
            Reason = issue?.Reason,
            Message = issue?.Message is { Length: > 1024 } text ? text[..1021] + "..." : issue?.Message,
            Migration = building is null ? null : MigrationOf(building, now),
            Previous = previous is null ? null : new()
            {
                PhysicalName = previous.PhysicalName,
                Generation = previous.Number,
                KeptUntil = previous.Marks.RetiredAt + CollectionPlanner.Window(migration.RollbackWindow),
            },
        };
    }

    private static CollectionMigration MigrationOf(Generation building, DateTimeOffset now)
    {
        var record = building.Marks.Migration!;
        var elapsed = (now - record.Started).TotalSeconds;
        double? rate = record.Phase == MigrationPhase.Copying && elapsed > 0 ? Math.Round(record.Copied / elapsed, 1) : null;
        return new()
        {
            PhysicalName = building.PhysicalName,
            Method = record.Method,
            Phase = record.Phase,
            Copied = record.Copied,
            Total = record.Total,
            PointsPerSecond = rate,
            SecondsLeft = rate > 0 ? (long)Math.Ceiling(Math.Max(0, record.Total - record.Copied) / rate.Value) : null,
            Recall = record.Recall,
            Started = record.Started,
        };
    }
}
