using System.Collections.Concurrent;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Models;

/// <summary>What a look at the registries of a model's adapters came to.</summary>
/// <param name="Adapters">What was learnt; null when nothing was asked.</param>
/// <param name="Next">When to look again; null for only when something changes.</param>
internal readonly record struct AdapterLook(AdapterOutcome? Adapters, TimeSpan? Next);

/// <summary>
/// Asks the registries of a model's adapters once for each, and after growing delays while something is wrong. Adapters stay at what was found until the spec names something else or the annotation that asks for
/// an update changes: they are looked at together with the weights, and never by themselves.
/// </summary>
internal sealed class AdapterLookups(IModelRegistry registry, CredentialReader credentials, TimeProvider time)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<ObjectKey, State> _states = new();

    /// <summary>Looks at the adapters that are not held at what the spec names, when it is time to.</summary>
    public async Task<AdapterLook> LookAsync(ObjectKey key, LlmModel model, CancellationToken cancellationToken)
    {
        var missing = (model.Spec!.Adapters ?? []).Where(adapter => AdapterPlanner.Pinned(model, adapter) is null).ToList();
        if (missing.Count == 0 || model.Spec.Card?.Adaptable == false)
        {
            Forget(key);
            return default;
        }

        var asks = (model.Metadata.Uid, model.Metadata.Generation, ModelPin.Refresh(model));
        var state = _states.AddOrUpdate(key, _ => new() { Asks = asks }, (_, known) => known.Asks == asks ? known : new() { Asks = asks });
        var now = time.GetUtcNow();
        if (state.AskAt > now)
        {
            return new(state.Outcome, state.AskAt - now);
        }

        var found = new List<AdapterStatus>();
        var faults = new Dictionary<string, RegistryProblem>(StringComparer.Ordinal);
        TimeSpan? asked = null;
        foreach (var adapter in missing)
        {
            try
            {
                found.Add(await FindAsync(key, model, adapter, cancellationToken).ConfigureAwait(false));
            }
            catch (RegistryException fault)
            {
                faults[adapter.Name] = fault.Problem;
                asked = fault.RetryAfter > asked || asked is null ? fault.RetryAfter : asked;
            }
        }

        state.Outcome = new(found, faults);
        if (faults.Count == 0)
        {
            return new(state.Outcome, null);
        }

        var delay = TimeSpan.FromTicks(Math.Min(LongestRetry.Ticks, FirstRetry.Ticks << Math.Min(state.Failures++, 10)));
        state.AskAt = now + (asked > delay ? asked.Value : delay);
        return new(state.Outcome, state.AskAt - now);
    }

    public void Forget(ObjectKey key) => _states.TryRemove(key, out _);

    private async Task<AdapterStatus> FindAsync(ObjectKey key, LlmModel model, ModelAdapter adapter, CancellationToken cancellationToken)
    {
        var wanted = ModelSources.Revision(adapter.Source);
        var shown = await credentials.ReadAsync(key.Namespace, adapter.Source, cancellationToken).ConfigureAwait(false);
        var reading = await registry.ReadAsync(new(adapter.Source, wanted, shown) { Namespace = key.Namespace, FactsWanted = false, IsAdapter = true }, cancellationToken).ConfigureAwait(false);
        var files = AdapterConfig.FilesOf(reading.Files);
        return new()
        {
            Name = adapter.Name,
            Source = ModelSources.Address(adapter.Source),
            Revision = reading.Revision,
            ResolvedFrom = wanted,
            Rank = adapter.Rank ?? reading.Adapter?.Rank,
            Bytes = files.Count > 0 && files.All(file => file.Size is not null) ? files.Sum(file => file.Size!.Value) : null,
            Refresh = ModelPin.Refresh(model),
        };
    }

    private sealed class State
    {
        public required (string? Uid, long? Generation, string? Refresh) Asks { get; init; }

        public AdapterOutcome? Outcome { get; set; }

        public DateTimeOffset AskAt { get; set; }

        public int Failures { get; set; }
    }
}
