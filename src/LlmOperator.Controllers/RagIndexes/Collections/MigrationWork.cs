using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>
/// Builds a new generation beside the old: copies, compares until both are alike, checks counts and recall, switches the alias in one action, and catches up with what was written at the last moment.
/// Writers and readers use the alias, which means the old generation until the switch and the new one from then on.
/// </summary>
/// <remarks>
/// What is written to the old generation during the copy is found by the comparisons. What is written between the last comparison and the switch is found after it as far as it is new points;
/// a point that is changed or deleted in just these moments must be written or deleted again. The old generation still has it until the rollback window ends.
/// </remarks>
internal sealed class MigrationWork(KeepWork work, CollectionSpec spec)
{
    private static readonly TimeSpan SliceTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WhileIndexing = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WhileFilling = TimeSpan.FromMinutes(1);

    public async Task BeginAsync(CollectionStep.Begin begin, CancellationToken cancellationToken)
    {
        var source = begin.Active;
        var request = work.Request;
        var total = await work.Client.CountAsync(source.PhysicalName, null, true, cancellationToken).ConfigureAwait(false);
        var carriage = VectorCarriage.Of(spec, request.Embedding, source, null, request.Embedder is not null);
        carriage = await WithTextsAsync(carriage, source, cancellationToken).ConfigureAwait(false);

        var isFill = carriage.Method == MigrationMethod.Fill && total > 0;
        var record = new MigrationRecord
        {
            From = source.PhysicalName,
            Method = carriage.Method,
            Phase = isFill ? MigrationPhase.Filling : carriage.Method == MigrationMethod.Fill ? MigrationPhase.Checking : MigrationPhase.Copying,
            Total = total,
            Started = work.Clock.GetUtcNow(),
        };
        var name = CollectionNames.Physical(spec.Name, begin.Number);
        await work.Client.CreateCollectionAsync(name, NewCollection.Request(spec, request.Embedding, request.Owner, begin.Number, record, source), cancellationToken).ConfigureAwait(false);
        var how = carriage.Method switch
        {
            MigrationMethod.Copy => $"its {total} points are copied",
            MigrationMethod.Embed => $"its {total} points are copied and their vectors made anew",
            _ => $"its {total} points must be written to it by their owner, because {carriage.Obstacle}",
        };
        work.Tell(isFill, "MigrationStarted", $"{StepWork.Describe(spec, source, begin.Schema)}: {name} is built beside it and {how}");
    }

    public async Task ReturnAsync(CollectionStep.Return back, CancellationToken cancellationToken)
    {
        var request = work.Request;
        var carriage = VectorCarriage.Of(spec, request.Embedding, back.Active, back.Previous.Info.Config.Params, request.Embedder is not null);
        var record = new MigrationRecord
        {
            From = back.Active.PhysicalName,
            Method = carriage.Method,
            Phase = MigrationPhase.Switching,
            Started = work.Clock.GetUtcNow(),
            Returning = true,
        };
        await MarkAsync(back.Previous, new() { [CollectionMarks.RetiredKey] = null, [CollectionMarks.MigrationKey] = record.ToJson() }, cancellationToken).ConfigureAwait(false);
    }

    public async Task<StepOutcome> AdvanceAsync(CollectionStep.Migrate step, CancellationToken cancellationToken)
    {
        var (source, target) = (step.Active, step.Target);
        var record = target.Marks.Migration!;

        // Indexes come before the points, because the graph is built with them; limits come after the switch.
        if (step.Differences with { Patch = Unlimited(step.Differences.Patch) } is { AreNone: false } differences)
        {
            await StepWork.ApplyAsync(work, target, differences, cancellationToken).ConfigureAwait(false);
            return StepOutcome.Next;
        }

        switch (record.Phase)
        {
            case MigrationPhase.Copying or MigrationPhase.Comparing or MigrationPhase.Pruning:
                var next = await SliceAsync(source, target, record, cancellationToken).ConfigureAwait(false);
                await RecordAsync(target, next!, cancellationToken).ConfigureAwait(false);
                return next!.Phase == record.Phase ? StepOutcome.Rest(true, Migrating(step, next)) : new(true, next.Phase == MigrationPhase.Checking, Migrating(step, next));

            case MigrationPhase.Switching:
                await SwitchAsync(step, cancellationToken).ConfigureAwait(false);
                return StepOutcome.Next;

            default:
                return await CheckAsync(step, record, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<StepOutcome> CatchUpAsync(CollectionStep.CatchUp step, CancellationToken cancellationToken)
    {
        var record = step.Active.Marks.Migration!;
        var next = step.From is null ? null
            : record.Phase != MigrationPhase.CatchingUp ? record with { Phase = MigrationPhase.CatchingUp, Offset = null, Found = 0 }
            : await SliceAsync(step.From, step.Active, record, cancellationToken).ConfigureAwait(false);
        await MarkAsync(step.Active, new() { [CollectionMarks.MigrationKey] = next?.ToJson() }, cancellationToken).ConfigureAwait(false);
        if (next is null)
        {
            work.Tell(false, "MigrationFinished", $"collection {spec.Name} is served by {step.Active.PhysicalName}; {record.From} is kept for {work.Migration.RollbackWindow}");
        }

        return new(true, next is null || record.Phase != MigrationPhase.CatchingUp, null);
    }

    private static UpdateCollection? Unlimited(UpdateCollection? patch) => patch is null ? null : patch with { StrictModeConfig = null } is var rest && rest == new UpdateCollection() ? null : rest;

    private async Task<MigrationRecord?> SliceAsync(Generation source, Generation target, MigrationRecord record, CancellationToken cancellationToken)
    {
        var request = work.Request;
        var began = work.Clock.GetTimestamp();
        var carriage = VectorCarriage.Of(spec, request.Embedding, source, target.Info.Config.Params, request.Embedder is not null);
        if (carriage.Method == MigrationMethod.Fill && record.Phase != MigrationPhase.CatchingUp)
        {
            // The embedding endpoint was taken out of the spec on the way.
            return record with { Method = MigrationMethod.Fill, Phase = MigrationPhase.Filling, Offset = null };
        }

        if (carriage.Method == MigrationMethod.Fill)
        {
            return null;
        }

        var rate = work.Migration.PointsPerSecond;
        var limit = Math.Min(work.Migration.BatchSize, source.Info.Config.StrictModeConfig is { Enabled: true, MaxQueryLimit: { } most } ? (int)Math.Min(most, int.MaxValue) : int.MaxValue);
        var slice = new CopySlice((int)Math.Min(int.MaxValue, rate * (long)SliceTime.TotalSeconds), Math.Min(limit, rate), SliceTime);
        var copier = new GenerationCopier(work.Client, source, target, new(source, target, carriage, request.Embedding, request.Embedder), work.Clock);
        var next = await copier.AdvanceAsync(record, slice, cancellationToken).ConfigureAwait(false);
        work.LookAgain(TimeSpan.FromSeconds((double)copier.Seen / rate) - work.Clock.GetElapsedTime(began));
        return next;
    }

    private async Task<StepOutcome> CheckAsync(CollectionStep.Migrate step, MigrationRecord record, CancellationToken cancellationToken)
    {
        var (source, target) = (step.Active, step.Target);
        var wanted = await work.Client.CountAsync(source.PhysicalName, null, true, cancellationToken).ConfigureAwait(false);
        var there = await work.Client.CountAsync(target.PhysicalName, null, true, cancellationToken).ConfigureAwait(false);
        if (record.Method == MigrationMethod.Fill && there < wanted)
        {
            return await FillAsync(step, record, wanted, there, cancellationToken).ConfigureAwait(false);
        }

        if (record.Method != MigrationMethod.Fill && there != wanted && record.Pass < GenerationCopier.MaxPasses)
        {
            return await GoBackAsync(step, record, cancellationToken).ConfigureAwait(false);
        }

        if (await WaitForIndexAsync(target, cancellationToken).ConfigureAwait(false) is { } waiting)
        {
            return StepOutcome.Rest(true, waiting);
        }

        var recall = await RecallCheck.MeasureAsync(work.Client, target.PhysicalName, target.Info.Config.Params.Vectors, work.Migration.SampleSize, cancellationToken).ConfigureAwait(false);
        if (recall < work.Migration.RecallThreshold)
        {
            if (record.Recall != recall)
            {
                await RecordAsync(target, record with { Recall = recall }, cancellationToken).ConfigureAwait(false);
            }

            work.LookAgain(WhileFilling);
            return StepOutcome.Rest(true, new(
                spec.Name, CollectionIssueKind.Waiting, CollectionReasons.RecallTooLow,
                string.Create(CultureInfo.InvariantCulture, $"collection {spec.Name}: the graph of {target.PhysicalName} finds {recall:0.###} of what an exact search finds, migration.recallThreshold is {work.Migration.RecallThreshold:0.###}; ")
                + $"{source.PhysicalName} keeps serving: raise hnsw.m or hnsw.efConstruct, choose a finer quantization, or lower migration.recallThreshold"));
        }

        await SwitchAsync(step, cancellationToken).ConfigureAwait(false);
        return StepOutcome.Next;
    }

    private async Task<StepOutcome> GoBackAsync(CollectionStep.Migrate step, MigrationRecord record, CancellationToken cancellationToken)
    {
        var again = record with { Phase = MigrationPhase.Comparing, Pass = record.Pass + 1, Found = 0, Offset = null };
        await RecordAsync(step.Target, again, cancellationToken).ConfigureAwait(false);
        work.LookAgain(TimeSpan.FromSeconds(1));
        return StepOutcome.Rest(true, Migrating(step, again));
    }

    private async Task<StepOutcome> FillAsync(CollectionStep.Migrate step, MigrationRecord record, long wanted, long there, CancellationToken cancellationToken)
    {
        var carriage = VectorCarriage.Of(spec, work.Request.Embedding, step.Active, step.Target.Info.Config.Params, work.Request.Embedder is not null);
        carriage = await WithTextsAsync(carriage, step.Active, cancellationToken).ConfigureAwait(false);
        if (carriage.Method != MigrationMethod.Fill)
        {
            // An embedding endpoint was added to the spec, or the texts were.
            var next = record with { Method = carriage.Method, Phase = MigrationPhase.Copying, Offset = null, Copied = 0, Total = wanted, Started = work.Clock.GetUtcNow() };
            await RecordAsync(step.Target, next, cancellationToken).ConfigureAwait(false);
            return StepOutcome.Next;
        }

        work.LookAgain(WhileFilling);
        return StepOutcome.Rest(false, new(
            spec.Name, CollectionIssueKind.SchemaConflict, CollectionReasons.WaitingToBeFilled,
            $"{StepWork.Describe(spec, step.Active, step.Schema)}: {step.Target.PhysicalName} waits to be filled and has {there} of {wanted} points: {carriage.Obstacle}. "
            + $"Write them to {step.Target.PhysicalName}, or change the spec back; {step.Active.PhysicalName} keeps serving meanwhile"));
    }

    /// <summary>Vectors can be made anew only when every point has its text: the others would be left without.</summary>
    private async Task<VectorCarriage> WithTextsAsync(VectorCarriage carriage, Generation source, CancellationToken cancellationToken)
    {
        if (carriage.Method != MigrationMethod.Embed)
        {
            return carriage;
        }

        var textless = await work.Client.CountAsync(source.PhysicalName, Filter.All(Condition.IsEmpty(CopyPlan.TextField)), true, cancellationToken).ConfigureAwait(false);
        return textless == 0 ? carriage : carriage with
        {
            Method = MigrationMethod.Fill,
            Obstacle = $"{textless} points have no text in the payload field {CopyPlan.TextField} to make vectors of",
        };
    }

    /// <summary>A graph that is not finished is searched point by point, so its recall says nothing.</summary>
    private async Task<CollectionIssue?> WaitForIndexAsync(Generation target, CancellationToken cancellationToken)
    {
        var info = target.Info;
        if (info.Status == Qdrant.Collections.CollectionStatus.Red)
        {
            work.LookAgain(WhileFilling);
            return new(
                spec.Name, CollectionIssueKind.Failed, CollectionReasons.OptimizerFailed,
                $"collection {spec.Name}: an optimiser failed on {target.PhysicalName}: {info.OptimizerStatus.Error ?? "it does not say why"}; look at Qdrant's log, free memory or disk, and restart it");
        }

        if (info.Status is not (Qdrant.Collections.CollectionStatus.Yellow or Qdrant.Collections.CollectionStatus.Grey) && info.UpdateQueue is null or { Length: 0 })
        {
            return null;
        }

        if (info.Status == Qdrant.Collections.CollectionStatus.Grey)
        {
            await work.Client.UpdateCollectionAsync(target.PhysicalName, new() { OptimizersConfig = new() }, cancellationToken).ConfigureAwait(false);
        }

        work.LookAgain(WhileIndexing);
        return new(
            spec.Name, CollectionIssueKind.Waiting, CollectionReasons.Indexing,
            $"collection {spec.Name}: Qdrant indexes {target.PhysicalName}; the alias is switched when it is done");
    }

    private async Task SwitchAsync(CollectionStep.Migrate step, CancellationToken cancellationToken)
    {
        await work.Client.UpdateAliasesAsync([AliasAction.Create(spec.Name, step.Target.PhysicalName)], cancellationToken).ConfigureAwait(false);
        work.Tell(false, "GenerationSwitched", $"collection {spec.Name} is now {step.Target.PhysicalName}; before, it was {step.Active.PhysicalName}");
    }

    private CollectionIssue Migrating(CollectionStep.Migrate step, MigrationRecord record) => new(
        spec.Name, CollectionIssueKind.SchemaConflict, CollectionReasons.Migrating,
        $"{StepWork.Describe(spec, step.Active, step.Schema)}: {step.Target.PhysicalName} is being built ({record.Phase}, {record.Copied} of {record.Total} points copied); {step.Active.PhysicalName} keeps serving");

    private Task RecordAsync(Generation target, MigrationRecord record, CancellationToken cancellationToken) =>
        MarkAsync(target, new() { [CollectionMarks.MigrationKey] = record.ToJson() }, cancellationToken);

    private Task MarkAsync(Generation generation, JsonObject marks, CancellationToken cancellationToken) =>
        work.Client.UpdateCollectionAsync(generation.PhysicalName, new() { Metadata = marks }, cancellationToken);
}
