using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.StandIns.Hub;
using Xunit;

namespace LlmOperator.Sandbox.Tests.StandIns;

public sealed class HubStandInTests : IAsyncLifetime
{
    private const string Twin = "mlabonne/TwinLlama-3.1-8B-DPO";

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private HubStandIn _hub = null!;

    public async ValueTask InitializeAsync() => _hub = await HubStandIn.StartAsync(wellKnown: true, cancellationToken: TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_model_is_described_with_its_commit_and_on_request_the_sizes_of_its_files()
    {
        var plain = await JsonAsync($"/api/models/{Twin}");
        Assert.Equal((_hub.Repository(Twin).Head(), 8_030_261_248), (plain["sha"]!.GetValue<string>(), plain["safetensors"]!["total"]!.GetValue<long>()));
        Assert.All(plain["siblings"]!.AsArray(), sibling => Assert.Null(sibling!["size"]));

        var sized = await JsonAsync($"/api/models/{Twin}/revision/main?blobs=true");
        Assert.InRange(sized["siblings"]!.AsArray().Sum(sibling => sibling!["size"]!.GetValue<long>()), 16_060_522_496, 16_060_700_000);
        Assert.Equal(["_id", "id", "sha"], (await JsonAsync($"/api/models/{Twin}?expand=sha")).Select(field => field.Key));
    }

    [Fact]
    public async Task References_name_branches_and_tags()
    {
        _hub.Repository(Twin).Tag("v1");
        var references = await JsonAsync($"/api/models/{Twin}/refs");

        Assert.Equal(("main", "refs/heads/main"), (references["branches"]![0]!["name"]!.GetValue<string>(), references["branches"]![0]!["ref"]!.GetValue<string>()));
        Assert.Equal(_hub.Repository(Twin).Head(), references["tags"]![0]!["targetCommit"]!.GetValue<string>());
    }

    [Fact]
    public async Task Weights_are_redirected_to_storage_and_have_their_true_length()
    {
        using var head = await SendAsync(HttpMethod.Head, $"/{Twin}/resolve/main/model-00001-of-00004.safetensors");
        Assert.Equal(HttpStatusCode.Found, head.StatusCode);
        Assert.Equal((_hub.Repository(Twin).Head(), "4976698672"), (head.Headers.GetValues("X-Repo-Commit").Single(), head.Headers.GetValues("X-Linked-Size").Single()));

        var storage = head.Headers.Location!.PathAndQuery;
        using var stored = await SendAsync(HttpMethod.Head, storage);
        Assert.Equal(4_976_698_672, stored.Content.Headers.ContentLength);
        using var withToken = await SendAsync(HttpMethod.Head, storage, "any");
        Assert.Equal(HttpStatusCode.BadRequest, withToken.StatusCode);
    }

    [Theory]
    [InlineData("/api/models/org/absent", null, HttpStatusCode.Unauthorized, "RepoNotFound")]
    [InlineData("/api/models/org/absent", "good", HttpStatusCode.NotFound, "RepoNotFound")]
    [InlineData("/api/models/" + Twin + "/revision/none", null, HttpStatusCode.NotFound, "RevisionNotFound")]
    [InlineData("/" + Twin + "/resolve/main/none.json", null, HttpStatusCode.NotFound, "EntryNotFound")]
    [InlineData("/meta-llama/Llama-3.1-8B-Instruct/resolve/main/config.json", null, HttpStatusCode.Unauthorized, "GatedRepo")]
    [InlineData("/meta-llama/Llama-3.1-8B-Instruct/resolve/main/config.json", "good", HttpStatusCode.Forbidden, "GatedRepo")]
    [InlineData("/api/models/" + Twin, "bad", HttpStatusCode.Unauthorized, null)]
    public async Task It_refuses_as_the_hub_does(string path, string? token, HttpStatusCode status, string? code)
    {
        _hub.AddToken("good", "me");
        using var answer = await SendAsync(HttpMethod.Get, path, token);

        Assert.Equal((status, code), (answer.StatusCode, answer.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.Single() : null));
    }

    [Fact]
    public async Task It_can_be_told_to_fail_and_to_be_gone()
    {
        (_hub.Failure, _hub.RetryAfterSeconds) = (HttpStatusCode.TooManyRequests, 7);
        using (var limited = await SendAsync(HttpMethod.Get, $"/api/models/{Twin}"))
        {
            Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(7)), (limited.StatusCode, limited.Headers.RetryAfter!.Delta!.Value));
        }

        _hub.Failure = null;
        await _hub.StopAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(HttpMethod.Get, $"/api/models/{Twin}"));
        await _hub.ListenAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Twin, (await JsonAsync($"/api/models/{Twin}"))["id"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _hub.DisposeAsync();
    }

    private async Task<JsonObject> JsonAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(_hub.Address, path));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }
}
