using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes.Embedding;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Collections;
using Microsoft.Extensions.Logging;
using CollectionStatus = LlmOperator.Api.RagIndexes.CollectionStatus;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>
/// Makes the collections of an index as its spec says: looks, lets <see cref="CollectionPlanner"/> decide, does that one step, and looks again, until nothing is to be done or a slice of work is done.
/// In steady state that is two reads and one for each generation, and no write.
/// </summary>
internal sealed partial class CollectionKeeper(TimeProvider clock, ILogger<CollectionKeeper> logger) : ICollectionKeeper
{
    // More steps than any path from one state to rest has; one that has more goes round in circles.
    private const int MostSteps = 16;

    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public async Task<KeepResult> KeepAsync(KeepRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var names = await request.Client.ListCollectionsAsync(cancellationToken).ConfigureAwait(false);
        var aliases = await request.Client.ListAliasesAsync(null, cancellationToken).ConfigureAwait(false);
        var work = new KeepWork(request, clock);
        foreach (var spec in request.Collections)
        {
            await KeepOneAsync(work, spec, names, aliases, cancellationToken).ConfigureAwait(false);
        }

        foreach (var happened in work.Events)
        {
            LogEvent(request.Owner.Namespace, request.Owner.Name, happened.Reason, happened.Message);
        }

        return new(work.Statuses, work.Issues, work.Events, work.LookAgainAfter);
    }

    /// <inheritdoc/>
    public Task<RemoveResult> RemoveAsync(RemoveRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new CollectionRemoval(request, clock).RemoveAsync(cancellationToken);
    }

    private static async Task KeepOneAsync(KeepWork work, CollectionSpec spec, IReadOnlyList<string> names, IReadOnlyList<AliasDescription> aliases, CancellationToken cancellationToken)
    {
        ObservedCollection? observed = null;
        CollectionIssue? issue = null;
        try
        {
            observed = await ObserveAsync(work.Client, spec.Name, names, aliases, cancellationToken).ConfigureAwait(false);
            for (var step = 0; ; step++)
            {
                var outcome = await new StepWork(work, spec, observed).DoAsync(cancellationToken).ConfigureAwait(false);
                issue = outcome.Issue;
                if (outcome.Changed)
                {
                    names = await work.Client.ListCollectionsAsync(cancellationToken).ConfigureAwait(false);
                    aliases = await work.Client.ListAliasesAsync(null, cancellationToken).ConfigureAwait(false);
                    observed = await ObserveAsync(work.Client, spec.Name, names, aliases, cancellationToken).ConfigureAwait(false);
                }

                if (!outcome.GoOn)
                {
                    break;
                }

                if (step == MostSteps)
                {
                    work.LookAgain(TimeSpan.FromSeconds(1));
                    break;
                }
            }
        }
        catch (QdrantException fault) when (fault.Kind is not (QdrantErrorKind.Unreachable or QdrantErrorKind.Unauthorized))
        {
            issue = new(spec.Name, CollectionIssueKind.Failed, CollectionReasons.QdrantFailed, $"collection {spec.Name}: {fault.Message}");
            work.LookAgain(fault.RetryAfter ?? AfterFault);
        }
        catch (EmbeddingException fault)
        {
            issue = new(spec.Name, CollectionIssueKind.Waiting, CollectionReasons.EmbeddingFailed, $"collection {spec.Name}: vectors cannot be made anew for the new generation: {fault.Message}");
            work.LookAgain(AfterFault);
        }

        work.Report(spec.Name, observed, issue);
    }

    private static async Task<ObservedCollection> ObserveAsync(
        IQdrantClient client, string name, IReadOnlyList<string> names, IReadOnlyList<AliasDescription> aliases, CancellationToken cancellationToken)
    {
        var generations = new List<Generation>();
        foreach (var physical in names)
        {
            if (CollectionNames.TryParse(physical, out var logical, out var number) && logical == name
                && await client.GetCollectionAsync(physical, cancellationToken).ConfigureAwait(false) is { } info)
            {
                generations.Add(new(number, physical, info));
            }
        }

        generations.Sort((a, b) => a.Number.CompareTo(b.Number));
        return new()
        {
            NameIsCollection = names.Contains(name),
            AliasTarget = aliases.FirstOrDefault(alias => alias.AliasName == name)?.CollectionName,
            Generations = generations,
        };
    }

    [LoggerMessage(1, LogLevel.Information, "{Namespace}/{Name}: {Reason}: {Message}")]
    private partial void LogEvent(string @namespace, string name, string reason, string message);
}

/// <summary>What one call of <see cref="CollectionKeeper.KeepAsync"/> gathers.</summary>
internal sealed class KeepWork(KeepRequest request, TimeProvider clock)
{
    public IQdrantClient Client => request.Client;

    public KeepRequest Request => request;

    public TimeProvider Clock => clock;

    public MigrationSpec Migration { get; } = request.Migration ?? new();

    public List<CollectionStatus> Statuses { get; } = [];

    public List<CollectionIssue> Issues { get; } = [];

    public List<CollectionEvent> Events { get; } = [];

    public TimeSpan? LookAgainAfter { get; private set; }

    public void LookAgain(TimeSpan after)
    {
        if (LookAgainAfter is not { } earlier || after < earlier)
        {
            LookAgainAfter = after < TimeSpan.Zero ? TimeSpan.Zero : after;
        }
    }

    public void Tell(bool isWarning, string reason, string message) => Events.Add(new(isWarning, reason, message));

    public void Report(string name, ObservedCollection? observed, CollectionIssue? issue)
    {
        var now = clock.GetUtcNow();
        var status = CollectionStatuses.Of(name, request.Owner, observed ?? new(), Migration, issue, now);
        if (observed is null)
        {
            status = (request.Previous?.FirstOrDefault(before => before.Name == name) ?? status) with { State = CollectionStatuses.Unknown, Reason = status.Reason, Message = status.Message };
        }

        Statuses.Add(status);
        if (issue is not null)
        {
            Issues.Add(issue);
        }

        if (status.Previous?.KeptUntil is { } until)
        {
            LookAgain(until - now);
        }
    }
}
