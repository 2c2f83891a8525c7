using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Admission;

namespace LlmOperator.Planning.Models;

/// <summary>What came of asking registries for a model's adapters.</summary>
/// <param name="Found">Adapters that were found now.</param>
/// <param name="Faults">What went wrong, by the adapter's name.</param>
public sealed record AdapterOutcome(IReadOnlyList<AdapterStatus> Found, IReadOnlyDictionary<string, RegistryProblem> Faults);

/// <summary>Decides what adapters a model has, and what is the case of them.</summary>
public static class AdapterPlanner
{
    /// <summary>What an adapter is held at: as it was found for what the spec names now; null when it has to be asked for.</summary>
    public static AdapterStatus? Pinned(LlmModel model, ModelAdapter adapter) =>
        model.Status?.Adapters?.FirstOrDefault(pinned => pinned.Name == adapter.Name) is { } known
        && known.Source == ModelSources.Address(adapter.Source)
        && known.ResolvedFrom == ModelSources.Revision(adapter.Source)
        && (ModelPin.Refresh(model) is not { } asked || asked == known.Refresh)
            ? known
            : null;

    /// <summary>Adapters of the status, and the condition that tells of them; nothing where the model has none.</summary>
    internal static (IReadOnlyList<AdapterStatus>? Adapters, Condition? State) Plan(ConditionSet conditions, LlmModel model, AdapterOutcome? outcome)
    {
        if (model.Spec!.Adapters is not { Count: > 0 } wanted)
        {
            return (null, null);
        }

        var adapters = wanted.Select(adapter => outcome?.Found.FirstOrDefault(found => found.Name == adapter.Name) ?? Pinned(model, adapter) ?? Former(model, adapter)).OfType<AdapterStatus>()
            .Select(found => wanted.First(adapter => adapter.Name == found.Name).Rank is { } given ? found with { Rank = given } : found)
            .ToList();
        return (adapters, State(conditions, model, wanted, adapters, outcome));
    }

    private static Condition State(ConditionSet conditions, LlmModel model, IReadOnlyList<ModelAdapter> wanted, List<AdapterStatus> adapters, AdapterOutcome? outcome)
    {
        const string Type = ConditionTypes.AdaptersReady;
        if (LicenceRules.AdaptersForbidden(model) is { } forbidden)
        {
            return conditions.Set(Type, ConditionStatus.False, LicenceRules.ForbidsAdapters, forbidden, announce: true);
        }

        if (outcome?.Faults is { Count: > 0 } faults)
        {
            var (name, problem) = faults.OrderBy(fault => fault.Key, StringComparer.Ordinal).First();
            var others = faults.Count > 1 ? $" (and {faults.Count - 1} more)" : "";
            return conditions.Set(Type, ConditionStatus.False, problem.Reason, $"adapter {name}{others}: {problem.Message}", announce: true);
        }

        if (adapters.Count < wanted.Count)
        {
            return conditions.Keep(Type) is { Status: ConditionStatus.False } before
                ? before
                : conditions.Set(Type, ConditionStatus.Unknown, "Resolving", $"{adapters.Count} of {wanted.Count} adapters are found");
        }

        return conditions.Set(Type, ConditionStatus.True, "AdaptersFound", $"{adapters.Count} adapter{(adapters.Count == 1 ? "" : "s")} found");
    }

    /// <summary>An adapter found before for the same source stays in use until the new revision is found.</summary>
    private static AdapterStatus? Former(LlmModel model, ModelAdapter adapter) =>
        model.Status?.Adapters?.FirstOrDefault(former => former.Name == adapter.Name && former.Source == ModelSources.Address(adapter.Source));
}
