using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Controllers.RagIndexes.Embedding;

/// <summary>
/// Whether an endpoint makes vectors of a model and of no other. It is asked by its Service, behind which nobody can choose: while it may lead to a pod of another model, vectors of one would be taken for vectors
/// of the other.
/// </summary>
internal static class EmbedderCheck
{
    /// <summary>Why no vectors of the model can be made at present; null when they can.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="pods">Its pods. One that is stopping counts: it answers until it has stopped.</param>
    /// <param name="wanted">The model.</param>
    public static string? WhyNot(LlmEndpoint endpoint, IEnumerable<Pod> pods, string wanted)
    {
        var served = (endpoint.Status?.Revisions ?? []).ToDictionary(static one => one.Revision, StringComparer.Ordinal);
        var target = endpoint.Status?.TargetRevision is { } revision ? served.GetValueOrDefault(revision) : null;
        foreach (var pod in pods.Where(static pod => pod.Status?.Phase is not ("Succeeded" or "Failed")))
        {
            if (pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.RevisionLabel) is not { } label)
            {
                continue;
            }

            if (served.GetValueOrDefault(label) is not { } its)
            {
                return $"LlmEndpoint {endpoint.Metadata.Name} has pod {pod.Metadata.Name} of the former revision {label}: vectors are made when it has stopped";
            }

            // Of a model that does not lie on Hugging Face only the name can be compared.
            if (its.Repository is { } repository ? !EmbeddingModels.AreSame(repository, wanted) : target is not null && its.Model.Name != target.Model.Name)
            {
                return $"LlmEndpoint {endpoint.Metadata.Name} has pod {pod.Metadata.Name}, which serves {its.Repository ?? its.Model.Name} and not {wanted}: vectors are made when all its pods serve that";
            }
        }

        return null;
    }
}
