using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Models;

namespace LlmOperator.Planning.Admission;

/// <summary>Decides whether a spec of a model may be stored, and says what a change does to the endpoints that serve it.</summary>
public static class ModelAdmission
{
    /// <summary>Reviews a new or changed model.</summary>
    /// <param name="model">As it would be.</param>
    /// <param name="before">As it is; null when it is new.</param>
    /// <param name="facts">What is known beside it.</param>
    public static AdmissionDecision Review(LlmModel model, LlmModel? before, AdmissionFacts facts)
    {
        if (model.Spec is null)
        {
            return new([FieldError.Required("spec", "an LlmModel says in its spec where the model lies")], []);
        }

        var problems = ModelRules.Check(model, facts.LicensePolicy).ToList();
        var known = before?.Spec is null ? [] : ModelRules.Check(before, facts.LicensePolicy).ToHashSet();
        var errors = problems.Where(problem => !known.Contains(problem)).ToList();
        var warnings = problems.Where(known.Contains).Select(problem => problem.ToString()).ToList();
        if (errors.Count == 0)
        {
            if (facts.LicensePolicy == LicensePolicy.Warn && LicenceRules.IsKnownToBeMissing(model))
            {
                warnings.Add(LicenceRules.Missing(model));
            }

            warnings.AddRange(BrokenEndpoints(model, before, facts));
        }

        return new(errors, warnings);
    }

    /// <summary>Reviews the deletion of a model, which is never refused: it waits while the model is used.</summary>
    public static AdmissionDecision ReviewDeletion(LlmModel model, AdmissionFacts facts)
    {
        var users = Users(model, facts).Select(endpoint => endpoint.Metadata.Name!).Order(StringComparer.Ordinal).ToList();
        return users.Count == 0 ? AdmissionDecision.Allowed : new([], [ModelPlanner.DeletionWaits(users)]);
    }

    private static IEnumerable<Api.Endpoints.LlmEndpoint> Users(LlmModel model, AdmissionFacts facts) =>
        facts.UsersOf(model.Metadata.Name ?? "").Where(endpoint => endpoint is { Spec: not null, Metadata.DeletionTimestamp: null });

    /// <summary>A change of a model may be right although endpoints no longer follow the rules with it; their owners find it in the condition, whoever makes the change is told at once.</summary>
    private static IEnumerable<string> BrokenEndpoints(LlmModel model, LlmModel? before, AdmissionFacts facts) => Users(model, facts)
        .SelectMany(endpoint => Messages(endpoint, model, facts).Except(Messages(endpoint, before, facts)).Select(message => (endpoint.Metadata.Name, Message: message)))
        .GroupBy(broken => broken.Message, broken => broken.Name!)
        .Select(broken => $"LlmEndpoint {ModelPlanner.Shortened([.. broken.Order(StringComparer.Ordinal)])} cannot be followed with it: {broken.Key}");

    private static IEnumerable<string> Messages(Api.Endpoints.LlmEndpoint endpoint, LlmModel? model, AdmissionFacts facts) =>
        EndpointAdmission.Problems(endpoint, model, facts).Select(problem => problem.Message);
}

/// <summary>The rules of a model that the schema does not hold.</summary>
internal static class ModelRules
{
    /// <summary>All rules that are broken.</summary>
    public static IEnumerable<FieldError> Check(LlmModel model, LicensePolicy licenses)
    {
        if (LicenceRules.AdaptersForbidden(model) is { } forbidden)
        {
            yield return FieldError.Forbidden("spec.adapters", forbidden);
        }

        // A registry says the licence of what is in it; of anything else only the spec does.
        if (licenses == LicensePolicy.Refuse && model.Spec!.Source.HuggingFace is null && LicenceRules.IsKnownToBeMissing(model))
        {
            yield return FieldError.Required("spec.card.license", LicenceRules.Missing(model));
        }

        if (model.Spec!.Cache?.Size is { Sign: <= 0 } none)
        {
            yield return FieldError.Invalid("spec.cache.size", $"\"{none}\"", "cache.size must be more than nothing: set it to at least twice the size of the weights, or leave it out");
        }

        if (model.Spec.Parameters is { Value: <= 0 })
        {
            yield return FieldError.Invalid("spec.parameters", "0", "a model has parameters: set their number, for example 8B, or leave it out where the registry says it");
        }

        if (model.Spec.Architecture is { AttentionHeads: { } heads, KeyValueHeads: > 0 and var groups } && heads % groups != 0)
        {
            yield return FieldError.Invalid(
                "spec.architecture.keyValueHeads", $"{groups}", $"the {heads} attention heads of architecture.attentionHeads cannot be dealt out over {groups} key-value heads: correct one of them");
        }

        foreach (var wrong in SourceRules.Check(model.Spec))
        {
            yield return wrong;
        }

        foreach (var (field, path) in Paths(model.Spec))
        {
            if (path.StartsWith('/') || path.Split('/').Contains(".."))
            {
                yield return FieldError.Invalid(field, $"\"{path}\"", "a path on a volume neither starts with a slash nor leads out of it: give it from the root of the volume, without ..");
            }
        }

        foreach (var (adapter, index) in (model.Spec!.Adapters ?? []).Select((adapter, index) => (adapter, index)))
        {
            if (adapter.Rank is { } rank && model.Spec.Architecture?.HiddenSize is { } width && rank > width)
            {
                yield return FieldError.Invalid(
                    $"spec.adapters[{index}].rank", $"{rank}", $"the rank of adapter {adapter.Name} exceeds architecture.hiddenSize {width}, the width of what it adapts: correct one of them");
            }

            if (adapter.Name == model.Metadata.Name)
            {
                yield return FieldError.Invalid($"spec.adapters[{index}].name", $"\"{adapter.Name}\"", $"adapter {adapter.Name} has the name of the model, so that no request could tell them apart: rename it");
            }
        }
    }

    private static IEnumerable<(string Field, string Path)> Paths(LlmModelSpec spec)
    {
        if (spec.Source.Pvc?.Path is { } path)
        {
            yield return ("spec.source.pvc.path", path);
        }

        foreach (var (adapter, index) in (spec.Adapters ?? []).Select((adapter, index) => (adapter, index)))
        {
            if (adapter.Source.Pvc?.Path is { } folder)
            {
                yield return ($"spec.adapters[{index}].source.pvc.path", folder);
            }
        }
    }
}
