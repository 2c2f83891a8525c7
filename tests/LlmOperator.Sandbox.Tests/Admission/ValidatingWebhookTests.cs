using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Admission;

public sealed class ValidatingWebhookTests : WebhookCluster
{
    [Fact]
    public async Task A_webhook_that_denies_refuses_the_write_with_its_message_and_code()
    {
        Hook.On("/judge", request => request.Text("name") == "bad" ? TestWebhook.Deny("no bad names", 403) : TestWebhook.Allow());
        await Validating(Entry("/judge"));

        var refused = await CreateConfigMap("bad");
        Assert.Equal(403, refused.Code);
        Assert.Equal("admission webhook \"judge.example.com\" denied the request: no bad names", refused.Message);
        Assert.Equal(201, (await CreateConfigMap("good")).Code);
    }

    [Fact]
    public async Task A_denial_without_a_word_is_a_bad_request_without_explanation()
    {
        Hook.On("/judge", _ => TestWebhook.Deny());
        await Validating(Entry("/judge"));

        var refused = await CreateConfigMap("a");
        Assert.Equal(400, refused.Code);
        Assert.Equal("admission webhook \"judge.example.com\" denied the request without explanation", refused.Message);
    }

    [Fact]
    public async Task A_review_tells_who_does_what_to_which_object()
    {
        Hook.On("/judge", _ => TestWebhook.Allow());
        await Validating(Entry("/judge"));

        await CreateConfigMap("a", "?fieldManager=tests");
        var change = new JsonObject { ["data"] = new JsonObject { ["a"] = "2" } };
        await Send(HttpMethod.Patch, $"{ConfigMaps}/a", change, "application/merge-patch+json");
        await Send(HttpMethod.Delete, $"{ConfigMaps}/a");

        var (create, update, delete) = (Hook.Requests.ElementAt(0), Hook.Requests.ElementAt(1), Hook.Requests.ElementAt(2));
        Assert.Equal("CREATE", create.Text("operation"));
        Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", create["kind"]!.ToJsonString());
        Assert.Equal("""{"group":"","version":"v1","resource":"configmaps"}""", create["requestResource"]!.ToJsonString());
        Assert.Equal(("a", "default"), (create.Text("name"), create.Text("namespace")));
        Assert.Equal("kubernetes-admin", create.Text("userInfo", "username"));
        Assert.Equal("tests", create.Text("options", "fieldManager"));
        Assert.Equal("CreateOptions", create.Text("options", "kind"));
        Assert.Null(create["oldObject"]);
        Assert.NotNull(create.Text("object", "metadata", "uid"));
        Assert.False(create.Flag("dryRun"));
        Assert.Equal(("UPDATE", "1", "2"), (update.Text("operation"), update.Text("oldObject", "data", "a"), update.Text("object", "data", "a")));
        Assert.Equal("DELETE", delete.Text("operation"));
        Assert.Null(delete["object"]);
        Assert.Equal("2", delete.Text("oldObject", "data", "a"));
        Assert.Equal("DeleteOptions", delete.Text("options", "kind"));
    }

    [Fact]
    public async Task A_refused_delete_leaves_the_object()
    {
        Hook.On("/judge", request => request.Text("operation") == "DELETE" ? TestWebhook.Deny("keep it", 403) : TestWebhook.Allow());
        await Validating(Entry("/judge"));
        await CreateConfigMap("a");

        Assert.Equal(403, (await Send(HttpMethod.Delete, $"{ConfigMaps}/a")).Code);
        Assert.Equal(200, (await Send(HttpMethod.Get, $"{ConfigMaps}/a")).Code);
    }

    [Fact]
    public async Task Warnings_reach_the_client_with_the_answer_and_with_a_refusal()
    {
        Hook.On("/judge", request =>
        {
            var answer = request.Text("name") == "bad" ? TestWebhook.Deny("no", 403) : TestWebhook.Allow();
            answer["warnings"] = new JsonArray("old habits");
            return answer;
        });
        await Validating(Entry("/judge"));

        Assert.Equal(["299 - \"old habits\""], (await CreateConfigMap("good")).Warnings);
        Assert.Equal(["299 - \"old habits\""], (await CreateConfigMap("bad")).Warnings);
    }

    [Theory]
    [InlineData("Fail", 500)]
    [InlineData("Ignore", 201)]
    public async Task The_failure_policy_decides_what_a_webhook_that_cannot_be_reached_means(string policy, int code)
    {
        await Validating(Entry("/judge", entry =>
        {
            entry["failurePolicy"] = policy;
            entry["clientConfig"]!["url"] = "https://127.0.0.1:1/judge";
        }));

        var reply = await CreateConfigMap("a");
        Assert.Equal(code, reply.Code);
        if (code == 500)
        {
            Assert.Equal(
                "Internal error occurred: failed calling webhook \"judge.example.com\": failed to call webhook: Post \"https://127.0.0.1:1/judge?timeout=10s\": dial tcp 127.0.0.1:1: connect: connection refused",
                reply.Message);
        }
    }

    [Fact]
    public async Task A_certificate_of_another_authority_or_for_another_name_is_not_trusted()
    {
        await using var stranger = await TestWebhook.StartAsync("other.example.com");
        Hook.On("/judge", _ => TestWebhook.Allow());
        await Validating(Entry("/judge", entry => entry["clientConfig"]!["caBundle"] = stranger.Authority));
        Assert.EndsWith("tls: failed to verify certificate: x509: certificate signed by unknown authority", (await CreateConfigMap("a")).Message, StringComparison.Ordinal);

        await Mutating(Entry("/judge", entry => entry["clientConfig"] = new JsonObject { ["url"] = stranger.Address.ToString(), ["caBundle"] = stranger.Authority }));
        Assert.EndsWith(
            "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs", (await CreateConfigMap("a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_that_does_not_answer_in_time_has_failed()
    {
        var asked = new TaskCompletionSource();
        var never = new TaskCompletionSource<JsonObject>();
        Hook.OnAsync("/judge", _ =>
        {
            asked.SetResult();
            return never.Task;
        });
        await Validating(Entry("/judge", entry => entry["timeoutSeconds"] = 3));

        var write = CreateConfigMap("a");
        await asked.Task;
        Time.Advance(TimeSpan.FromSeconds(3));

        Assert.EndsWith("?timeout=3s\": context deadline exceeded", (await write).Message, StringComparison.Ordinal);
        never.SetResult(TestWebhook.Allow());
    }

    [Fact]
    public async Task An_answer_that_is_none_is_a_failure_that_says_why()
    {
        await Validating(Entry("/judge"));
        const string Failed = "Internal error occurred: failed calling webhook \"judge.example.com\": ";
        Assert.Equal(Failed + "failed to call webhook: the server could not find the requested resource", (await CreateConfigMap("a")).Message);

        Hook.OnRaw("/judge", _ => new JsonObject { ["apiVersion"] = "admission.k8s.io/v1", ["kind"] = "AdmissionReview" });
        Assert.Equal(Failed + "received invalid webhook response: webhook response was absent", (await CreateConfigMap("a")).Message);

        Hook.On("/judge", _ => new JsonObject { ["uid"] = "x", ["allowed"] = true });
        Assert.Contains("received invalid webhook response: expected response.uid=", (await CreateConfigMap("a")).Message, StringComparison.Ordinal);

        Hook.On("/judge", _ => TestWebhook.Patch("[]"));
        Assert.Equal(Failed + "received invalid webhook response: validating webhook may not return response.patch", (await CreateConfigMap("a")).Message);
    }

    [Fact]
    public async Task A_dry_run_tells_the_webhook_and_stores_nothing()
    {
        Hook.On("/judge", request => request.Flag("dryRun") == true ? TestWebhook.Allow() : TestWebhook.Deny("not dry", 403));
        await Validating(Entry("/judge"));

        Assert.Equal(201, (await CreateConfigMap("a", "?dryRun=All")).Code);
        Assert.Equal(404, (await Send(HttpMethod.Get, $"{ConfigMaps}/a")).Code);
    }

    [Fact]
    public async Task A_webhook_may_read_from_the_server_before_it_answers()
    {
        Hook.OnAsync("/judge", async _ =>
        {
            var list = await Send(HttpMethod.Get, ConfigMaps);
            return list.Body["items"]!.AsArray().Count == 0 ? TestWebhook.Allow() : TestWebhook.Deny("one is enough", 403);
        });
        await Validating(Entry("/judge", entry => entry["rules"]![0]!["operations"] = new JsonArray("CREATE")));

        Assert.Equal(201, (await CreateConfigMap("a")).Code);
        Assert.Equal("admission webhook \"judge.example.com\" denied the request: one is enough", (await CreateConfigMap("b")).Message);
    }

    [Fact]
    public async Task A_change_made_while_a_webhook_thinks_is_not_overwritten()
    {
        Hook.OnAsync("/judge", async request =>
        {
            // The write in between comes from the webhook itself, once.
            if (request.Text("object", "data", "mine") is not null && request.Text("oldObject", "data", "theirs") is null)
            {
                await Send(HttpMethod.Patch, $"{ConfigMaps}/a", JsonNode.Parse("""{"data":{"theirs":"1"}}"""), "application/merge-patch+json");
            }

            return TestWebhook.Allow();
        });
        await CreateConfigMap("a");
        await Validating(Entry("/judge"));

        var changed = await Send(HttpMethod.Patch, $"{ConfigMaps}/a", JsonNode.Parse("""{"data":{"mine":"1"}}"""), "application/merge-patch+json");
        Assert.Equal(("1", "1"), (changed.Body.Text("data", "mine"), changed.Body.Text("data", "theirs")));
    }
}
