using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Admission;

/// <summary>Decides whether a spec of an endpoint may be stored.</summary>
public static class EndpointAdmission
{
    /// <summary>Reviews a new or changed endpoint.</summary>
    /// <param name="endpoint">As it would be.</param>
    /// <param name="before">As it is; null when it is new.</param>
    /// <param name="facts">What is known beside it.</param>
    public static AdmissionDecision Review(LlmEndpoint endpoint, LlmEndpoint? before, AdmissionFacts facts)
    {
        if (endpoint.Spec is not { } spec)
        {
            return new([FieldError.Required("spec", "an LlmEndpoint says in its spec what is to be served")], []);
        }

        var problems = Problems(endpoint, facts);

        // What was broken already, by a change elsewhere, must not keep people from changing something else.
        var known = before?.Spec is null ? [] : Problems(before, facts).ToHashSet();
        var errors = problems.Where(problem => !known.Contains(problem)).Select(problem => problem.ToFieldError()).ToList();
        var warnings = problems.Where(known.Contains).Select(problem => problem.Message).ToList();
        var model = facts.Model(spec.ModelRef.Name);
        if (errors.Count == 0)
        {
            warnings.AddRange(Warnings(endpoint, spec, model, facts, problems.Count > 0));
        }

        return new(errors, warnings);
    }

    /// <summary>All rules an endpoint breaks.</summary>
    internal static List<SpecProblem> Problems(LlmEndpoint endpoint, AdmissionFacts facts) => Problems(endpoint, facts.Model(endpoint.Spec!.ModelRef.Name), facts);

    /// <summary>All rules an endpoint breaks with a model as given.</summary>
    internal static List<SpecProblem> Problems(LlmEndpoint endpoint, LlmModel? model, AdmissionFacts facts) =>
        [.. EndpointRules.Check(endpoint, model, facts.Catalogue, facts.LicensePolicy), .. ReferenceRules.Check(endpoint.Spec!, facts)];

    private static IEnumerable<string> Warnings(LlmEndpoint endpoint, LlmEndpointSpec spec, LlmModel? model, AdmissionFacts facts, bool broken)
    {
        if (model?.Spec is null)
        {
            yield return $"there is no LlmModel {spec.ModelRef.Name} in this namespace yet: nothing runs until it is created";
        }
        else
        {
            if (model.Metadata.DeletionTimestamp is not null)
            {
                yield return $"LlmModel {spec.ModelRef.Name} is being deleted and waits for the endpoints that name it";
            }

            if (facts.LicensePolicy == LicensePolicy.Warn && LicenceRules.IsKnownToBeMissing(model))
            {
                yield return LicenceRules.Missing(model);
            }

            // What this version cannot do, or what may yet change, is for the condition; whoever applies it need not go and look.
            if (!broken && SpecCheck.Settle(Observation(endpoint, model, facts), model).Problem is { } problem)
            {
                yield return problem.Message;
            }
        }

        foreach (var missing in ReferenceRules.Missing(spec, facts))
        {
            yield return missing;
        }
    }

    private static EndpointObservation Observation(LlmEndpoint endpoint, LlmModel model, AdmissionFacts facts) => new()
    {
        Endpoint = endpoint,
        Model = model,
        Catalogue = facts.Catalogue,
        LicensePolicy = facts.LicensePolicy,
        Now = default,
    };
}
