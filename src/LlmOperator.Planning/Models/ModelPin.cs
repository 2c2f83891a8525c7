using LlmOperator.Api;
using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>The revision a model is held at, as its status keeps it.</summary>
public static class ModelPin
{
    // The schema's bound on status.registry.refresh.
    private const int LongestRefresh = 256;

    /// <summary>What was read of the model's present source; null when nothing was.</summary>
    public static RegistryFacts? Facts(LlmModel model) =>
        model.Status?.Registry is { } facts && facts.Source == ModelSources.Address(model.Spec!.Source) ? facts : null;

    /// <summary>Whether the pinned revision was resolved from what the spec names.</summary>
    public static bool IsOfSpec(LlmModel model) =>
        Facts(model) is not null && model.Status!.ResolvedFrom == ModelSources.Revision(model.Spec!.Source);

    /// <summary>Whether the pin stays: it is of what the spec names, and nobody asks for a new one.</summary>
    public static bool Holds(LlmModel model) =>
        IsOfSpec(model) && (Refresh(model) is not { } asked || asked == model.Status!.Registry!.Refresh);

    /// <summary>The value of the annotation that asks for the revision to be resolved anew; null when nobody does.</summary>
    public static string? Refresh(LlmModel model)
    {
        if (model.Metadata.Annotations is not { } annotations || !annotations.TryGetValue(ApiGroup.RefreshAnnotation, out var value) || value.Length == 0)
        {
            return null;
        }

        // Half a character would come back from the server as another one.
        return value.Length <= LongestRefresh ? value : value[..(LongestRefresh - (char.IsHighSurrogate(value[LongestRefresh - 1]) ? 1 : 0))];
    }
}
