using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>Whether the endpoint an index names can make its vectors.</summary>
internal static class EmbeddingCheck
{
    /// <summary>What is wrong; null when nothing is known to be.</summary>
    /// <param name="embedding">What the index asks for.</param>
    /// <param name="endpoint">The endpoint of the name; null when there is none.</param>
    /// <param name="model">Its model; null when there is none.</param>
    public static SpecProblemText? Problem(EmbeddingSpec embedding, LlmEndpoint? endpoint, LlmModel? model)
    {
        const string Field = "spec.embedding.endpointRef.name";
        if (embedding.EndpointRef is not { Name: var name })
        {
            return null;
        }

        if (endpoint is null)
        {
            return new("EndpointNotFound", $"{Field}: there is no LlmEndpoint {name} in this namespace: create it, or name another");
        }

        if (model?.Spec is { } spec && spec.Task != ModelTask.Embed)
        {
            return new("WrongTask", $"{Field}: LlmEndpoint {name} serves LlmModel {model.Metadata.Name} with task {spec.Task}, and one with task {ModelTask.Embed} is needed here: name another endpoint");
        }

        return WrongSize(embedding, model);
    }

    /// <summary>Words for a model whose vectors are known to have another length; null when they are not.</summary>
    public static SpecProblemText? WrongSize(EmbeddingSpec embedding, LlmModel? model) =>
        (model?.Spec?.Architecture?.HiddenSize ?? model?.Status?.Registry?.Architecture?.HiddenSize) is { } size && size != embedding.Size
            ? new("SizeMismatch", $"spec.embedding.size is {embedding.Size}, and LlmModel {model!.Metadata.Name} makes vectors of {size} numbers: set spec.embedding.size, and the size of the collections' vectors, to {size}, or name an endpoint with another model")
            : null;
}
