using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant.Collections;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>What became of a step.</summary>
/// <param name="Changed">Whether Qdrant may have changed, so that it must be looked at again.</param>
/// <param name="GoOn">Whether a further step is to be decided at once.</param>
/// <param name="Issue">Why the collection is not as the spec asks.</param>
internal sealed record StepOutcome(bool Changed, bool GoOn, CollectionIssue? Issue)
{
    public static StepOutcome Next { get; } = new(true, true, null);

    public static StepOutcome Rest(bool changed, CollectionIssue? issue = null) => new(changed, false, issue);
}

/// <summary>Does the next step with one logical collection.</summary>
internal sealed class StepWork(KeepWork work, CollectionSpec spec, ObservedCollection observed)
{
    public async Task<StepOutcome> DoAsync(CancellationToken cancellationToken)
    {
        var request = work.Request;
        var step = CollectionPlanner.Next(spec, request.Embedding, work.Migration, request.Owner, observed, request.Version, work.Clock.GetUtcNow());
        switch (step)
        {
            case CollectionStep.Refuse refuse:
                return StepOutcome.Rest(false, Issue(CollectionIssueKind.Conflict, CollectionReasons.Conflict, refuse.Message));

            case CollectionStep.Create create:
                await CreateAsync(create, cancellationToken).ConfigureAwait(false);
                return StepOutcome.Next;

            case CollectionStep.Adopt adopt:
                foreach (var generation in adopt.Released)
                {
                    await MarkAsync(generation, new() { [CollectionMarks.OwnerKey] = request.Owner.Mark, [CollectionMarks.ReleasedKey] = null, [CollectionMarks.SnapshotsKey] = null }, cancellationToken).ConfigureAwait(false);
                }

                work.Tell(false, "CollectionAdopted", $"collection {spec.Name} was left by an earlier RagIndex of this name and is taken over with its data");
                return StepOutcome.Next;

            case CollectionStep.PointAlias point:
                await PointAliasAsync(point, cancellationToken).ConfigureAwait(false);
                return StepOutcome.Next;

            case CollectionStep.Retire retire:
                // One that somebody was to fill keeps its record: it must not be gone back to.
                var keepsRecord = retire.Old.Marks.Migration is { Method: MigrationMethod.Fill, Returning: false };
                var marks = new JsonObject { [CollectionMarks.RetiredKey] = CollectionMarks.Moment(work.Clock.GetUtcNow()) };
                if (!keepsRecord && retire.Old.Marks.Migration is not null)
                {
                    marks[CollectionMarks.MigrationKey] = null;
                }

                await MarkAsync(retire.Old, marks, cancellationToken).ConfigureAwait(false);
                return StepOutcome.Next;

            case CollectionStep.Delete delete:
                await work.Client.DeleteCollectionAsync(delete.Old.PhysicalName, cancellationToken).ConfigureAwait(false);
                work.Tell(false, "GenerationRemoved", delete.IsExpired
                    ? $"{delete.Old.PhysicalName} is removed: its rollback window is over"
                    : $"{delete.Old.PhysicalName} is removed: it was not finished and is not wanted any more");
                return StepOutcome.Next;

            case CollectionStep.CatchUp catchUp:
                return await new MigrationWork(work, spec).CatchUpAsync(catchUp, cancellationToken).ConfigureAwait(false);

            case CollectionStep.Begin begin:
                await new MigrationWork(work, spec).BeginAsync(begin, cancellationToken).ConfigureAwait(false);
                return StepOutcome.Next;

            case CollectionStep.Return back:
                await new MigrationWork(work, spec).ReturnAsync(back, cancellationToken).ConfigureAwait(false);
                return StepOutcome.Next;

            case CollectionStep.Migrate migrate:
                return await new MigrationWork(work, spec).AdvanceAsync(migrate, cancellationToken).ConfigureAwait(false);

            case CollectionStep.Report report:
                return StepOutcome.Rest(false, Issue(
                    CollectionIssueKind.SchemaConflict, CollectionReasons.SchemaConflict,
                    $"{Describe(spec, report.Active, report.Schema)}; Qdrant cannot change that in place and migration.mode is Manual: set it to Automatic, or change the spec back"));

            case CollectionStep.Serve serve:
                return await ServeAsync(serve, cancellationToken).ConfigureAwait(false);

            default:
                throw new InvalidOperationException($"no work for {step.GetType().Name}");
        }
    }

    public static string Describe(CollectionSpec spec, Generation active, IReadOnlyList<SchemaDifference> schema) =>
        $"collection {spec.Name} ({active.PhysicalName}): {string.Join("; ", schema)}";

    private CollectionIssue Issue(CollectionIssueKind kind, string reason, string message) => new(spec.Name, kind, reason, message);

    private Task MarkAsync(Generation generation, JsonObject marks, CancellationToken cancellationToken) =>
        work.Client.UpdateCollectionAsync(generation.PhysicalName, new() { Metadata = marks }, cancellationToken);

    private async Task CreateAsync(CollectionStep.Create create, CancellationToken cancellationToken)
    {
        var name = CollectionNames.Physical(spec.Name, create.Number);
        var gone = work.Request.Previous?.FirstOrDefault(before => before.Name == spec.Name) is { PhysicalName: not null, Points: > 0 } known ? known : null;
        await work.Client.CreateCollectionAsync(
            name, NewCollection.Request(spec, work.Request.Embedding, work.Request.Owner, create.Number, null, null, gone?.Points), cancellationToken).ConfigureAwait(false);
        if (gone is null)
        {
            work.Tell(false, "CollectionCreated", $"collection {spec.Name} is created as {name}");
        }
        else
        {
            work.Tell(true, CollectionReasons.DataLost, $"collection {spec.Name}: {gone.PhysicalName} with its {gone.Points} points is no longer in Qdrant: its volume was lost, or somebody deleted it; {name} is created in its place, empty");
        }
    }

    private async Task PointAliasAsync(CollectionStep.PointAlias point, CancellationToken cancellationToken)
    {
        var to = point.To;
        await ApplyAsync(work, to, point.Differences, cancellationToken).ConfigureAwait(false);
        if (to.Marks.RetiredAt is not null)
        {
            await MarkAsync(to, new() { [CollectionMarks.RetiredKey] = null }, cancellationToken).ConfigureAwait(false);
        }

        if (observed.AliasTarget != to.PhysicalName)
        {
            await work.Client.UpdateAliasesAsync([AliasAction.Create(spec.Name, to.PhysicalName)], cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<StepOutcome> ServeAsync(CollectionStep.Serve serve, CancellationToken cancellationToken)
    {
        var active = serve.Active;
        if (await ApplyAsync(work, active, serve.Differences, cancellationToken).ConfigureAwait(false))
        {
            work.Tell(false, "CollectionUpdated", $"collection {spec.Name} ({active.PhysicalName}) is brought in line with its spec");
            return StepOutcome.Next;
        }

        if (await ForeignVectors.FindAsync(work, spec, active, cancellationToken).ConfigureAwait(false) is { } foreign)
        {
            return StepOutcome.Rest(false, foreign);
        }

        if (active.Info.Status == Qdrant.Collections.CollectionStatus.Red)
        {
            work.LookAgain(TimeSpan.FromMinutes(1));
            return StepOutcome.Rest(false, Issue(
                CollectionIssueKind.Failed, CollectionReasons.OptimizerFailed,
                $"collection {spec.Name} ({active.PhysicalName}): an optimiser of Qdrant failed: {active.Info.OptimizerStatus.Error ?? "it does not say why"}; look at Qdrant's log, free memory or disk, and restart it"));
        }

        return active.Marks.LostPoints is { } lost && active.Info.PointsCount is null or 0
            ? StepOutcome.Rest(false, Issue(
                CollectionIssueKind.Lost, CollectionReasons.DataLost,
                $"collection {spec.Name}: its {lost} points were no longer in Qdrant, and {active.PhysicalName} was made in its place, empty; write the points again, or recover a snapshot"))
            : StepOutcome.Rest(false);
    }

    /// <summary>Changes in place what can be changed. Returns whether anything was.</summary>
    public static async Task<bool> ApplyAsync(KeepWork work, Generation generation, CollectionDifferences differences, CancellationToken cancellationToken)
    {
        var name = generation.PhysicalName;
        var changed = false;
        foreach (var (vector, parameters) in differences.NewVectors)
        {
            await work.Client.AddVectorAsync(name, vector, parameters, cancellationToken).ConfigureAwait(false);
            changed = true;
        }

        if (differences.Patch is { } patch)
        {
            await work.Client.UpdateCollectionAsync(name, patch, cancellationToken).ConfigureAwait(false);
            changed = true;
        }

        foreach (var (field, index) in differences.Indexes)
        {
            await work.Client.CreatePayloadIndexAsync(name, field, index, cancellationToken).ConfigureAwait(false);
            changed = true;
        }

        foreach (var field in differences.StaleIndexes)
        {
            await work.Client.DeletePayloadIndexAsync(name, field, cancellationToken).ConfigureAwait(false);
            changed = true;
        }

        return changed;
    }
}
