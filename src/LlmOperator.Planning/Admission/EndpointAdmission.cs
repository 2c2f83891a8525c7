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

        var model = ModelOf(endpoint, facts);
        var problems = Problems(endpoint, model, facts);

        // What was broken already, by a change elsewhere, must not keep people from changing something else.
        var known = before?.Spec is null ? [] : Problems(before, ModelOf(before, facts), facts).Select(problem => problem.Message).ToHashSet();
        var errors = problems.Where(problem => !known.Contains(problem.Message)).Select(problem => ProblemFields.ErrorOf(problem, spec)).ToList();
        return errors.Count > 0
            ? new(errors, [])
            : new([], [.. problems.Select(problem => problem.Message).Concat(Warnings(endpoint, spec, model, facts)).Distinct()]);
    }

    /// <summary>The objects an endpoint leads to once its model is ready, to be tried at the API server; none where the spec cannot be followed, which is told otherwise.</summary>
    /// <param name="endpoint">As it would be.</param>
    /// <param name="facts">What is known beside it.</param>
    public static EndpointPlan? Objects(LlmEndpoint endpoint, AdmissionFacts facts)
    {
        var model = ModelOf(endpoint, facts) ?? StandIn(endpoint);
        return SpecCheck.Settle(Observation(endpoint, model, facts), model).Settings is { } settings ? EndpointPlanner.Objects(settings) : null;
    }

    /// <summary>All that admission refuses of an endpoint with a model as given.</summary>
    internal static List<SpecProblem> Problems(LlmEndpoint endpoint, LlmModel? model, AdmissionFacts facts)
    {
        var settled = SpecCheck.Problems(Observation(endpoint, model ?? StandIn(endpoint), facts), model ?? StandIn(endpoint));
        return
        [
            .. EndpointRules.Check(endpoint, model, facts.LicensePolicy)
                .Concat(ReferenceRules.Check(endpoint.Spec!, facts))
                .Concat(settled.Where(problem => ProblemFields.IsRefused(problem, model is not null)))
                .DistinctBy(problem => problem.Message),
        ];
    }

    private static LlmModel? ModelOf(LlmEndpoint endpoint, AdmissionFacts facts) => facts.Model(endpoint.Spec!.ModelRef.Name) is { Spec: not null } model ? model : null;

    private static IEnumerable<string> Warnings(LlmEndpoint endpoint, LlmEndpointSpec spec, LlmModel? model, AdmissionFacts facts)
    {
        if (model is null)
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

            // Whoever applies it need not go and look at the conditions for what is known now.
            var observation = Observation(endpoint, model, facts);
            if (SpecCheck.Settle(observation, model).Problem is { } problem)
            {
                yield return problem.Message;
            }

            foreach (var condition in EndpointPlanner.Plan(observation).Status.Conditions?.Where(condition => condition is { Status: ConditionStatus.False, Message: not null }) ?? [])
            {
                if (condition.Type == ConditionTypes.Fits || (condition is { Type: ConditionTypes.Scheduled, Reason: "NoMatchingNodes" } && observation.Nodes.Count > 0))
                {
                    yield return condition.Message!;
                }
            }
        }

        if (SpecCheck.Ignored(spec, facts.DataPath) is { } ignored)
        {
            yield return ignored;
        }

        foreach (var missing in ReferenceRules.Missing(spec, facts).Concat(RagRules.Warnings(spec, facts)))
        {
            yield return missing;
        }
    }

    /// <summary>A model as plain as any the engine serves, where there is none: what is then in the way is the endpoint's own.</summary>
    private static LlmModel StandIn(LlmEndpoint endpoint) => new()
    {
        Metadata = new() { Name = endpoint.Spec!.ModelRef.Name, Namespace = endpoint.Metadata.Namespace },
        Spec = new()
        {
            Source = new() { HuggingFace = new() { Repo = "any/model" } },
            Task = endpoint.Spec.Engine?.Type == EngineType.Tei ? ModelTask.Embed : ModelTask.Generate,
            Quantization = endpoint.Spec.Engine?.Type == EngineType.LlamaCpp ? Quantizations.Gguf : Quantizations.None,
        },
    };

    private static EndpointObservation Observation(LlmEndpoint endpoint, LlmModel model, AdmissionFacts facts) => new()
    {
        // A new endpoint has neither; objects are made of both.
        Endpoint = endpoint with { Metadata = endpoint.Metadata with { Uid = endpoint.Metadata.Uid ?? "new", Name = endpoint.Metadata.Name ?? endpoint.Metadata.GenerateName ?? "new" } },
        Model = model,
        Nodes = facts.Nodes(),
        HasLeaderWorkerSets = facts.HasLeaderWorkerSets,
        Catalogue = facts.Catalogue,
        LicensePolicy = facts.LicensePolicy,
        DataPath = facts.DataPath,
        Now = facts.Now,
    };
}
