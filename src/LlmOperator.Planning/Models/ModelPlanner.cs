using System.Globalization;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Cache;

namespace LlmOperator.Planning.Models;

/// <summary>What is seen of a model and of its users.</summary>
/// <param name="Model">The model.</param>
/// <param name="Users">Names of the LlmEndpoints of the namespace that name it and are not themselves being deleted.</param>
/// <param name="Now">Present time.</param>
public sealed record ModelObservation(LlmModel Model, IReadOnlyList<string> Users, DateTimeOffset Now)
{
    /// <summary>What came of asking the registry; null when it was not asked this time.</summary>
    public RegistryOutcome? Outcome { get; init; }

    /// <summary>What came of asking for the adapters; null when nothing was asked.</summary>
    public AdapterOutcome? Adapters { get; init; }

    /// <summary>How the cache stands; null where the model has none, and while what it has to hold is being found out.</summary>
    public CachePlan? Cache { get; init; }
}

/// <summary>What follows for a model.</summary>
/// <param name="Status">The status to have.</param>
/// <param name="HoldDeletion">Whether the model must not go yet.</param>
/// <param name="Transitions">Changes worth an Event.</param>
public sealed record ModelPlan(LlmModelStatus Status, bool HoldDeletion, IReadOnlyList<ConditionTransition> Transitions)
{
    /// <summary>What a cache of the model has to hold; null while a revision is not resolved.</summary>
    public IReadOnlyList<CacheItem>? CacheItems { get; init; }
}

/// <summary>Decides what is the case of a model.</summary>
public static class ModelPlanner
{
    // The schema's bound on status.usedBy; a model with more users is as much in use.
    private const int MostUsersListed = 1000;

    /// <summary>Decides what is the case of a model.</summary>
    public static ModelPlan Plan(ModelObservation observed)
    {
        var model = observed.Model;
        var spec = model.Spec ?? throw new ArgumentException("a model without spec is refused by the schema", nameof(observed));
        var conditions = new ConditionSet(model.Status?.Conditions, model.Metadata.Generation, observed.Now);
        var held = Held(model, observed.Outcome);
        var facts = ModelFacts.Of(spec, held.Facts);
        var users = observed.Users.Order(StringComparer.Ordinal).ToList();
        var problem = RegistryConditions.Set(conditions, model, observed.Outcome, IsTaken(model, observed.Outcome));
        var (adapters, adaptersState) = AdapterPlanner.Plan(conditions, model, observed.Adapters);
        var cache = observed.Cache?.State is { } state ? conditions.Set(ConditionTypes.Cached, state.Status, state.Reason, state.Message, announce: true) : null;
        Ready(conditions, spec, facts, held, problem, observed.Cache?.Status?.Serving is null ? IsMissing(adaptersState) ? adaptersState : cache : null);

        var deleting = model.Metadata.DeletionTimestamp is not null;
        if (deleting && users.Count > 0)
        {
            conditions.Set(
                ConditionTypes.InUse,
                ConditionStatus.True,
                "EndpointsRefer",
                DeletionWaits(users),
                announce: true);
        }

        var status = Status(model, held, facts, users, conditions) with { Adapters = adapters, Cache = observed.Cache?.Status, CachedBytes = observed.Cache?.CachedBytes };
        return new(status, users.Count > 0, conditions.Transitions) { CacheItems = CacheItems(model, held, adapters) };
    }

    /// <summary>Whether adapters asked for cannot be had. Those the licence forbids are refused where they would be served, and take nothing from the model.</summary>
    private static bool IsMissing(Condition? adapters) => adapters is { Status: ConditionStatus.False, Reason: not LicenceRules.ForbidsAdapters };

    /// <summary>What a cache has to hold: weights and adapters at the revisions they are held at. A branch's name is none, as what it stands for changes.</summary>
    private static List<CacheItem>? CacheItems(LlmModel model, HeldRevision held, IReadOnlyList<AdapterStatus>? adapters)
    {
        var spec = model.Spec!;
        if (held.Facts is null || held.Revision is not { } revision || !held.IsOfSpec || (spec.Adapters?.Count ?? 0) != (adapters?.Count(adapter => adapter.Revision is not null) ?? 0))
        {
            return null;
        }

        return
        [
            new() { Source = spec.Source, Revision = revision, Bytes = held.Facts.WeightsBytes },
            .. (spec.Adapters ?? []).Select(adapter =>
            {
                var found = adapters!.First(found => found.Name == adapter.Name);
                return new CacheItem { Adapter = adapter.Name, Source = adapter.Source, Revision = found.Revision!, Bytes = found.Bytes };
            }),
        ];
    }

    /// <summary>What the model is held at: what was just read when that is to be taken, else what was read before, of whatever revision.</summary>
    private static HeldRevision Held(LlmModel model, RegistryOutcome? outcome)
    {
        var source = model.Spec!.Source;
        var wanted = ModelSources.Revision(source);
        if (IsTaken(model, outcome))
        {
            // A request to resolve anew is granted once; when the annotation goes, nothing is asked for.
            return new(outcome!.Revision, wanted, outcome.Facts! with { Source = ModelSources.Address(source), Refresh = ModelPin.Refresh(model) ?? ModelPin.Facts(model)?.Refresh }, IsOfSpec: true);
        }

        return ModelPin.Facts(model) is { } before
            ? new(model.Status!.ResolvedRevision, model.Status.ResolvedFrom, before, ModelPin.IsOfSpec(model))
            : new(wanted, null, null, IsOfSpec: false);
    }

    /// <summary>Whether the model is held at what was read from now on: nothing holds it elsewhere, or it is what holds it.</summary>
    private static bool IsTaken(LlmModel model, RegistryOutcome? outcome) =>
        outcome?.Facts is not null && (!ModelPin.Holds(model) || outcome.Revision == model.Status!.ResolvedRevision);

    private static void Ready(ConditionSet conditions, LlmModelSpec spec, ModelFacts facts, HeldRevision held, RegistryProblem? problem, Condition? missing)
    {
        // Endpoints load what is cached, so there is nothing to load before it is. What was cached before stays in use while the next revision is fetched.
        if (missing is { Status: not ConditionStatus.True } && facts.Parameters is not null)
        {
            conditions.Set(ConditionTypes.Ready, ConditionStatus.False, missing.Reason!, missing.Message!, announce: missing.Status == ConditionStatus.False);
            return;
        }

        // What was read before stays in use, whatever becomes of the registry. Without it, only where nothing was learnt of the model do the given facts stand alone.
        var stands = problem is null || held.IsOfSpec || RegistryReasons.SaysNothing(problem.Reason);
        if (stands && facts.Parameters is { } parameters)
        {
            conditions.Set(
                ConditionTypes.Ready,
                ConditionStatus.True,
                "FactsKnown",
                facts.WeightsBytes is { } bytes
                    ? string.Create(CultureInfo.InvariantCulture, $"{parameters} parameters at {facts.BitsPerWeight:0.##} bits take {bytes / 1048576:N0} MiB")
                    : $"{parameters} parameters; the size of the weights depends on the file, as quantization {spec.Quantization} does not say its bits",
                announce: true);
            return;
        }

        conditions.Set(
            ConditionTypes.Ready,
            ConditionStatus.False,
            problem?.Reason ?? "ParametersUnknown",
            problem?.Message
                ?? "the number of parameters is not known: set spec.parameters (for example 8B), or all of layers, hiddenSize, attentionHeads, intermediateSize and vocabularySize in spec.architecture",
            announce: true);
    }

    private static LlmModelStatus Status(LlmModel model, HeldRevision held, ModelFacts facts, List<string> users, ConditionSet conditions) => new()
    {
        ObservedGeneration = model.Metadata.Generation,
        Source = ModelSources.Address(model.Spec!.Source),
        ResolvedRevision = held.Revision,
        ResolvedFrom = held.From,
        Registry = held.Facts,
        Parameters = facts.Parameters?.ToString(),
        ParameterCount = facts.Parameters?.Value,
        Architecture = facts.Architecture,
        BitsPerWeight = facts.BitsPerWeight,
        WeightsBytes = facts.WeightsBytes,
        KvBytesPerToken = facts.KvBytesPerToken,
        ContextLength = facts.ContextLength,
        GivenFacts = facts.Given.Count > 0 ? facts.Given : null,
        License = facts.License,
        UsedBy = [.. users.Take(MostUsersListed)],
        Conditions = conditions.Conditions,
    };

    /// <summary>What a model is held at.</summary>
    /// <param name="Revision">Commit or digest; the name in the spec until it is resolved.</param>
    /// <param name="From">What it was resolved from.</param>
    /// <param name="Facts">What the registry says of it; null when nothing was read.</param>
    /// <param name="IsOfSpec">Whether it was resolved from what the spec names now.</param>
    private sealed record HeldRevision(string? Revision, string? From, RegistryFacts? Facts, bool IsOfSpec);

    /// <summary>Words for a deletion that waits.</summary>
    internal static string DeletionWaits(List<string> users) =>
        $"deletion waits for {users.Count} LlmEndpoint{(users.Count == 1 ? "" : "s")} that serve this model: {Shortened(users)}; delete them or change their spec.modelRef";

    /// <summary>Names, the first ten where they are more.</summary>
    internal static string Shortened(List<string> names) =>
        names.Count <= 10 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(10))} and {names.Count - 10} more";
}
