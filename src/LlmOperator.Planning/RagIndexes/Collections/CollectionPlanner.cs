using LlmOperator.Api.RagIndexes;
using LlmOperator.Qdrant;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>What to do next with a logical collection.</summary>
public abstract record CollectionStep
{
    private CollectionStep()
    {
    }

    /// <summary>Nothing: the name is another's.</summary>
    /// <param name="Message">Whose, and what to change.</param>
    public sealed record Refuse(string Message) : CollectionStep;

    /// <summary>Create the first generation, with its indexes, then the alias.</summary>
    /// <param name="Number">Its number.</param>
    public sealed record Create(int Number) : CollectionStep;

    /// <summary>Take over the generations a namesake let go of.</summary>
    /// <param name="Released">The generations.</param>
    public sealed record Adopt(IReadOnlyList<Generation> Released) : CollectionStep;

    /// <summary>Make a generation like its spec, then point the alias to it.</summary>
    /// <param name="To">The generation.</param>
    /// <param name="Differences">How it differs.</param>
    public sealed record PointAlias(Generation To, CollectionDifferences Differences) : CollectionStep;

    /// <summary>Note that a generation serves no more.</summary>
    /// <param name="Old">The generation.</param>
    public sealed record Retire(Generation Old) : CollectionStep;

    /// <summary>Delete a generation: its time is over, or it was never finished.</summary>
    /// <param name="Old">The generation.</param>
    /// <param name="IsExpired">Whether it served once.</param>
    public sealed record Delete(Generation Old, bool IsExpired) : CollectionStep;

    /// <summary>Copy what was written to the old generation at the last moment, then forget the migration.</summary>
    /// <param name="Active">The generation that serves.</param>
    /// <param name="From">The old one; null when there is nothing to copy any more.</param>
    public sealed record CatchUp(Generation Active, Generation? From) : CollectionStep;

    /// <summary>Make the generation that serves like its spec, in place; nothing when it is.</summary>
    /// <param name="Active">The generation.</param>
    /// <param name="Differences">How it differs.</param>
    public sealed record Serve(Generation Active, CollectionDifferences Differences) : CollectionStep;

    /// <summary>Nothing but to report what differs.</summary>
    /// <param name="Active">The generation that serves.</param>
    /// <param name="Schema">What differs.</param>
    public sealed record Report(Generation Active, IReadOnlyList<SchemaDifference> Schema) : CollectionStep;

    /// <summary>Go back to a generation that served before and is as the spec wants it again.</summary>
    /// <param name="Active">The generation that serves.</param>
    /// <param name="Previous">The one that served before.</param>
    /// <param name="Schema">What differs.</param>
    public sealed record Return(Generation Active, Generation Previous, IReadOnlyList<SchemaDifference> Schema) : CollectionStep;

    /// <summary>Create a new generation.</summary>
    /// <param name="Active">The generation that serves.</param>
    /// <param name="Number">Number of the new one.</param>
    /// <param name="Schema">What differs.</param>
    public sealed record Begin(Generation Active, int Number, IReadOnlyList<SchemaDifference> Schema) : CollectionStep;

    /// <summary>Go on filling and checking the new generation.</summary>
    /// <param name="Active">The generation that serves.</param>
    /// <param name="Target">The new one.</param>
    /// <param name="Schema">What differs.</param>
    /// <param name="Differences">How the new one differs from the spec; all of it can be changed in place.</param>
    public sealed record Migrate(Generation Active, Generation Target, IReadOnlyList<SchemaDifference> Schema, CollectionDifferences Differences) : CollectionStep;
}

/// <summary>Decides what to do next with a logical collection. What there is decides alone: nothing is remembered elsewhere, so that it can be decided anew after any interruption.</summary>
public static class CollectionPlanner
{
    /// <summary>Decides.</summary>
    /// <param name="spec">What is wanted.</param>
    /// <param name="embedding">The model that makes vectors.</param>
    /// <param name="migration">What is done about changes that cannot be made in place.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="observed">What there is.</param>
    /// <param name="version">The server's version; null for the newest.</param>
    /// <param name="now">The time.</param>
    public static CollectionStep Next(
        CollectionSpec spec, EmbeddingSpec? embedding, MigrationSpec migration, CollectionOwner owner, ObservedCollection observed, QdrantVersion? version, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(migration);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(observed);
        var ours = observed.Generations.Where(generation => owner.Is(generation.Marks.Owner)).ToList();
        if (Refusal(spec, owner, observed, ours) is { } refusal)
        {
            return refusal;
        }

        CollectionDifferences Compare(Generation generation) => CollectionDifferences.Of(spec, embedding, owner, generation.Info, version);
        var released = observed.Generations.Where(generation => IsReleased(owner, generation)).ToList();
        if (released.Count > 0)
        {
            return new CollectionStep.Adopt(released);
        }

        if (ours.Count == 0)
        {
            return new CollectionStep.Create(1);
        }

        var active = ours.Find(generation => generation.PhysicalName == observed.AliasTarget);
        if (active is null)
        {
            var best = BestToServe(ours);
            return new CollectionStep.PointAlias(best, Compare(best));
        }

        // Somebody moved the alias by hand to a generation that serves no more, or that one is all there is.
        if (active.Marks.RetiredAt is not null)
        {
            var meant = ours.FindLast(Serves) ?? active;
            return new CollectionStep.PointAlias(meant, Compare(meant));
        }

        return Beside(spec, migration, observed, ours, active, Compare, now);
    }

    /// <summary>Length of <see cref="MigrationSpec.RollbackWindow"/>.</summary>
    /// <param name="text">Days, hours, minutes and seconds, such as <c>1d12h</c>.</param>
    public static TimeSpan Window(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (total, number) = (0L, 0L);
        foreach (var letter in text)
        {
            if (char.IsAsciiDigit(letter))
            {
                number = (number * 10) + (letter - '0');
                continue;
            }

            total += number * letter switch { 'd' => 86_400, 'h' => 3600, 'm' => 60, _ => 1 };
            number = 0;
        }

        return TimeSpan.FromSeconds(total);
    }

    private static CollectionStep Beside(
        CollectionSpec spec, MigrationSpec migration, ObservedCollection observed, List<Generation> ours, Generation active, Func<Generation, CollectionDifferences> compare, DateTimeOffset now)
    {
        var differences = compare(active);
        if (active.Marks.Migration is { } done)
        {
            var from = ours.Find(generation => generation.PhysicalName == done.From);
            return from is { Marks.RetiredAt: null } ? new CollectionStep.Retire(from)
                : new CollectionStep.CatchUp(active, differences.Schema.Count > 0 || done.Method == MigrationMethod.Fill ? null : from);
        }

        var others = ours.Where(generation => generation != active).ToList();
        if (others.Find(generation => generation.Marks.RetiredAt is { } retired && now >= retired + Window(migration.RollbackWindow)) is { } expired)
        {
            return new CollectionStep.Delete(expired, true);
        }

        if (others.Find(generation => generation.Marks is { RetiredAt: null, Migration: null }) is { } stray)
        {
            return new CollectionStep.Retire(stray);
        }

        var building = others.Where(generation => generation.Marks is { RetiredAt: null, Migration: not null }).ToList();
        var schema = differences.Schema;
        if (schema.Count > 0 && migration.Mode == MigrationMode.Manual)
        {
            return new CollectionStep.Report(active, schema);
        }

        var unwanted = building.Find(generation => schema.Count == 0 || generation.Marks.Migration!.From != active.PhysicalName || compare(generation).Schema.Count > 0);
        if (unwanted is not null)
        {
            return unwanted.Marks.Migration is { Returning: true } or { Method: MigrationMethod.Fill } ? new CollectionStep.Retire(unwanted) : new CollectionStep.Delete(unwanted, false);
        }

        if (schema.Count == 0)
        {
            return new CollectionStep.Serve(active, differences);
        }

        if (building.Count > 0)
        {
            return new CollectionStep.Migrate(active, building[^1], schema, compare(building[^1]));
        }

        return others.FindLast(generation => compare(generation) is { Schema.Count: 0, NewVectors.Count: 0 } && ServedOnce(generation)) is { } previous
            ? new CollectionStep.Return(active, previous, schema)
            : new CollectionStep.Begin(active, observed.Generations.Max(generation => generation.Number) + 1, schema);
    }

    private static CollectionStep.Refuse? Refusal(CollectionSpec spec, CollectionOwner owner, ObservedCollection observed, List<Generation> ours)
    {
        const string Fix = "rename the collection in the spec, or remove or rename the other one";
        if (observed.NameIsCollection)
        {
            return new($"collection {spec.Name}: Qdrant has a collection of that name that is not this RagIndex's, and it is not touched; {Fix}");
        }

        if (observed.AliasTarget is { } target && observed.Generations.All(generation => generation.PhysicalName != target))
        {
            return new($"collection {spec.Name}: Qdrant has an alias of that name that points to {target}, which is not this RagIndex's, and it is not touched; {Fix}");
        }

        var foreign = observed.Generations.FirstOrDefault(generation => !owner.Is(generation.Marks.Owner) && !IsReleased(owner, generation)
            && (ours.Count == 0 || generation.PhysicalName == observed.AliasTarget));
        return foreign is null ? null
            : owner.IsNamesake(foreign.Marks.Owner)
                ? new($"collection {spec.Name}: {foreign.PhysicalName} belongs to a RagIndex of the same name ({foreign.Marks.Owner}) that did not let go of it; if that one is gone, "
                    + $"release it: PATCH /collections/{foreign.PhysicalName} with {{\"metadata\":{{\"{CollectionMarks.ReleasedKey}\":\"2000-01-01T00:00:00Z\"}}}}")
                : new($"collection {spec.Name}: {foreign.PhysicalName} belongs to {foreign.Marks.Owner ?? "somebody who left no mark"}, not to this RagIndex, and it is not touched; {Fix}");
    }

    private static bool IsReleased(CollectionOwner owner, Generation generation) => owner.IsNamesake(generation.Marks.Owner) && generation.Marks.ReleasedAt is not null;

    private static bool Serves(Generation generation) => generation.Marks is { RetiredAt: null } and ({ Migration: null } or { Migration.Phase: MigrationPhase.CatchingUp });

    // A generation that somebody was to fill and that was given up may be half full: it keeps its record.
    private static bool ServedOnce(Generation generation) => generation.Marks.RetiredAt is not null && generation.Marks.Migration is null;

    private static Generation BestToServe(List<Generation> ours) =>
        ours.FindLast(Serves)
        ?? ours.FindLast(generation => generation.Marks.Migration is { Returning: true })
        ?? ours.Where(ServedOnce).MaxBy(generation => generation.Marks.RetiredAt)
        ?? ours[^1];
}
