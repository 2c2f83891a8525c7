using System.Text.Json;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Rag.Calling;

/// <summary>Scores texts by how well they answer a query.</summary>
internal interface IReranker
{
    /// <summary>Scores texts.</summary>
    /// <param name="endpoint">Name of the endpoint with the cross-encoder.</param>
    /// <param name="query">The query.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="trace">The span it is asked in.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>A score for each text, in their order.</returns>
    /// <exception cref="StepException">There are no scores.</exception>
    Task<double[]> ScoreAsync(string endpoint, string query, IReadOnlyList<string> texts, TraceContext trace, CancellationToken cancellationToken);
}

/// <inheritdoc cref="IReranker"/>
/// <param name="cluster">The endpoints.</param>
/// <param name="calls">Asks models.</param>
internal sealed class Reranker(ClusterView cluster, EndpointCalls calls) : IReranker
{
    // The most TEI takes at once as it is installed.
    private const int Batch = 32;

    /// <inheritdoc/>
    public async Task<double[]> ScoreAsync(string endpoint, string query, IReadOnlyList<string> texts, TraceContext trace, CancellationToken cancellationToken)
    {
        var served = cluster.Find(endpoint) ?? throw new StepException(StepException.NotConfigured, $"there is no LlmEndpoint {endpoint}");
        var scores = new double[texts.Count];
        await Task.WhenAll(texts.Index().Chunk(Batch).Select(async batch =>
        {
            var found = await BatchAsync(served, query, [.. batch.Select(one => one.Item)], trace, cancellationToken).ConfigureAwait(false);
            found.CopyTo(scores, batch[0].Index);
        })).ConfigureAwait(false);
        return scores;
    }

    private async Task<double[]> BatchAsync(ServedEndpoint endpoint, string query, string[] texts, TraceContext trace, CancellationToken cancellationToken)
    {
        var answer = await calls.AskAsync(endpoint, facts => new(IsTei(facts) ? "/rerank" : "/v1/rerank", Body(facts, query, texts)), trace, cancellationToken).ConfigureAwait(false);
        return JsonBody.Read(answer.Body, "the scores", root =>
        {
            var scores = new double[texts.Length];
            Array.Fill(scores, double.NaN);
            foreach (var entry in (IsTei(answer.Facts) ? root : root.GetProperty("results")).EnumerateArray())
            {
                scores[entry.GetProperty("index").GetInt32()] = Score(entry);
            }

            return !Array.TrueForAll(scores, double.IsFinite) ? throw new JsonException($"of {texts.Length} texts some have no score") : scores;
        });
    }

    private static bool IsTei(EndpointFacts facts) => facts.Engine == EngineType.Tei;

    private static ReadOnlyMemory<byte> Body(EndpointFacts facts, string query, string[] texts) => JsonBody.Object(writer =>
    {
        if (!IsTei(facts))
        {
            writer.WriteString("model"u8, facts.ServedName);
        }

        writer.WriteString("query"u8, query);
        writer.WriteTexts(IsTei(facts) ? "texts" : "documents", texts);
        if (IsTei(facts))
        {
            writer.WriteBoolean("truncate"u8, true);
        }
    });

    private static double Score(JsonElement entry) => entry.TryGetProperty("score", out var score) ? score.GetDouble() : entry.GetProperty("relevance_score").GetDouble();
}
