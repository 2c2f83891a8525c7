using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Xunit;
using static LlmOperator.Sandbox.Tests.Server.RunningServer;

namespace LlmOperator.Sandbox.Tests.Server;

public sealed class AnswerTests : IAsyncLifetime
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    private RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_list_from_memory_is_whole_whatever_its_limit()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            await Configure(name);
        }

        var page = await _server.Get($"{ConfigMaps}?limit=1");
        Assert.Equal((1, 2L), (page.Objects("items").Count(), page.Integer("metadata", "remainingItemCount")));
        var whole = await _server.Get($"{ConfigMaps}?limit=1&resourceVersion=0");
        Assert.Equal((3, null), (whole.Objects("items").Count(), whole.Text("metadata", "continue")));
    }

    [Theory]
    [InlineData("/api/v1/namespaces/default/gadgets")]
    [InlineData("/apis/apps/v9")]
    [InlineData("/apis/apps/v1/namespaces/default/deployments/x/bogus")]
    public async Task Paths_below_the_servers_own_groups_are_refused_in_words(string path)
    {
        var (code, status) = await _server.Send("GET", path);
        Assert.Equal((404, "NotFound", "{}"), (code, status.Text("reason"), status.At("details")?.ToJsonString()));
    }

    [Fact]
    public async Task A_custom_object_is_not_found_under_a_subresource_it_does_not_have()
    {
        var (code, status) = await _server.Send("GET", $"{Widgets}/a/bogus");
        Assert.Equal((404, "a", "widgets"), (code, status.Text("details", "name"), status.Text("details", "kind")));
        Assert.Equal((404, null), await _server.Send("GET", "/apis/conformance.example.com/v1/namespaces/default/gadgets"));
    }

    [Fact]
    public async Task Metadata_is_asked_for_as_what_it_is()
    {
        await Configure("a");
        Assert.Equal("meta.k8s.io/v1beta1", (await _server.Get($"{ConfigMaps}/a", As("PartialObjectMetadata", "v1beta1"))).Text("apiVersion"));
        Assert.Equal("PartialObjectMetadataList", (await _server.Get(ConfigMaps, As("PartialObjectMetadataList", "v1"))).Text("kind"));
        Assert.Equal(406, (await _server.Send("GET", ConfigMaps, accept: As("PartialObjectMetadata", "v1"))).Code);
        Assert.Equal(406, (await _server.Send("GET", $"{ConfigMaps}/a", accept: As("PartialObjectMetadataList", "v1"))).Code);
    }

    [Fact]
    public async Task Options_of_a_delete_come_from_its_body_or_else_from_its_query()
    {
        await Configure("a");
        Assert.Equal(200, (await _server.Send("DELETE", $"{ConfigMaps}/a?dryRun=All")).Code);
        Assert.Equal(500, (await _server.Send("DELETE", $"{ConfigMaps}/a", """{"kind":"Status","apiVersion":"v1"}""")).Code);
        await _server.Get($"{ConfigMaps}/a");

        Assert.Equal(200, (await _server.Send("DELETE", $"{ConfigMaps}/a?dryRun=All", "{}")).Code);
        Assert.Equal(404, (await _server.Send("GET", $"{ConfigMaps}/a")).Code);
    }

    [Fact]
    public async Task A_delete_that_only_begins_is_accepted_where_the_older_option_is_used()
    {
        await Configure("a", ",\"finalizers\":[\"example.com/hold\"]");
        Assert.Equal(202, (await _server.Send("DELETE", $"{ConfigMaps}/a?orphanDependents=false")).Code);
    }

    [Fact]
    public async Task A_later_delete_may_change_who_follows()
    {
        await Configure("a");
        var (_, first) = await _server.Send("DELETE", $"{ConfigMaps}/a?propagationPolicy=Foreground");
        Assert.Equal(["foregroundDeletion"], first.Texts("metadata", "finalizers"));
        var (_, second) = await _server.Send("DELETE", $"{ConfigMaps}/a?propagationPolicy=Orphan");
        Assert.Equal(["orphan"], second.Texts("metadata", "finalizers"));

        await _server.Send("DELETE", $"{ConfigMaps}/a?propagationPolicy=Background");
        Assert.Equal(404, (await _server.Send("GET", $"{ConfigMaps}/a")).Code);
    }

    [Fact]
    public async Task A_pod_without_time_to_stop_is_marked_before_it_goes()
    {
        await _server.Created(Pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"a:1"}]}}""");
        var (_, gone) = await _server.Send("DELETE", $"{Pods}/p");
        Assert.NotNull(gone.Text("metadata", "deletionTimestamp"));
        Assert.Equal((0L, 2L), (gone.Integer("metadata", "deletionGracePeriodSeconds"), gone.Integer("metadata", "generation")));
        Assert.Equal(404, (await _server.Send("GET", $"{Pods}/p")).Code);
    }

    [Fact]
    public async Task A_patch_that_makes_another_kind_of_an_object_is_invalid()
    {
        await Configure("a");
        var (code, status) = await _server.Send("PATCH", $"{ConfigMaps}/a", """{"kind":"Secret"}""", Merge);
        Assert.Equal((422, "patch"), (code, status.Objects("details", "causes").Single().Text("field")));

        await _server.Created(Widgets, """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1}}""");
        (code, status) = await _server.Send("PATCH", $"{Widgets}/a", """{"apiVersion":"conformance.example.com/v2"}""", Merge);
        Assert.Equal((422, "apiVersion"), (code, status.Objects("details", "causes").Single().Text("field")));
    }

    [Fact]
    public async Task Finalising_a_namespace_leaves_its_status()
    {
        await _server.Created("/api/v1/namespaces", """{"metadata":{"name":"t"}}""");
        await _server.Send("DELETE", "/api/v1/namespaces/t");
        var (_, last) = await _server.Send("PUT", "/api/v1/namespaces/t/finalize", """{"metadata":{"name":"t"},"spec":{"finalizers":[]}}""");
        Assert.Equal("Terminating", last.Text("status", "phase"));
        Assert.Equal(404, (await _server.Send("GET", "/api/v1/namespaces/t")).Code);
    }

    private static string As(string form, string version) => $"application/json;as={form};v={version};g=meta.k8s.io";

    private Task<JsonNode> Configure(string name, string metadata = "") =>
        _server.Created(ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}"{{{metadata}}}},"data":{"k":"v"}}""");
}
