using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>Measures what share of an exact search's results a collection's graph finds.</summary>
internal static class RecallCheck
{
    // What a retrieval commonly asks for.
    private const int Neighbours = 10;

    // Searches of one request.
    private const int Batch = 20;

    /// <summary>Searches for the neighbours of points chosen at random, with the graph and without.</summary>
    /// <param name="client">The server.</param>
    /// <param name="collection">The collection.</param>
    /// <param name="vectors">Its vectors.</param>
    /// <param name="sampleSize">How many points.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>The least share of any vector, 0 to 1; null when there is nothing to search.</returns>
    public static async Task<double?> MeasureAsync(
        IQdrantClient client, string collection, IReadOnlyDictionary<string, VectorParams>? vectors, int sampleSize, CancellationToken cancellationToken)
    {
        // A graph of multivectors is searched by points' lists of vectors, which differ in cost by orders of magnitude; the dense vectors of the collection tell enough.
        var names = (vectors ?? new Dictionary<string, VectorParams>()).Where(vector => vector.Value.MultivectorConfig is null).Select(vector => vector.Key).ToList();
        if (sampleSize == 0 || names.Count == 0)
        {
            return null;
        }

        var sample = await client.QueryAsync(
            collection,
            new() { Query = Query.Sample(), Limit = sampleSize, WithPayload = PayloadSelector.None, WithVector = VectorSelector.All },
            cancellationToken).ConfigureAwait(false);
        double? least = null;
        foreach (var name in names)
        {
            var (found, wanted) = (0, 0);
            foreach (var chunk in sample.Select(point => point.Vector?.GetValueOrDefault(name)).OfType<VectorValue>().Chunk(Batch))
            {
                var exact = await SearchAsync(client, collection, name, chunk, true, cancellationToken).ConfigureAwait(false);
                var near = await SearchAsync(client, collection, name, chunk, false, cancellationToken).ConfigureAwait(false);
                for (var i = 0; i < chunk.Length; i++)
                {
                    wanted += exact[i].Count;
                    found += Found(exact[i], near[i]);
                }
            }

            if (wanted > 0)
            {
                least = Math.Min(least ?? 1, (double)found / wanted);
            }
        }

        return least;
    }

    /// <summary>Points alike in score are equally good: which of them comes last is chance.</summary>
    private static int Found(IReadOnlyList<ScoredPoint> exact, IReadOnlyList<ScoredPoint> near)
    {
        var ids = exact.Select(point => point.Id).ToHashSet();
        var last = exact.Count == 0 ? 0 : exact[^1].Score;
        return Math.Min(exact.Count, near.Count(point => ids.Contains(point.Id) || Math.Abs(point.Score - last) <= 1e-5));
    }

    private static Task<IReadOnlyList<IReadOnlyList<ScoredPoint>>> SearchAsync(
        IQdrantClient client, string collection, string name, VectorValue[] vectors, bool exact, CancellationToken cancellationToken) =>
        client.QueryBatchAsync(
            collection,
            [
                .. vectors.Select(vector => new QueryPoints
                {
                    Query = Query.Nearest(vector),
                    Using = name.Length == 0 ? null : name,
                    Limit = Neighbours,
                    Params = new() { Exact = exact },
                    WithPayload = PayloadSelector.None,
                    WithVector = VectorSelector.None,
                }),
            ],
            cancellationToken);
}
