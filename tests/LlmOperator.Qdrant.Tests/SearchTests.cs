using System.Text.Json.Nodes;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;
using Xunit;

namespace LlmOperator.Qdrant.Tests;

public class SearchTests
{
    [Theory]
    [InlineData(Distance.Cosine, new[] { 2, 1, 3 }, 1f)]
    [InlineData(Distance.Dot, new[] { 3, 2, 1 }, 20f)]
    [InlineData(Distance.Euclid, new[] { 1, 2, 3 }, 1f)]
    [InlineData(Distance.Manhattan, new[] { 1, 2, 3 }, 1f)]
    public async Task Each_distance_has_its_own_order_and_score(Distance distance, int[] order, float best)
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2, distance) }, Server.Stop);
        await server.Client.UpsertAsync(
            "c", new() { Points = [new() { Id = 1, Vector = new float[] { 2, 1 } }, new() { Id = 2, Vector = new float[] { 4, 4 } }, new() { Id = 3, Vector = new float[] { 0, 10 } }] }, Server.Stop);
        float[] query = distance == Distance.Cosine ? [3, 3] : [1, 2];
        query = distance is Distance.Euclid or Distance.Manhattan ? [2, 2] : query;

        var found = await server.Client.QueryAsync("c", new() { Query = query }, Server.Stop);

        Assert.Equal(order, found.Select(point => (int)point.Id.Number));
        Assert.Equal(best, found[0].Score, 4);
    }

    [Fact]
    public async Task Hybrid_search_fuses_dense_and_sparse_by_rank()
    {
        using var server = new Server();
        await FillAsync(server);
        Prefetch[] both =
        [
            new() { Query = new float[] { 1, 0 }, Using = "dense", Limit = 3 },
            new() { Query = Query.Nearest(new VectorValue.Sparse(new uint[] { 7 }, new float[] { 1 })), Using = "words", Limit = 3, Filter = Filter.All(Condition.Match("lang", "tr")) },
        ];

        var fused = await server.Client.QueryAsync("c", new() { Prefetch = both, Query = Query.Fuse(Fusion.Rrf), Limit = 5 }, Server.Stop);
        var weighed = await server.Client.QueryAsync("c", new() { Prefetch = both, Query = Query.Rrf(60, [0, 1]), Limit = 1, WithPayload = PayloadSelector.Include("lang"), WithVector = VectorSelector.Named("dense") }, Server.Stop);
        var scaled = await server.Client.QueryAsync("c", new() { Prefetch = both, Query = Query.Fuse(Fusion.Dbsf), Limit = 5 }, Server.Stop);

        // Dense: 1, 2, 3. Sparse, Turkish alone: 3, 2. By rank with k = 2: 1/2; 1/3 + 1/3; 1/4 + 1/2.
        Assert.Equal([3, 2, 1], fused.Select(point => (int)point.Id.Number));
        Assert.Equal(0.75f, fused[0].Score, 4);
        Assert.Equal(3ul, Assert.Single(weighed).Id.Number);
        Assert.Equal(("tr", 1), (weighed[0].Payload!["lang"]!.GetValue<string>(), weighed[0].Payload!.Count));
        Assert.Equal(["dense"], weighed[0].Vector!.Keys);
        Assert.Equal(3, scaled.Count);
    }

    [Fact]
    public async Task A_search_ranks_what_its_prefetch_found_anew_and_late_interaction_sums_the_best_matches()
    {
        using var server = new Server();
        await FillAsync(server);

        var found = await server.Client.QueryAsync(
            "c",
            new()
            {
                Prefetch = [new() { Inner = [new() { Query = new float[] { 1, 0 }, Using = "dense", Limit = 3 }], Query = new float[] { 0, 1 }, Using = "dense", Limit = 2 }],
                Query = Query.Nearest(new VectorValue.Multi([new float[] { 1, 0 }, new float[] { 0, 1 }])),
                Using = "late",
                Params = new() { Exact = true, HnswEf = 64, Quantization = new() { Ignore = true, Rescore = false, Oversampling = 2 }, IndexedOnly = false, Acorn = new() { Enable = false } },
            },
            Server.Stop);

        Assert.Equal([3, 2], found.Select(point => (int)point.Id.Number));
        Assert.Equal(6f, found[0].Score, 4);
    }

    [Fact]
    public async Task Searches_of_one_batch_are_answered_in_their_order_and_a_point_is_no_neighbour_of_itself()
    {
        using var server = new Server();
        await FillAsync(server);

        var found = await server.Client.QueryBatchAsync(
            "c",
            [
                new() { Query = Query.Nearest(new PointId(1)), Using = "dense", Limit = 1 },
                new() { Query = Query.OrderBy("n", Direction.Desc), Limit = 2 },
                new() { Query = new float[] { 1, 0 }, Using = "dense", ScoreThreshold = 0.99f },
                new() { Query = Query.Sample(), Limit = 4 },
                new() { Limit = 1, Offset = 1 },
            ],
            Server.Stop);

        Assert.Equal([2], found[0].Select(point => (int)point.Id.Number));
        Assert.Equal([4, 3], found[1].Select(point => (int)point.Id.Number));
        Assert.Equal([1], found[2].Select(point => (int)point.Id.Number));
        Assert.Equal([1, 2, 3, 4], found[3].Select(point => (int)point.Id.Number).Order());
        Assert.Equal([2], found[4].Select(point => (int)point.Id.Number));
    }

    [Fact]
    public async Task Rare_words_count_more_where_the_server_weighs_them()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { SparseVectors = new Dictionary<string, SparseVectorParams> { ["words"] = new() { Modifier = SparseModifier.Idf } } }, Server.Stop);
        static Point With(ulong id, params uint[] words) => new() { Id = id, Vector = new() { ["words"] = new VectorValue.Sparse(words, words.Select(_ => 1f).ToArray()) } };
        await server.Client.UpsertAsync("c", new() { Points = [With(1, 1), With(2, 1), With(3, 1), With(4, 2)] }, Server.Stop);

        var found = await server.Client.QueryAsync("c", new() { Query = Query.Nearest(new VectorValue.Sparse(new uint[] { 1, 2 }, new float[] { 1, 1 })), Using = "words" }, Server.Stop);

        Assert.Equal(4ul, found[0].Id.Number);
        Assert.Equal(Math.Log(((4 - 1 + 0.5) / 1.5) + 1), found[0].Score, 4);
    }

    public static TheoryData<string, Filter, int[]> Filters => new()
    {
        { "text", Filter.All(Condition.Match("lang", "tr")), [2, 3] },
        { "number", Filter.All(Condition.Match("n", 3)), [3] },
        { "flag", Filter.All(Condition.Match("draft", true)), [4] },
        { "any", Filter.All(Condition.MatchAny("lang", "en", "de")), [1, 4] },
        { "any of an array", Filter.All(Condition.MatchAny("tags", "red")), [1, 2] },
        { "except", Filter.All(Condition.MatchExcept("lang", "tr")), [1, 4] },
        { "words", Filter.All(Condition.MatchText("title", "İstanbul")), [2] },
        { "one of the words", Filter.All(Condition.MatchTextAny("title", "vector database")), [1] },
        { "phrase", Filter.All(Condition.MatchPhrase("title", "of Istanbul")), [4] },
        { "prefix", Filter.All(Condition.MatchPrefix("title", "A map")), [4] },
        { "range", Filter.All(Condition.Range("n", gt: 1, lte: 3)), [2, 3] },
        { "moment", Filter.All(Condition.Range("at", gte: new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero))), [2, 3] },
        { "count", Filter.All(Condition.ValuesCount("tags", gte: 2)), [1] },
        { "empty", Filter.All(Condition.IsEmpty("tags")), [3, 4] },
        { "null", Filter.All(Condition.IsNull("tags")), [4] },
        { "ids", Filter.All(Condition.HasId(1, 3)), [1, 3] },
        { "vector", Filter.All(Condition.HasVector("words")), [2, 3, 4] },
        { "nested", Filter.All(Condition.Nested("parts", Filter.All(Condition.Match("kind", "code"), Condition.Range("size", gt: 5)))), [2] },
        { "path through an array", Filter.All(Condition.Match("parts[].kind", "code")), [1, 2] },
        { "not", new() { MustNot = [Condition.Match("lang", "tr"), Condition.Match("n", 1)] }, [4] },
        { "or", Filter.Any(Condition.Match("n", 1), Condition.Match("n", 4)), [1, 4] },
        { "at least", new() { MinShould = new([Condition.Match("lang", "tr"), Condition.Range("n", gte: 3), Condition.HasId(4)], 2) }, [3, 4] },
        { "filter in a filter", Filter.All(Condition.Of(Filter.Any(Condition.Match("n", 1), Condition.Match("n", 2))), Condition.Match("lang", "tr")), [2] },
        { "place", Filter.All(Condition.Raw(JsonNode.Parse("""{"key":"place","geo_radius":{"center":{"lon":29.0,"lat":41.0},"radius":20000}}""")!.AsObject())), [4] },
    };

    [Theory]
    [MemberData(nameof(Filters), DisableDiscoveryEnumeration = true)]
    public async Task A_filter_holds_for_these_points(string what, Filter filter, int[] ids)
    {
        using var server = new Server();
        await FillAsync(server);

        var found = await server.Client.ScrollAsync("c", new() { Filter = filter }, Server.Stop);

        Assert.True(ids.SequenceEqual(found.Points.Select(point => (int)point.Id.Number)), $"{what}: {string.Join(", ", found.Points.Select(point => point.Id))}");
    }

    [Fact]
    public async Task A_text_index_matches_words_whatever_their_case()
    {
        using var server = new Server();
        await FillAsync(server);
        await server.Client.CreatePayloadIndexAsync("c", "title", new() { Type = PayloadIndexType.Text, Tokenizer = Tokenizer.Word, Lowercase = true }, Server.Stop);

        Assert.Equal(1, await server.Client.CountAsync("c", Filter.All(Condition.MatchText("title", "ISTANBUL map")), true, Server.Stop));
        Assert.Equal(0, await server.Client.CountAsync("c", Filter.All(Condition.MatchText("title", "stanbul")), true, Server.Stop));
    }

    [Fact]
    public async Task A_scroll_in_the_order_of_a_field_needs_an_index_of_ranges()
    {
        using var server = new Server();
        await FillAsync(server);

        var refused = await Assert.ThrowsAsync<QdrantException>(() => server.Client.ScrollAsync("c", new() { OrderBy = new("parts[].size") }, Server.Stop));
        var page = await server.Client.ScrollAsync("c", new() { OrderBy = new("n") { Direction = Direction.Desc, StartFrom = 3 }, Limit = 2 }, Server.Stop);

        Assert.Equal(QdrantErrorKind.BadRequest, refused.Kind);
        Assert.Equal([3, 2], page.Points.Select(point => (int)point.Id.Number));
        Assert.Equal((3d, null), (page.Points[0].OrderValue!.Value, page.NextPageOffset));
    }

    [Fact]
    public async Task Strict_mode_refuses_what_is_beyond_its_limits()
    {
        using var server = new Server();
        await FillAsync(server);
        await server.Client.UpdateCollectionAsync(
            "c",
            new() { StrictModeConfig = new() { Enabled = true, MaxQueryLimit = 5, UnindexedFilteringRetrieve = false, UnindexedFilteringUpdate = false, UpsertMaxBatchsize = 1, SearchAllowExact = false, ReadRateLimit = 2 } },
            Server.Stop);
        var client = server.Of(server.Cluster.CreateHandler(), new(new Uri("http://qdrant.test")) { Retries = 0 });
        async Task<string> RefusalAsync(Task request)
        {
            var fault = await Assert.ThrowsAsync<QdrantException>(() => request);
            server.Clock.Advance(TimeSpan.FromMinutes(2));
            return $"{fault.Kind} {fault.ServerMessage}";
        }

        Assert.Contains("for \"limit\"", await RefusalAsync(client.ScrollAsync("c", new() { Limit = 6 }, Server.Stop)), StringComparison.Ordinal);
        Assert.Contains("Index required but not found for \"lang\" of one of the following types: [keyword]", await RefusalAsync(client.CountAsync("c", Filter.All(Condition.Match("lang", "tr")), true, Server.Stop)), StringComparison.Ordinal);
        Assert.Contains("Index required", await RefusalAsync(client.DeletePointsAsync("c", new() { Filter = Filter.All(Condition.Match("lang", "tr")) }, Server.Stop)), StringComparison.Ordinal);
        Assert.Contains("Exact search disabled", await RefusalAsync(client.QueryAsync("c", new() { Query = new float[] { 1, 0 }, Using = "dense", Params = new() { Exact = true } }, Server.Stop)), StringComparison.Ordinal);
        Assert.Contains("upsert", await RefusalAsync(client.UpsertAsync("c", new() { Points = [new() { Id = 8, Vector = new() }, new() { Id = 9, Vector = new() }] }, Server.Stop)), StringComparison.Ordinal);
        await client.CreatePayloadIndexAsync("c", "lang", new() { Type = PayloadIndexType.Keyword }, Server.Stop);
        Assert.Equal(2, await client.CountAsync("c", Filter.All(Condition.Match("lang", "tr")), true, Server.Stop));
        await client.CountAsync("c", null, true, Server.Stop);
        var limited = await Assert.ThrowsAsync<QdrantException>(() => client.CountAsync("c", null, true, Server.Stop));
        Assert.Equal((QdrantErrorKind.RateLimited, TimeSpan.FromSeconds(30)), (limited.Kind, limited.RetryAfter));
    }

    [Theory]
    [InlineData(new float[] { 1 }, "dense", "expected dim: 2, got 1")]
    [InlineData(new float[] { 1, 2 }, "other", "Not existing vector name error: other")]
    [InlineData(new float[] { 1, 2 }, null, "Not existing vector name error: ")]
    public async Task A_vector_that_does_not_fit_is_refused_in_words_that_say_why(float[] vector, string? name, string why)
    {
        using var server = new Server();
        await FillAsync(server);

        var search = await Assert.ThrowsAsync<QdrantException>(() => server.Client.QueryAsync("c", new() { Query = vector, Using = name }, Server.Stop));
        var write = await Assert.ThrowsAsync<QdrantException>(() => server.Client.UpsertAsync("c", new() { Points = [new() { Id = 9, Vector = new() { [name ?? ""] = vector } }] }, Server.Stop));

        Assert.Contains(why, search.ServerMessage, StringComparison.Ordinal);
        Assert.Contains(why, write.ServerMessage, StringComparison.Ordinal);
        Assert.Equal(QdrantErrorKind.BadRequest, write.Kind);
        Assert.Equal(4, await server.Client.CountAsync("c", null, true, Server.Stop));
    }

    private static async Task FillAsync(Server server)
    {
        await server.Client.CreateCollectionAsync(
            "c",
            new()
            {
                Vectors = new Dictionary<string, VectorParams>
                {
                    ["dense"] = new() { Size = 2, Distance = Distance.Cosine },
                    ["late"] = new() { Size = 2, Distance = Distance.Dot, MultivectorConfig = new(MultiVectorComparator.MaxSim) },
                },
                SparseVectors = new Dictionary<string, SparseVectorParams> { ["words"] = new() },
            },
            Server.Stop);
        await server.Client.CreatePayloadIndexAsync("c", "n", new() { Type = PayloadIndexType.Integer }, Server.Stop);
        static Point Point(ulong id, float[] dense, float word, string payload)
        {
            var point = new Point
            {
                Id = id,
                Vector = new() { ["dense"] = dense, ["late"] = new VectorValue.Multi([new float[] { id, 0 }, new float[] { 0, id }]) },
                Payload = JsonNode.Parse(payload)!.AsObject(),
            };
            if (word > 0)
            {
                point.Vector["words"] = new VectorValue.Sparse(new uint[] { 7 }, new[] { word });
            }

            return point;
        }

        await server.Client.UpsertAsync(
            "c",
            new()
            {
                Points =
                [
                    Point(1, [1, 0], 0, """{"n":1,"lang":"en","title":"A vector store","tags":["red","blue"],"parts":[{"kind":"code","size":3},{"kind":"text","size":9}],"at":"2026-01-01T12:00:00Z"}"""),
                    Point(2, [1, 1], 1, """{"n":2,"lang":"tr","title":"İstanbul haritası","tags":"red","parts":[{"kind":"code","size":8}],"at":"2026-01-02T03:00:00+03:00"}"""),
                    Point(3, [0, 1], 2, """{"n":3,"lang":"tr","title":"Ankara","tags":[],"at":"2026-02-01"}"""),
                    Point(4, [-1, 0], 3, """{"n":4,"lang":"de","draft":true,"title":"A map of Istanbul","tags":null,"place":{"lon":28.97,"lat":41.01}}"""),
                ],
            },
            Server.Stop);
    }
}
