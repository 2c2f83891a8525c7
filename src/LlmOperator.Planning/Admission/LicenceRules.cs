using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Admission;

/// <summary>What a model's licence allows.</summary>
internal static class LicenceRules
{
    /// <summary>Reason of adapters that must not be.</summary>
    public const string ForbidsAdapters = "LicenceForbidsAdapters";

    /// <summary>What an endpoint does with its model and the licence does not allow.</summary>
    public static IEnumerable<SpecProblem?> Check(LlmEndpointSpec spec, LlmModel model, LicensePolicy policy) =>
    [
        spec.Usage == "Commercial" && model.Spec!.Card?.CommercialUse == false
            ? new(
                "LicenceForbids",
                $"spec.usage is Commercial and the licence of LlmModel {model.Metadata.Name} does not allow that (spec.card.commercialUse is false): serve another model, or set spec.usage to NonCommercial")
            : null,
        policy == LicensePolicy.Refuse && IsKnownToBeMissing(model) ? new("LicenceMissing", Missing(model)) : null,
        AdaptersForbidden(model) is { } forbidden ? new(ForbidsAdapters, $"LlmModel {model.Metadata.Name}: {forbidden}") : null,
    ];

    /// <summary>Words for adapters of a model that must not be adapted; null where there are none.</summary>
    public static string? AdaptersForbidden(LlmModel model) => model.Spec is { Adapters.Count: > 0, Card.Adaptable: false }
        ? "spec.adapters are derived models, which the licence does not allow (spec.card.adaptable is false): remove spec.adapters, or serve a model that may be adapted"
        : null;

    /// <summary>Whether a model has no licence, as far as can be told now: what the registry says is known once it was asked.</summary>
    public static bool IsKnownToBeMissing(LlmModel model) =>
        model.Spec!.Card?.License is null && model.Status?.License is null && (model.Spec.Source.HuggingFace is null || model.Status?.ObservedGeneration is not null);

    /// <summary>Words for a missing licence.</summary>
    public static string Missing(LlmModel model) => $"nothing says under which licence LlmModel {model.Metadata.Name} may be used: set its spec.card.license";
}
