using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Admission;

public sealed class MutatingWebhookTests : WebhookCluster
{
    [Fact]
    public async Task A_patch_changes_the_object_before_it_is_validated_and_stored()
    {
        Hook.On("/label", _ => TestWebhook.Patch("""[{"op":"add","path":"/metadata/labels","value":{"seen":"yes"}}]"""));
        Hook.On("/judge", request => request.Text("object", "metadata", "labels", "seen") == "yes" ? TestWebhook.Allow() : TestWebhook.Deny("unseen"));
        await Mutating(Entry("/label"));
        await Validating(Entry("/judge"));

        var created = await CreateConfigMap("a");
        Assert.Equal("yes", created.Body.Text("metadata", "labels", "seen"));
        Assert.Null(Hook.Requests.First().At("object", "metadata", "uid"));
        Assert.Equal("yes", (await Send(HttpMethod.Get, $"{ConfigMaps}/a")).Body.Text("metadata", "labels", "seen"));
    }

    [Fact]
    public async Task What_a_patch_leaves_out_is_filled_in_and_what_it_breaks_is_refused()
    {
        Hook.On("/break", _ => TestWebhook.Patch("""[{"op":"add","path":"/metadata/labels","value":{"a b":"c"}}]"""));
        await Mutating(Entry("/break"));
        var refused = await CreateConfigMap("a");
        Assert.Equal(422, refused.Code);
        Assert.Contains("metadata.labels", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Webhooks_are_asked_in_the_order_of_their_configurations_names_each_seeing_the_changes_before_it()
    {
        Hook.On("/first", request => Add(request, "first"));
        Hook.On("/second", request => Add(request, "second"));
        await Configure("MutatingWebhookConfiguration", "b", Entry("/second"));
        await Configure("MutatingWebhookConfiguration", "a", Entry("/first"));

        Assert.Equal("first second", (await CreateConfigMap("a")).Body.Text("data", "trail"));
    }

    [Fact]
    public async Task A_webhook_that_wants_it_is_asked_again_when_a_later_one_changed_the_object()
    {
        Hook.On("/first", request => Add(request, "first"));
        Hook.On("/second", request => Add(request, "second"));
        await Mutating(Entry("/first", entry => entry["reinvocationPolicy"] = "IfNeeded"), Entry("/second", entry => entry["reinvocationPolicy"] = "IfNeeded"));

        Assert.Equal("first second first", (await CreateConfigMap("a")).Body.Text("data", "trail"));
    }

    [Fact]
    public async Task A_patch_that_does_not_fit_the_object_is_an_internal_error()
    {
        Hook.On("/label", _ => TestWebhook.Patch("""[{"op":"replace","path":"/data/absent","value":"x"}]"""));
        await Mutating(Entry("/label"));

        var refused = await CreateConfigMap("a");
        Assert.Equal(500, refused.Code);
        Assert.Equal("Internal error occurred: replace operation does not apply: doc is missing path: /data/absent: missing value", refused.Message);
    }

    [Fact]
    public async Task Server_side_apply_passes_the_webhooks_too()
    {
        Hook.On("/label", request => Add(request, "seen"));
        await Mutating(Entry("/label"));
        var config = JsonNode.Parse("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"}}""");

        var applied = await Send(HttpMethod.Patch, $"{ConfigMaps}/a?fieldManager=x", config, "application/apply-patch+yaml");
        Assert.Equal((201, "seen"), (applied.Code, applied.Body.Text("data", "trail")));
        Assert.Equal("PatchOptions", Hook.Requests.First().Text("options", "kind"));
    }

    [Fact]
    public async Task A_change_of_scale_shows_the_webhook_a_Scale()
    {
        Hook.On("/scale", request => TestWebhook.Patch("""[{"op":"replace","path":"/spec/replicas","value":2}]"""));
        var deployment = JsonNode.Parse(
            """
            {"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},
             "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        await Send(HttpMethod.Post, "/apis/apps/v1/namespaces/default/deployments", deployment);
        await Mutating(Entry("/scale", entry => entry["rules"] = Rules("apps", "v1", "deployments/scale", "UPDATE")));

        var scaled = await Send(HttpMethod.Patch, "/apis/apps/v1/namespaces/default/deployments/d/scale", JsonNode.Parse("""{"spec":{"replicas":9}}"""), "application/merge-patch+json");

        Assert.Equal(2, scaled.Body.Integer("spec", "replicas"));
        var request = Assert.Single(Hook.Requests);
        Assert.Equal(("Scale", "scale"), (request.Text("kind", "kind"), request.Text("subResource")));
        Assert.Equal(9, request.Integer("object", "spec", "replicas"));
        Assert.Equal(1, request.Integer("oldObject", "spec", "replicas"));
    }

    private static JsonObject Add(JsonObject request, string word)
    {
        var trail = request.Text("object", "data", "trail");
        return TestWebhook.Patch($$"""[{"op":"add","path":"/data/trail","value":"{{(trail is null ? word : $"{trail} {word}")}}"}]""");
    }

    private static JsonArray Rules(string group, string version, string resource, string operation) => new(new JsonObject
    {
        ["apiGroups"] = new JsonArray(group),
        ["apiVersions"] = new JsonArray(version),
        ["resources"] = new JsonArray(resource),
        ["operations"] = new JsonArray(operation),
    });
}
