using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;

namespace LlmOperator.Planning.Admission;

/// <summary>Decides whether a spec of an index may be stored.</summary>
public static class RagIndexAdmission
{
    private const string Field = "spec.embedding.endpointRef.name";

    /// <summary>Reviews a new or changed index.</summary>
    /// <param name="index">As it would be.</param>
    /// <param name="before">As it is; null when it is new.</param>
    /// <param name="facts">What is known beside it.</param>
    public static AdmissionDecision Review(RagIndex index, RagIndex? before, AdmissionFacts facts)
    {
        if (index.Spec is not { } spec)
        {
            return new([FieldError.Required("spec", "a RagIndex says in its spec which collections are wanted")], []);
        }

        if (spec.Embedding?.EndpointRef is not { Name: var name })
        {
            return AdmissionDecision.Allowed;
        }

        if (ReferenceRules.WrongTask(Field, name, ModelTask.Embed, facts) is { } wrong)
        {
            return before?.Spec?.Embedding?.EndpointRef?.Name == name ? new([], [wrong]) : new([FieldError.Invalid(Field, $"\"{name}\"", wrong)], []);
        }

        // What was so already, by a change elsewhere, must not keep people from changing something else.
        if (RagRules.WrongModel(spec.Embedding, facts) is { } other)
        {
            return before?.Spec?.Embedding == spec.Embedding ? new([], [other]) : new([FieldError.Invalid(Field, $"\"{name}\"", other)], []);
        }

        return new([], [.. new[] { ReferenceRules.Missing(Field, name, facts), RagRules.WrongSize(spec.Embedding, facts) }.OfType<string>()]);
    }
}
