using System.Net;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;

namespace LlmOperator.Qdrant.Tests;

public class FaultTests
{
    [Theory]
    [InlineData(400, QdrantErrorKind.BadRequest, false)]
    [InlineData(403, QdrantErrorKind.Forbidden, false)]
    [InlineData(404, QdrantErrorKind.NotFound, false)]
    [InlineData(405, QdrantErrorKind.NotSupported, false)]
    [InlineData(408, QdrantErrorKind.Timeout, true)]
    [InlineData(409, QdrantErrorKind.Conflict, false)]
    [InlineData(413, QdrantErrorKind.TooLarge, false)]
    [InlineData(422, QdrantErrorKind.BadRequest, false)]
    [InlineData(429, QdrantErrorKind.RateLimited, true)]
    [InlineData(500, QdrantErrorKind.Internal, true)]
    [InlineData(503, QdrantErrorKind.Unavailable, true)]
    [InlineData(507, QdrantErrorKind.OutOfResources, false)]
    public async Task A_status_says_what_kind_of_fault_it_is(int status, QdrantErrorKind kind, bool mayRetry)
    {
        using var server = new Server();
        server.Cluster.BeforeRequest = (_, _) => new(QdrantFault.Refuse(status, "in the server's words"));

        var fault = await Assert.ThrowsAsync<QdrantException>(() => server.Client.DeleteCollectionAsync("posts", Server.Stop));

        Assert.Equal((kind, mayRetry, (HttpStatusCode)status, "in the server's words"), (fault.Kind, fault.MayRetry, fault.Status!.Value, fault.ServerMessage));
        Assert.StartsWith("DELETE /collections/posts: ", fault.Message, StringComparison.Ordinal);
        Assert.Single(server.Cluster.Calls);
    }

    [Fact]
    public async Task A_read_is_sent_again_when_the_server_has_asked_to_wait_so_long()
    {
        using var server = new Server();
        var left = 2;
        server.Cluster.BeforeRequest = (_, _) => new(left-- > 0 ? QdrantFault.Refuse(429, "too many", retryAfterSeconds: 7) : null);

        var names = server.Client.ListCollectionsAsync(Server.Stop);
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            Assert.Equal(server.Clock.GetUtcNow().AddSeconds(7), await NextDueAsync(server));
            Assert.Equal(attempt, server.Cluster.Calls.Count);
            server.Clock.Advance(TimeSpan.FromSeconds(7));
        }

        Assert.Empty(await names);
        Assert.Equal(3, server.Cluster.Calls.Count);
    }

    [Fact]
    public async Task A_read_is_given_up_after_a_few_times_and_the_fault_says_how_long_to_wait()
    {
        using var server = new Server();
        server.Cluster.BeforeRequest = (_, _) => new(QdrantFault.Refuse(503, "shard 0 is not available", retryAfterSeconds: 1));

        var count = server.Client.CountAsync("c", null, true, Server.Stop);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            await NextDueAsync(server);
            server.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var fault = await Assert.ThrowsAsync<QdrantException>(() => count);
        Assert.Equal((QdrantErrorKind.Unavailable, TimeSpan.FromSeconds(1)), (fault.Kind, fault.RetryAfter));
        Assert.Equal(3, server.Cluster.Calls.Count);
    }

    [Fact]
    public async Task A_server_that_asks_for_more_patience_than_allowed_is_reported_at_once()
    {
        using var server = new Server();
        server.Cluster.BeforeRequest = (_, _) => new(QdrantFault.Refuse(429, "too many", retryAfterSeconds: 3600));

        var fault = await Assert.ThrowsAsync<QdrantException>(() => server.Client.ListCollectionsAsync(Server.Stop));

        Assert.Equal(TimeSpan.FromHours(1), fault.RetryAfter);
        Assert.Single(server.Cluster.Calls);
    }

    [Fact]
    public async Task A_wait_for_the_server_ends_when_the_caller_gives_up()
    {
        using var server = new Server();
        server.Cluster.BeforeRequest = (_, _) => new(QdrantFault.Refuse(429, "too many", retryAfterSeconds: 7));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Server.Stop);

        var names = server.Client.ListCollectionsAsync(stop.Token);
        await NextDueAsync(server);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => names);
    }

    [Fact]
    public async Task A_write_is_never_sent_twice_for_its_answer_may_only_be_lost()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop);
        server.Cluster.BeforeRequest = (call, _) => new(call.Method == "PUT" ? QdrantFault.LoseAnswer : null);

        var fault = await Assert.ThrowsAsync<QdrantException>(() => server.Client.UpsertAsync("c", new() { Points = [new() { Id = 1, Vector = new float[] { 1, 0 } }] }, Server.Stop));

        Assert.Equal((QdrantErrorKind.Unreachable, true), (fault.Kind, fault.MayRetry));
        Assert.Equal(1, await server.Client.CountAsync("c", null, true, Server.Stop));
        Assert.Single(server.Cluster.Calls, call => call.Path.Count == 3 && call.Method == "PUT");
    }

    [Fact]
    public async Task A_connection_that_breaks_before_the_request_changes_nothing()
    {
        using var server = new Server();
        server.Cluster.BeforeRequest = (call, _) => new(call.Method == "PUT" ? QdrantFault.Cut : null);

        var fault = await Assert.ThrowsAsync<QdrantException>(() => server.Client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop));

        Assert.Equal(QdrantErrorKind.Unreachable, fault.Kind);
        Assert.Empty(await server.Client.ListCollectionsAsync(Server.Stop));
    }

    [Fact]
    public async Task A_wrong_key_is_told_in_plain_text_and_no_key_gets_into_a_message()
    {
        using var server = new Server();
        server.Cluster.ApiKey = "right-key";
        var client = server.ClientOf("qdrant-0", "wrong-key\n");

        var fault = await Assert.ThrowsAsync<QdrantException>(() => client.ListCollectionsAsync(Server.Stop));
        var missing = await Assert.ThrowsAsync<QdrantException>(() => server.Client.ListCollectionsAsync(Server.Stop));

        Assert.Equal((QdrantErrorKind.Unauthorized, "Invalid API key or JWT"), (fault.Kind, fault.ServerMessage));
        Assert.Equal(QdrantErrorKind.Unauthorized, missing.Kind);
        Assert.Empty(await server.ClientOf("qdrant-0", "right-key\n").ListCollectionsAsync(Server.Stop));
        Assert.True(await server.Client.IsReadyAsync(Server.Stop));
        server.Cluster.BeforeRequest = (_, _) => new(QdrantFault.Refuse(403, "the key wrong-key may not do this"));
        fault = await Assert.ThrowsAsync<QdrantException>(() => client.ListCollectionsAsync(Server.Stop));
        Assert.DoesNotContain("wrong-key", fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-key", new QdrantConnection(new Uri("http://q")) { ApiKey = "wrong-key" }.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_may_only_read_reads()
    {
        using var server = new Server();
        (server.Cluster.ApiKey, server.Cluster.ReadOnlyApiKey) = ("key", "reader");
        await server.ClientOf("qdrant-0", "key").CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop);
        var reader = server.ClientOf("qdrant-0", "reader");

        Assert.Equal(0, await reader.CountAsync("c", null, true, Server.Stop));
        Assert.Equal(QdrantErrorKind.Forbidden, (await Assert.ThrowsAsync<QdrantException>(() => reader.DeleteCollectionAsync("c", Server.Stop))).Kind);
    }

    [Theory]
    [InlineData(404, "<html>no such page</html>")]
    [InlineData(404, "")]
    [InlineData(200, "<html>welcome</html>")]
    [InlineData(200, "{}")]
    public async Task An_answer_that_is_not_Qdrants_never_reads_as_a_collection_that_is_missing(int status, string body)
    {
        using var server = new Server();
        using var handler = new FixedAnswer((HttpStatusCode)status, body);
        var client = server.Of(handler, new(new Uri("http://elsewhere.test/")));

        var fault = await Assert.ThrowsAsync<QdrantException>(() => client.GetCollectionAsync("c", Server.Stop));

        Assert.Equal(QdrantErrorKind.Unexpected, fault.Kind);
    }

    [Fact]
    public async Task A_server_that_is_down_is_neither_live_nor_ready()
    {
        using var server = new Server();
        var node = server.Cluster.Join("qdrant-0");
        Assert.Equal((true, true), (await server.Client.IsLiveAsync(Server.Stop), await server.Client.IsReadyAsync(Server.Stop)));

        node.IsUp = false;

        Assert.Equal((false, false), (await server.Client.IsLiveAsync(Server.Stop), await server.Client.IsReadyAsync(Server.Stop)));
    }

    [Fact]
    public async Task A_path_in_the_address_is_kept_and_names_are_escaped()
    {
        using var server = new Server();
        using var handler = new FixedAnswer(HttpStatusCode.OK, """{"result":{"exists":true},"status":"ok","time":0}""");
        var client = server.Of(handler, new(new Uri("http://gateway.test/qdrant/")));

        Assert.True(await client.CollectionExistsAsync("yazılar 1", Server.Stop));

        Assert.Equal("http://gateway.test/qdrant/collections/yaz%C4%B1lar%201/exists", handler.Asked?.AbsoluteUri);
    }

    [Theory]
    [InlineData("ftp://qdrant", null)]
    [InlineData("http://qdrant", "kéy")]
    public void An_address_or_a_key_that_cannot_work_is_refused_at_once_without_showing_the_key(string url, string? key)
    {
        using var http = new HttpClient();

        var fault = Assert.Throws<ArgumentException>(() => new QdrantClient(http, new(new Uri(url)) { ApiKey = key }, TimeProvider.System));

        Assert.DoesNotContain("kéy", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<DateTimeOffset> NextDueAsync(Server server)
    {
        while (true)
        {
            Server.Stop.ThrowIfCancellationRequested();
            if (server.Clock.NextDue is { } due)
            {
                return due;
            }

            await Task.Yield();
        }
    }

    private sealed class FixedAnswer(HttpStatusCode status, string body) : HttpMessageHandler
    {
        public Uri? Asked { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked = request.RequestUri;
            return Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body) });
        }
    }
}
