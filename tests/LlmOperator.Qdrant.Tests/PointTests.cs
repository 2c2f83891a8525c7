using System.Text.Json.Nodes;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;
using Xunit;

namespace LlmOperator.Qdrant.Tests;

public class PointTests
{
    [Fact]
    public async Task Points_with_all_kinds_of_vectors_and_ids_come_back_as_they_were_written()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync(
            "c",
            new()
            {
                Vectors = new Dictionary<string, VectorParams>
                {
                    ["dense"] = new() { Size = 3, Distance = Distance.Dot },
                    ["late"] = new() { Size = 2, Distance = Distance.Dot, MultivectorConfig = new(MultiVectorComparator.MaxSim) },
                },
                SparseVectors = new Dictionary<string, SparseVectorParams> { ["words"] = new() },
            },
            Server.Stop);
        var uuid = Guid.Parse("5d41402a-bc4b-4a76-b971-9d911017c592");
        var payload = JsonNode.Parse("""{"content":"Şu çöpü ağaca götür, İstanbul’da ığıl ığıl","metadata":{"embedding_size":384},"tags":["a",null]}""")!.AsObject();
        var written = new Vectors
        {
            ["dense"] = new[] { 0.1f, -2.5e-7f, 3 },
            ["late"] = new VectorValue.Multi([new float[] { 1, 2 }, new float[] { 3, 4 }]),
            ["words"] = new VectorValue.Sparse(new uint[] { 4294967295, 7 }, new[] { 0.5f, 0.25f }),
        };

        var result = await server.Client.UpsertAsync(
            "c", new() { Points = [new() { Id = uuid, Vector = written, Payload = payload }, new() { Id = ulong.MaxValue, Vector = new() { ["dense"] = new float[] { 1, 0, 0 } } }] }, Server.Stop);
        var points = await server.Client.RetrieveAsync("c", new() { Ids = [uuid, ulong.MaxValue, 5], WithVector = VectorSelector.All }, Server.Stop);

        Assert.Equal(UpdateStatus.Completed, result.Status);
        Assert.Equal([new PointId(uuid), new(ulong.MaxValue)], points.Select(point => point.Id));
        Assert.True(JsonNode.DeepEquals(payload, points[0].Payload));
        Assert.Equal([0.1f, -2.5e-7f, 3], Assert.IsType<VectorValue.Dense>(points[0].Vector!["dense"]).Values.ToArray());
        Assert.Equal([[1, 2], [3, 4]], Assert.IsType<VectorValue.Multi>(points[0].Vector!["late"]).Vectors.Select(row => row.ToArray()));
        var sparse = Assert.IsType<VectorValue.Sparse>(points[0].Vector!["words"]);
        Assert.Equal([7, 4294967295], sparse.Indices.ToArray());
        Assert.Equal([0.25f, 0.5f], sparse.Values.ToArray());
    }

    [Fact]
    public async Task A_scroll_visits_every_point_once_page_by_page()
    {
        using var server = new Server();
        await FillAsync(server, 25);
        var seen = new List<PointId>();
        PointId? offset = null;
        do
        {
            var page = await server.Client.ScrollAsync(
                "c", new() { Offset = offset, Limit = 10, WithPayload = PayloadSelector.None, WithVector = VectorSelector.None, Filter = Filter.All(Condition.Range("n", lt: 24)) }, Server.Stop);
            seen.AddRange(page.Points.Select(point => point.Id));
            Assert.All(page.Points, point => Assert.Null(point.Payload));
            offset = page.NextPageOffset;
        }
        while (offset is not null);

        Assert.Equal(Enumerable.Range(0, 24).Select(n => new PointId((ulong)n)), seen);
    }

    [Fact]
    public async Task An_update_mode_leaves_points_alone()
    {
        using var server = new Server();
        await FillAsync(server, 2);
        async Task<int[]> WriteAsync(UpdateMode mode)
        {
            await server.Client.UpsertAsync("c", new() { UpdateMode = mode, Points = [Numbered(1, 100), Numbered(2, 100)] }, Server.Stop);
            return [.. (await server.Client.ScrollAsync("c", new(), Server.Stop)).Points.Select(point => point.Payload!["n"]!.GetValue<int>())];
        }

        var updated = await WriteAsync(UpdateMode.UpdateOnly);
        Assert.Equal([0, 100], updated);
        await server.Client.UpsertAsync("c", new() { Points = [Numbered(1, 1)] }, Server.Stop);
        var inserted = await WriteAsync(UpdateMode.InsertOnly);
        Assert.Equal([0, 1, 100], inserted);
        await server.Client.UpsertAsync("c", new() { UpdateFilter = Filter.All(Condition.Match("n", 1)), Points = [Numbered(0, 7), Numbered(1, 7)], Wait = false }, Server.Stop);
        var page = await server.Client.ScrollAsync("c", new(), Server.Stop);
        Assert.Equal([0, 7, 100], page.Points.Select(point => point.Payload!["n"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Points_are_deleted_by_ids_and_by_filter_and_counted()
    {
        using var server = new Server();
        await FillAsync(server, 10);

        var deleted = await server.Client.DeletePointsAsync("c", new() { Points = [0, 1, 99], Wait = false, Ordering = WriteOrdering.Strong }, Server.Stop);
        await server.Client.DeletePointsAsync("c", new() { Filter = Filter.All(Condition.Range("n", gte: 8)) }, Server.Stop);

        Assert.Equal(UpdateStatus.Acknowledged, deleted.Status);
        Assert.Equal((6, 3), (await server.Client.CountAsync("c", null, true, Server.Stop), await server.Client.CountAsync("c", Filter.All(Condition.MatchAny("n", 2, 3, 4, 9)), false, Server.Stop)));
        await Assert.ThrowsAsync<ArgumentException>(() => server.Client.DeletePointsAsync("c", new(), Server.Stop));
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("18446744073709551615", true)]
    [InlineData("-1", false)]
    [InlineData("18446744073709551616", false)]
    [InlineData("5d41402abc4b4a76b9719d911017c592", true)]
    [InlineData("post-1", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void An_id_is_a_number_or_a_uuid(string? text, bool isId) => Assert.Equal(isId, PointId.TryParse(text, out _));

    [Fact]
    public void Batches_keep_order_and_stay_below_their_size()
    {
        List<Point> points = [.. Enumerable.Range(0, 500).Select(n => new Point { Id = (ulong)n, Vector = new float[64], Payload = new() { ["content"] = new string('ş', n) } })];
        const int Most = 20_000;

        var batches = PointBatches.Split(points, Most).ToList();

        Assert.Equal(points, batches.SelectMany(batch => batch));
        Assert.All(batches, batch => Assert.InRange(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new UpsertPoints { Points = batch }, Json.QdrantJson.Wire.UpsertPoints).Length, 1, Most));
        Assert.Equal(50, PointBatches.Split(points, int.MaxValue, 10).Count());
        Assert.Single(PointBatches.Split([points[^1]], 10));
    }

    [Fact]
    public async Task A_request_that_the_server_would_not_take_is_not_sent()
    {
        using var server = new Server();
        var client = server.Of(server.Cluster.CreateHandler(), new(new Uri("http://qdrant.test")) { MaxRequestBytes = 100 });

        var refused = await Assert.ThrowsAsync<QdrantException>(() => client.UpsertAsync("c", new() { Points = [new() { Id = 1, Vector = new float[100] }] }, Server.Stop));

        Assert.Equal((QdrantErrorKind.TooLarge, false), (refused.Kind, refused.MayRetry));
        Assert.Empty(server.Cluster.Calls);
    }

    private static Point Numbered(int id, int n) => new() { Id = (ulong)id, Vector = new float[] { 1, id }, Payload = new() { ["n"] = n } };

    private static async Task FillAsync(Server server, int count)
    {
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop);
        await server.Client.UpsertAsync("c", new() { Points = [.. Enumerable.Range(0, count).Select(n => Numbered(n, n))] }, Server.Stop);
    }
}
