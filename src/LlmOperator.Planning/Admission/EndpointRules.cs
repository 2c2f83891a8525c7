using System.Globalization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Admission;

/// <summary>
/// The rules of an endpoint and its model that hold whatever engine and accelerator there are and that the schema cannot hold. Admission refuses what breaks one, and the condition tells it where it comes to be
/// broken later.
/// </summary>
internal static class EndpointRules
{
    /// <summary>All rules that are broken.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="model">Its model; null when there is none yet, which breaks no rule: objects may be created in any order.</param>
    /// <param name="licenses">What is done about a model without a licence.</param>
    public static IEnumerable<SpecProblem> Check(LlmEndpoint endpoint, LlmModel? model, LicensePolicy licenses)
    {
        var spec = endpoint.Spec!;
        IEnumerable<SpecProblem?> ofModel = model?.Spec is { } modelSpec
            ? [.. LicenceRules.Check(spec, model, licenses), .. LimitRules.Check(spec, modelSpec, model.Metadata.Name!), AdapterNameTaken(endpoint, model)]
            : [];
        return ofModel.Append(RolloutImpossible(spec)).Concat(Shares(spec.Rollout)).Concat(ResourceRules.Check(spec.Engine)).Concat(TraceRules.Check(spec.PromptTrace)).OfType<SpecProblem>();
    }

    private static IEnumerable<SpecProblem?> Shares(RolloutSpec? rollout)
    {
        yield return Share(rollout?.MaxSurge, "spec.rollout.maxSurge", most: int.MaxValue);
        yield return Share(rollout?.MaxUnavailable, "spec.rollout.maxUnavailable", most: 100);
    }

    private static SpecProblem? Share(IntOrString? value, string field, int most)
    {
        if (value is not { } given || given is { Text: null, Number: >= 0 })
        {
            return null;
        }

        return given.Text is { } text && text.EndsWith('%') && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var percent) && percent <= most
            ? null
            : new("RolloutImpossible", $"{field} is neither a count of pods nor a share of them: set it to a number such as 1, or to a percentage such as 25%");
    }

    private static SpecProblem? RolloutImpossible(LlmEndpointSpec spec) => SpecCheck.IsZero(spec.Rollout?.MaxSurge) && SpecCheck.IsZero(spec.Rollout?.MaxUnavailable)
        ? new("RolloutImpossible", "with spec.rollout.maxSurge and spec.rollout.maxUnavailable both 0 no pod could ever be replaced: set one of them to 1")
        : null;

    /// <summary>Clients choose between an endpoint, its model and its adapters by name.</summary>
    private static SpecProblem? AdapterNameTaken(LlmEndpoint endpoint, LlmModel model) =>
        model.Spec!.Adapters?.FirstOrDefault(adapter => adapter.Name == endpoint.Metadata.Name) is { } taken
            ? new("AdapterNameTaken", $"adapter {taken.Name} of LlmModel {model.Metadata.Name} has the name of the endpoint, so that no request could tell them apart: rename the adapter or the endpoint")
            : null;
}
