using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Conformance;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Server;

public sealed class RefusalTests : IAsyncLifetime
{
    private const string Widgets = "/apis/conformance.example.com/v1/namespaces/default/widgets";
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Apply = "application/apply-patch+yaml";
    private const string Merge = "application/merge-patch+json";

    private readonly CancellationTokenSource _guard = new(TimeSpan.FromMinutes(1));
    private SandboxServer _server = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SandboxServer.StartAsync(new SandboxServerOptions { Time = new ManualTimeProvider() }, _guard.Token);
        _client = TestClient.For(_server);
        var (code, _) = await Send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Recording.Read("request-errors").Setup[0]["body"]!.ToJsonString());
        Assert.Equal(201, code);
        await Send("POST", "/api/v1/namespaces", """{"metadata":{"name":"default"}}""");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _guard.Dispose();
    }

    [Theory]
    [InlineData("POST", "", """{"kind":"Widget","metadata":{"name":"b"},"spec":{"size":1}}""", 400)]
    [InlineData("POST", "", """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"b","resourceVersion":"5"},"spec":{"size":1}}""", 500)]
    [InlineData("POST", "", """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"b","labels":{"k":5}},"spec":{"size":1}}""", 400)]
    [InlineData("PUT", "/a", """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{},"spec":{"size":1}}""", 400)]
    [InlineData("PUT", "/a", """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"a","resourceVersion":"x"},"spec":{"size":1}}""", 500)]
    [InlineData("PUT", "", """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1}}""", 400)]
    [InlineData("PUT", "/a/scale", """{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"z"},"spec":{"replicas":2}}""", 400)]
    [InlineData("PUT", "/a/scale", """{"spec":{"replicas":2}}""", 400)]
    [InlineData("HEAD", "/a", null, 200)]
    [InlineData("DELETE", "/a", """{"dryRun":["Some"]}""", 422)]
    public async Task A_request_is_answered_as_by_the_real_server(string method, string path, string? body, int expected)
    {
        await CreateWidget();
        Assert.Equal(expected, (await Send(method, Widgets + path, body)).Code);
    }

    [Theory]
    [InlineData(Merge, """{"metadata":{"name":"b"}}""", 400)]
    [InlineData(Merge, """{"metadata":{"uid":"b"}}""", 422)]
    [InlineData(Merge, """{"metadata":{"deletionTimestamp":"2020-01-01T00:00:00Z"}}""", 422)]
    [InlineData(Apply, """{"kind":"Widget","metadata":{"name":"a"}}""", 400)]
    [InlineData(Apply, """{"apiVersion":"conformance.example.com/v1","kind":"Gadget","metadata":{"name":"a"}}""", 500)]
    [InlineData(Apply, """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"title":null}}""", 422)]
    [InlineData(Apply, """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"nick":null}}""", 200)]
    public async Task A_patch_is_answered_as_by_the_real_server(string type, string body, int expected)
    {
        await CreateWidget();
        Assert.Equal(expected, (await Send("PATCH", $"{Widgets}/a?fieldManager=m", body, type)).Code);
    }

    [Theory]
    [InlineData("""{"spec":{"bogus":1}}""", "?fieldValidation=Strict")]
    [InlineData("""{"metadata":{"labels":{"k":5}}}""", "")]
    public async Task A_patch_whose_outcome_cannot_be_decoded_is_invalid_itself(string body, string query)
    {
        await CreateWidget();
        var (code, status) = await Send("PATCH", $"{Widgets}/a{query}", body, Merge);
        Assert.Equal(422, code);
        Assert.Equal("patch", status.Objects("details", "causes").Single().Text("field"));
        Assert.Null(status.Text("details", "kind"));
    }

    [Fact]
    public async Task An_apply_that_names_a_uid_creates_nothing()
    {
        var (code, status) = await Send("PATCH", $"{Widgets}/b?fieldManager=m", """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"b","uid":"u"},"spec":{"size":1}}""", Apply);
        Assert.Equal((409, "Conflict"), (code, status.Text("reason")));
    }

    [Fact]
    public async Task A_replacement_of_an_object_that_has_been_deleted_meanwhile_conflicts_by_its_uid()
    {
        const string widget = """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"b"%uid%},"spec":{"size":1}}""";
        var (code, status) = await Send("PUT", $"{Widgets}/b", widget.Replace("%uid%", ",\"uid\":\"u\"", StringComparison.Ordinal));
        Assert.Equal((409, "Conflict"), (code, status.Text("reason")));

        (code, status) = await Send("PUT", $"{Widgets}/b", widget.Replace("%uid%", "", StringComparison.Ordinal));
        Assert.Equal((404, "NotFound"), (code, status.Text("reason")));
    }

    [Fact]
    public async Task A_failed_precondition_of_a_delete_names_the_kind()
    {
        await CreateWidget();
        var (code, status) = await Send("DELETE", $"{Widgets}/a", """{"preconditions":{"uid":"x"}}""");
        Assert.Equal((409, "Widget"), (code, status.Text("details", "kind")));
    }

    [Fact]
    public async Task Applying_a_scale_owns_the_replicas_and_conflicts_over_them()
    {
        await CreateWidget();
        const string scale = """{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"a"},"spec":{"replicas":4}}""";
        var (code, status) = await Send("PATCH", $"{Widgets}/a/scale?fieldManager=hpa", scale, Apply);
        Assert.Equal((409, ".spec.replicas"), (code, status.Objects("details", "causes").Single().Text("field")));

        (code, status) = await Send("PATCH", $"{Widgets}/a/scale?fieldManager=hpa&force=true", scale, Apply);
        Assert.Equal((200, 4L), (code, status.Integer("spec", "replicas")));
        var (_, widget) = await Send("GET", $"{Widgets}/a", null);
        var owner = widget.Objects("metadata", "managedFields").Single(entry => entry.Text("manager") == "hpa");
        Assert.Equal(("Apply", "scale", """{"f:spec":{"f:replicas":{}}}"""), (owner.Text("operation"), owner.Text("subresource"), owner.At("fieldsV1")!.ToJsonString()));
    }

    [Fact]
    public async Task Empty_optional_maps_and_lists_of_typed_objects_are_not_kept()
    {
        var (_, map) = await Send("POST", ConfigMaps, """{"metadata":{"name":"x","labels":{},"finalizers":[]},"data":{}}""");
        Assert.Null(map.At("data"));
        Assert.Null(map.At("metadata", "labels"));
        Assert.Null(map.At("metadata", "managedFields"));
    }

    [Fact]
    public async Task Nobody_owns_the_plain_structs_of_a_built_in_object()
    {
        var (_, deployment) = await Send("POST", "/apis/apps/v1/namespaces/default/deployments", """
            {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"app":"d"}},"template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"main","image":"a:1"}]}}}}
            """);
        var fields = deployment.Objects("metadata", "managedFields").Single().At("fieldsV1", "f:spec");
        Assert.Null(fields.At("."));
        Assert.Null(fields.At("f:strategy", "."));
        Assert.NotNull(fields.At("f:strategy", "f:rollingUpdate", "."));
        Assert.Null(fields.At("f:template", "f:spec", "f:containers", "."));
        Assert.NotNull(fields.At("f:template", "f:metadata", "f:labels", "."));
    }

    [Fact]
    public async Task Collections_of_all_namespaces_can_only_be_read()
    {
        Assert.Equal(405, (await Send("DELETE", "/api/v1/configmaps", null)).Code);
        Assert.Equal(404, (await Send("DELETE", "/apis/conformance.example.com/v1/widgets", null)).Code);
        Assert.Equal(404, (await Send("POST", "/apis/conformance.example.com/v1/widgets", "{}")).Code);
    }

    private async Task CreateWidget() => await Send(
        "POST", Widgets, """{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1,"replicas":2}}""");

    private async Task<(int Code, JsonNode? Body)> Send(string method, string path, string? body, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Version = HttpVersion.Version20 };
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        using var response = await _client.SendAsync(request, _guard.Token);
        var text = await response.Content.ReadAsStringAsync(_guard.Token);
        return ((int)response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
    }
}
