using LlmOperator.Controllers.RagIndexes.Collections;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;
using Moq;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes.Collections;

/// <summary>The share of an exact search's results that a graph finds. The stand-in searches every point, so a server with a bad graph is played here.</summary>
public sealed class RecallCheckTests
{
    private static readonly Dictionary<string, VectorParams> Vectors = new() { [""] = new() { Size = 2, Distance = Distance.Cosine } };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_the_share_of_the_exact_results_that_were_found()
    {
        var recall = await RecallCheck.MeasureAsync(Server(found: 6), "c", Vectors, 45, Stop);
        Assert.Equal(0.6, recall!.Value, 6);
    }

    [Fact]
    public async Task Points_of_the_same_score_are_equally_good()
    {
        Assert.Equal(1, await RecallCheck.MeasureAsync(Server(found: 0, sameScore: true), "c", Vectors, 5, Stop));
    }

    [Fact]
    public async Task There_is_nothing_to_measure_without_dense_vectors_or_without_a_sample()
    {
        Assert.Null(await RecallCheck.MeasureAsync(Mock.Of<IQdrantClient>(), "c", null, 5, Stop));
        Assert.Null(await RecallCheck.MeasureAsync(Mock.Of<IQdrantClient>(), "c", Vectors, 0, Stop));
    }

    private static IQdrantClient Server(int found, bool sameScore = false)
    {
        var server = new Mock<IQdrantClient>(MockBehavior.Strict);
        server.Setup(client => client.QueryAsync("c", It.IsAny<QueryPoints>(), It.IsAny<CancellationToken>())).ReturnsAsync((string _, QueryPoints query, CancellationToken _) =>
            [.. Enumerable.Range(0, query.Limit!.Value).Select(i => new ScoredPoint { Id = (ulong)i, Score = 0, Vector = new float[] { i, 1 } })]);
        server.Setup(client => client.QueryBatchAsync("c", It.IsAny<IReadOnlyList<QueryPoints>>(), It.IsAny<CancellationToken>())).ReturnsAsync(
            (string _, IReadOnlyList<QueryPoints> queries, CancellationToken _) => [.. queries.Select(query => Results(query, found, sameScore))]);
        return server.Object;
    }

    private static IReadOnlyList<ScoredPoint> Results(QueryPoints query, int found, bool sameScore) =>
        [.. Enumerable.Range(0, query.Limit!.Value).Select(i => new ScoredPoint { Id = (ulong)(query.Params!.Exact == true || i < found ? i : 1000 + i), Score = sameScore ? 1 : query.Params.Exact == true || i < found ? 1 - (i / 100f) : 0.1f })];
}
