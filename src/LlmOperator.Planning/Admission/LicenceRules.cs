using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Admission;

/// <summary>What a model's licence allows.</summary>
internal static class LicenceRules
{
    /// <summary>What an endpoint does with its model and the licence does not allow.</summary>
    public static IEnumerable<SpecProblem?> Check(LlmEndpointSpec spec, LlmModel model, LicensePolicy policy) =>
    [
        Forbidden(spec, model),
        policy == LicensePolicy.Refuse && IsKnownToBeMissing(model) ? new("LicenceMissing", Missing(model)) { Field = "spec.modelRef.name", Value = $"\"{model.Metadata.Name}\"" } : null,
        AdaptersForbidden(model) is { } adapters ? adapters with { Message = $"LlmModel {model.Metadata.Name}: {adapters.Message}", Field = "spec.modelRef.name", Value = $"\"{model.Metadata.Name}\"" } : null,
    ];

    /// <summary>Adapters of a model that must not be adapted.</summary>
    public static SpecProblem? AdaptersForbidden(LlmModel model) => model.Spec is { Adapters.Count: > 0, Card.Adaptable: false }
        ? new("LicenceForbidsAdapters", "spec.adapters are derived models, which the licence does not allow (spec.card.adaptable is false): remove spec.adapters, or serve a model that may be adapted")
        {
            Field = "spec.adapters",
        }
        : null;

    /// <summary>Whether a model has no licence, as far as can be told now: what the registry says is known once it was asked.</summary>
    public static bool IsKnownToBeMissing(LlmModel model) =>
        model.Spec!.Card?.License is null && model.Status?.License is null && (model.Spec.Source.HuggingFace is null || model.Status?.ObservedGeneration is not null);

    /// <summary>Words for a missing licence.</summary>
    public static string Missing(LlmModel model) => $"nothing says under which licence LlmModel {model.Metadata.Name} may be used: set its spec.card.license";

    private static SpecProblem? Forbidden(LlmEndpointSpec spec, LlmModel model) => spec.Usage == "Commercial" && model.Spec!.Card?.CommercialUse == false
        ? new(
            "LicenceForbids",
            $"spec.usage is Commercial and the licence of LlmModel {model.Metadata.Name} does not allow that (spec.card.commercialUse is false): serve another model, or set spec.usage to NonCommercial")
        {
            Field = "spec.usage",
            Value = "\"Commercial\"",
        }
        : null;
}
