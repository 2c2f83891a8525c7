using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Conformance;
using LlmOperator.Sandbox.Tests.Storage;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Server;

public sealed class HttpTests : IAsyncLifetime
{
    private const string Things = "/api/v1/namespaces/default/things";

    private readonly ManualTimeProvider _time = new();
    private readonly CancellationTokenSource _guard = new(TimeSpan.FromMinutes(1));
    private SandboxServer _server = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SandboxServer.StartAsync(new SandboxServerOptions { Time = _time, Kinds = TinyKinds.All(), HistoryWindow = 20 }, _guard.Token);
        _client = TestClient.For(_server);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _guard.Dispose();
    }

    [Fact]
    public async Task Strangers_are_refused_but_may_ask_for_health()
    {
        using var stranger = TestClient.For(_server);
        stranger.DefaultRequestHeaders.Authorization = null;

        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(Things, _guard.Token)).StatusCode);
        Assert.Equal("ok", await stranger.GetStringAsync("/readyz", _guard.Token));
        Assert.Contains("readyz check passed", await stranger.GetStringAsync("/readyz?verbose", _guard.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_of_a_list_show_one_version_whatever_happens_meanwhile()
    {
        CreateThings("a", "b", "c");
        var first = await Json($"{Things}?limit=2");
        CreateThings("bb");

        var second = await Json($"{Things}?limit=2&continue={first.Text("metadata", "continue")}");

        Assert.Equal(1, first.Integer("metadata", "remainingItemCount"));
        Assert.Equal(["c"], second.Objects("items").Select(item => item.Text("metadata", "name")));
        Assert.Equal(first.Text("metadata", "resourceVersion"), second.Text("metadata", "resourceVersion"));
        Assert.Null(second.Text("metadata", "continue"));
    }

    [Fact]
    public async Task A_page_whose_version_is_gone_is_refused_with_a_token_to_go_on_inconsistently()
    {
        CreateThings("a", "b");
        var first = await Json($"{Things}?limit=1");
        CreateThings([.. Enumerable.Range(0, 25).Select(i => $"t{i:00}")]);

        var response = await _client.GetAsync($"{Things}?limit=1&continue={first.Text("metadata", "continue")}", _guard.Token);
        var status = JsonNode.Parse(await response.Content.ReadAsStringAsync(_guard.Token));
        Assert.Equal(HttpStatusCode.Gone, response.StatusCode);
        Assert.Equal("Expired", status.Text("reason"));

        var rest = await Json($"{Things}?continue={status.Text("metadata", "continue")}");
        Assert.Equal(26, rest.Objects("items").Count());
    }

    [Fact]
    public async Task A_list_may_be_read_at_an_exact_older_version()
    {
        CreateThings("a");
        var version = _server.Cluster.Store.Revision;
        CreateThings("b");

        var old = await Json($"{Things}?resourceVersion={version}&resourceVersionMatch=Exact");

        Assert.Single(old.Objects("items"));
    }

    [Theory]
    [InlineData("resourceVersionMatch=Exact", HttpStatusCode.UnprocessableEntity)]
    [InlineData("resourceVersionMatch=Exact&resourceVersion=0", HttpStatusCode.UnprocessableEntity)]
    [InlineData("resourceVersionMatch=Sometime&resourceVersion=5", HttpStatusCode.UnprocessableEntity)]
    [InlineData("sendInitialEvents=true", HttpStatusCode.UnprocessableEntity)]
    [InlineData("resourceVersion=99999", HttpStatusCode.GatewayTimeout)]
    [InlineData("resourceVersion=1&resourceVersionMatch=Exact", HttpStatusCode.Gone)]
    [InlineData("limit=many", HttpStatusCode.BadRequest)]
    public async Task Lists_with_impossible_options_are_refused(string query, HttpStatusCode expected)
    {
        Assert.Equal(expected, (await _client.GetAsync($"{Things}?{query}", _guard.Token)).StatusCode);
    }

    [Fact]
    public async Task A_watch_gets_a_bookmark_each_minute_and_one_at_its_end()
    {
        using var watch = await Watch("allowWatchBookmarks=true&timeoutSeconds=90");
        var version = _server.Cluster.Store.Revision.ToString();

        _time.Advance(WatchHandlerInterval);
        Assert.Null(await watch.Expect(new JsonArray(new JsonObject { ["type"] = "BOOKMARK", ["/object/kind"] = "Thing" }), _guard.Token));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(await watch.Expect(new JsonArray(new JsonObject { ["type"] = "BOOKMARK" }), _guard.Token));
        Assert.NotNull(await watch.Expect(new JsonArray(new JsonObject { ["type"] = "BOOKMARK" }), _guard.Token));
        Assert.Equal(version, _server.Cluster.Store.Revision.ToString());
    }

    [Fact]
    public async Task A_watch_without_a_version_begins_with_what_is_there()
    {
        CreateThings("a");
        using var watch = await Watch("");
        CreateThings("b");
        Assert.Null(await watch.Expect(
            new JsonArray(new JsonObject { ["type"] = "ADDED", ["/object/metadata/name"] = "a" }, new JsonObject { ["type"] = "ADDED", ["/object/metadata/name"] = "b" }),
            _guard.Token));
    }

    [Fact]
    public async Task A_restarted_server_has_its_state_and_port_and_has_ended_the_watches()
    {
        CreateThings("a");
        using var watch = await Watch("");
        var address = _server.Address;

        await _server.StopAsync(_guard.Token);
        Assert.Contains("ended", await watch.Expect(new JsonArray(new JsonObject { ["type"] = "ADDED" }, new JsonObject { ["type"] = "ADDED" }), _guard.Token), StringComparison.Ordinal);
        await _server.ListenAsync(_guard.Token);

        Assert.Equal(address, _server.Address);
        Assert.Single((await Json(Things)).Objects("items"));
    }

    [Fact]
    public async Task Answers_may_be_metadata_only()
    {
        CreateThings("a");
        var list = await Json(Things, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
        var one = await Json($"{Things}/a", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        Assert.Equal("PartialObjectMetadataList", list.Text("kind"));
        Assert.Equal("PartialObjectMetadata", one.Text("kind"));
        Assert.Null(one.At("spec"));
        Assert.Equal("a", list.Objects("items").Single().Text("metadata", "name"));
    }

    [Fact]
    public async Task Media_types_nobody_writes_are_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Things);
        request.Headers.TryAddWithoutValidation("Accept", "application/vnd.kubernetes.protobuf");
        Assert.Equal(HttpStatusCode.NotAcceptable, (await _client.SendAsync(request, _guard.Token)).StatusCode);
    }

    [Fact]
    public async Task Large_answers_are_compressed_for_those_who_take_it()
    {
        var thing = TinyKinds.Named("big", "default");
        thing["spec"] = new JsonObject { ["text"] = new string('x', 200_000) };
        _server.Cluster.Create(TinyKinds.Things, thing, "test");
        using var request = new HttpRequestMessage(HttpMethod.Get, Things);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");

        using var response = await _client.SendAsync(request, _guard.Token);

        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        Assert.True((await response.Content.ReadAsByteArrayAsync(_guard.Token)).Length < 20_000);
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused()
    {
        using var content = new StringContent($$"""{"metadata":{"name":"x"},"spec":"{{new string('x', 4_000_000)}}"}""", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _client.PostAsync(Things, content, _guard.Token)).StatusCode);
    }

    [Fact]
    public async Task Deleting_a_collection_takes_what_the_selector_means()
    {
        CreateThings("a", "b");
        var response = await _client.DeleteAsync($"{Things}?fieldSelector=metadata.name%3Da", _guard.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["b"], (await Json(Things)).Objects("items").Select(item => item.Text("metadata", "name")));
    }

    private static TimeSpan WatchHandlerInterval => WatchHandler.BookmarkInterval;

    private Task<WatchReader> Watch(string query) =>
        WatchReader.Open(_client, new HttpRequestMessage(HttpMethod.Get, $"{Things}?watch=true&{query}") { Version = HttpVersion.Version20 }, _guard.Token);

    private void CreateThings(params string[] names)
    {
        foreach (var name in names)
        {
            _server.Cluster.Create(TinyKinds.Things, TinyKinds.Named(name, "default"), "test");
        }
    }

    private async Task<JsonObject> Json(string path, string accept = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await _client.SendAsync(request, _guard.Token);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(_guard.Token));
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(_guard.Token))!.AsObject();
    }
}
