using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes;

namespace LlmOperator.Planning.Admission;

/// <summary>Decides whether a spec of an index may be stored.</summary>
public static class RagIndexAdmission
{
    private const string EndpointField = "spec.embedding.endpointRef.name";
    private const string ScheduleField = "spec.snapshots.schedule";
    private const string SizeField = "spec.qdrant.managed.storage.size";

    private static readonly Quantity UsualSize = Quantity.Parse("10Gi");

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

        var errors = new List<FieldError>();
        var warnings = new List<string>();
        if (spec.Snapshots?.Schedule is { } schedule && CronSchedule.TryParse(schedule, out _) is { } unreadable)
        {
            errors.Add(FieldError.Invalid(ScheduleField, $"\"{schedule}\"", unreadable));
        }

        if (before?.Spec is { Qdrant.Managed: { } was } && spec.Qdrant.Managed is { } managed && (managed.Storage?.Size ?? UsualSize) is var size && (was.Storage?.Size ?? UsualSize) is var had && size < had)
        {
            errors.Add(FieldError.Invalid(SizeField, $"\"{size}\"", $"a volume cannot shrink, and those of this index have {had}: leave the size, or create a second RagIndex with smaller volumes and move the data"));
        }

        if (spec.Qdrant.External?.Tls?.InsecureSkipVerify == true)
        {
            warnings.Add("spec.qdrant.external.tls.insecureSkipVerify takes any certificate: whoever stands between reads and changes everything, the API key included");
        }

        Embedding(spec, before?.Spec, facts, errors, warnings);
        return errors.Count > 0 ? new(errors, []) : new([], warnings);
    }

    private static void Embedding(RagIndexSpec spec, RagIndexSpec? before, AdmissionFacts facts, List<FieldError> errors, List<string> warnings)
    {
        if (spec.Embedding is not { EndpointRef.Name: var name } embedding)
        {
            return;
        }

        // What was broken already, by a change elsewhere, must not keep people from changing something else.
        var isKnown = before?.Embedding?.EndpointRef?.Name == name;
        if (ReferenceRules.WrongTask(EndpointField, name, ModelTask.Embed, facts) is { } wrong)
        {
            if (isKnown)
            {
                warnings.Add(wrong);
            }
            else
            {
                errors.Add(FieldError.Invalid(EndpointField, $"\"{name}\"", wrong));
            }
        }
        else if (RagRules.WrongModel(embedding, facts) is { } other)
        {
            if (before?.Embedding == embedding)
            {
                warnings.Add(other);
            }
            else
            {
                errors.Add(FieldError.Invalid(EndpointField, $"\"{name}\"", other));
            }
        }
        else if (facts.Endpoint(name)?.Spec is { } endpoint && EmbeddingCheck.WrongSize(embedding, facts.Model(endpoint.ModelRef.Name)) is { } size)
        {
            if (isKnown && before?.Embedding?.Size == embedding.Size)
            {
                warnings.Add(size.Message);
            }
            else
            {
                errors.Add(FieldError.Invalid("spec.embedding.size", $"{embedding.Size}", size.Message));
            }
        }
        else if (ReferenceRules.Missing(EndpointField, name, facts) is { } missing)
        {
            warnings.Add(missing);
        }
    }
}
