using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Models;

/// <summary>The conditions that tell of a model's registry. Between two questions to it they stay as they are.</summary>
internal static class RegistryConditions
{
    /// <summary>Sets RegistryReachable and UpdateAvailable; answers what is wrong with the registry, as of the last time it was asked.</summary>
    /// <param name="conditions">Where they are set.</param>
    /// <param name="model">The model as it was.</param>
    /// <param name="outcome">What came of asking the registry; null when it was not asked.</param>
    /// <param name="isTaken">Whether the model is held at what was found from now on.</param>
    public static RegistryProblem? Set(ConditionSet conditions, LlmModel model, RegistryOutcome? outcome, bool isTaken)
    {
        if (outcome is null)
        {
            return Keep(conditions, model);
        }

        var problem = outcome.Problem;
        if (problem is not null)
        {
            // Of a model that was never ready, Ready tells it.
            conditions.Set(ConditionTypes.RegistryReachable, ConditionStatus.False, problem.Reason, problem.Message, announce: conditions.WasReady);
        }
        else
        {
            conditions.Set(
                ConditionTypes.RegistryReachable,
                ConditionStatus.True,
                RegistryReasons.Resolved,
                $"{ModelSources.Address(model.Spec!.Source)} can be read");
        }

        Update(conditions, model, outcome, isTaken);
        return problem;
    }

    private static void Update(ConditionSet conditions, LlmModel model, RegistryOutcome outcome, bool isTaken)
    {
        if (!ModelPin.IsOfSpec(model) || (isTaken && !outcome.IsOfPin))
        {
            return;
        }

        if (outcome.Revision is null || outcome.IsOfPin)
        {
            conditions.Keep(ConditionTypes.UpdateAvailable);
        }
        else if (outcome.Revision != model.Status!.ResolvedRevision)
        {
            conditions.Set(
                ConditionTypes.UpdateAvailable,
                ConditionStatus.True,
                "RevisionMoved",
                $"{ModelSources.Revision(model.Spec!.Source) ?? ModelSources.Address(model.Spec.Source)} is now {outcome.Revision}, and the model stays at {model.Status.ResolvedRevision}: to take the update, set the annotation {ApiGroup.RefreshAnnotation} to a new value"
                    + (model.Spec.Source.HuggingFace is null ? "" : ", or name the commit in spec.source.huggingFace.revision"),
                announce: true);
        }
    }

    private static RegistryProblem? Keep(ConditionSet conditions, LlmModel model)
    {
        var reachable = conditions.Keep(ConditionTypes.RegistryReachable);
        if (ModelPin.IsOfSpec(model))
        {
            conditions.Keep(ConditionTypes.UpdateAvailable);
        }

        return reachable is { Status: ConditionStatus.False, Reason: { } reason } ? new(reason, reachable.Message ?? reason) : null;
    }
}
