using System.Text.Json;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Rag.Calling;

/// <summary>Makes vectors of texts.</summary>
internal interface IEmbedder
{
    /// <summary>Makes a vector of each text.</summary>
    /// <param name="index">The index they are for.</param>
    /// <param name="source">The model they must be of, and their size.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="trace">The span it is asked in.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StepException">There are no such vectors.</exception>
    Task<IReadOnlyList<float[]>> EmbedAsync(IndexFacts index, VectorSource source, IReadOnlyList<string> texts, TraceContext trace, CancellationToken cancellationToken);
}

/// <inheritdoc cref="IEmbedder"/>
/// <param name="cluster">The endpoints.</param>
/// <param name="indexes">Models.</param>
/// <param name="calls">Asks models.</param>
internal sealed class Embedder(ClusterView cluster, IndexView indexes, EndpointCalls calls) : IEmbedder
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<float[]>> EmbedAsync(IndexFacts index, VectorSource source, IReadOnlyList<string> texts, TraceContext trace, CancellationToken cancellationToken)
    {
        if (source.Endpoint is not { } name)
        {
            throw new StepException(StepException.NotConfigured, source == index.Source
                ? $"RagIndex {index.Name} has no spec.embedding.endpointRef"
                : $"RagIndex {index.Name} still serves vectors of {source.Model}, and no LlmEndpoint is known that makes them");
        }

        var endpoint = cluster.Find(name) ?? throw new StepException(StepException.NotConfigured, source == index.Source
            ? $"there is no LlmEndpoint {name}, which spec.embedding.endpointRef of RagIndex {index.Name} names"
            : $"there is no LlmEndpoint {name} any more, and RagIndex {index.Name} serves vectors of its model {source.Model} until the migration is over");
        var isFit = PodsOf(source, index, endpoint);
        var answer = await calls.AskAsync(endpoint, facts => new(IsTei(facts) ? "/embed" : "/v1/embeddings", Body(facts, texts)), trace, cancellationToken, isFit: isFit).ConfigureAwait(false);
        var vectors = JsonBody.Read(answer.Body, "the embeddings", root => IsTei(answer.Facts) ? [.. root.EnumerateArray().Select(Vector)] : InOrder(root, texts.Count));
        if (vectors.Length != texts.Count || Array.Exists(vectors, vector => vector is null))
        {
            throw new StepException(StepException.InvalidAnswer, $"LlmEndpoint {name} made {vectors.Length} vectors of {texts.Count} texts");
        }

        return source.Size is { } size && Array.Find(vectors, vector => vector.Length != size) is { } wrong
            ? throw new StepException(StepException.SizeMismatch, $"LlmEndpoint {name} makes vectors of size {wrong.Length}, and RagIndex {index.Name} holds vectors of size {size}: correct spec.embedding")
            : vectors;
    }

    /// <summary>
    /// The pods that make vectors of the model. While the endpoint changes its model, pods of both are ready, and vectors of one are nothing to an index of the other: a pod of which it is not known what it serves is not
    /// asked. Of a model that does not lie on Hugging Face only the size can be compared: it is asked where no pod is known to have the wanted one.
    /// </summary>
    /// <exception cref="StepException">None that is ready does.</exception>
    private Func<EndpointFacts, bool> PodsOf(VectorSource source, IndexFacts index, ServedEndpoint endpoint)
    {
        var pods = endpoint.FactsOfPods();
        if (pods.Any(pod => IsOf(source, pod) == true))
        {
            return pod => IsOf(source, pod) == true;
        }

        if (pods.Any(pod => IsOf(source, pod) is null))
        {
            return pod => IsOf(source, pod) is null;
        }

        var served = string.Join(" and ", pods.Select(pod => indexes.RepositoryOf(pod) ?? "a model that is not known").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        throw IsOf(source, endpoint.Facts) == true || pods.Any(pod => !pod.IsModelKnown)
            ? new StepException(StepException.Unavailable, $"no pod of LlmEndpoint {endpoint.Name} that is ready serves {source.Model}, of which RagIndex {index.Name} holds vectors: they serve {served}, until pods of {source.Model} are ready")
            : new StepException(StepException.ModelMismatch, $"LlmEndpoint {endpoint.Name} serves {served}, and RagIndex {index.Name} holds vectors of {source.Model}: correct spec.embedding, or keep an endpoint of that model until a migration is over");
    }

    /// <summary>Whether a pod is known to have the model; null where its model lies elsewhere than on Hugging Face.</summary>
    private bool? IsOf(VectorSource source, EndpointFacts pod) => !pod.IsModelKnown ? false : indexes.RepositoryOf(pod) is { } repository ? EmbeddingModels.AreSame(repository, source.Model) : null;

    private static bool IsTei(EndpointFacts facts) => facts.Engine == EngineType.Tei;

    // Like the library the vectors of existing indexes were made with, what a model cannot read is left out, not refused.
    private static ReadOnlyMemory<byte> Body(EndpointFacts facts, IReadOnlyList<string> texts) => JsonBody.Object(writer =>
    {
        if (IsTei(facts))
        {
            writer.WriteTexts("inputs", texts);
            writer.WriteBoolean("truncate"u8, true);
            return;
        }

        writer.WriteString("model"u8, facts.ServedName);
        writer.WriteTexts("input", texts);
        if (facts.Engine == EngineType.VLlm)
        {
            writer.WriteNumber("truncate_prompt_tokens"u8, -1);
        }
    });

    private static float[][] InOrder(JsonElement root, int count)
    {
        var vectors = new float[count][];
        foreach (var (position, entry) in root.GetProperty("data").EnumerateArray().Index())
        {
            vectors[entry.TryGetProperty("index", out var index) ? index.GetInt32() : position] = Vector(entry.GetProperty("embedding"));
        }

        return vectors;
    }

    private static float[] Vector(JsonElement numbers)
    {
        var vector = new float[numbers.GetArrayLength()];
        var at = 0;
        foreach (var number in numbers.EnumerateArray())
        {
            // Infinity can be written as a number, though not be sent on as one.
            vector[at++] = number.GetSingle() is var value && float.IsFinite(value) ? value : throw new FormatException("a vector has a number that is too large");
        }

        return vector;
    }
}
