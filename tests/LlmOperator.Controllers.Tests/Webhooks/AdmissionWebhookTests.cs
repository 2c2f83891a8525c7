using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Caching;
using LlmOperator.Controllers.Webhooks;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.Webhooks;

public sealed class AdmissionWebhookTests : IAsyncLifetime
{
    private const string Unknown = """{"metadata":{"name":"e"},"spec":{"modelRef":{"name":"m"},"accelerator":{"type":"Z9"}}}""";
    private const string Tried = """{"metadata":{"name":"e","namespace":"default"},"spec":{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"scheduling":{"nodeSelector":{"zone":"a b"}},"podTemplate":{"metadata":{"labels":{"a":"b"}}}}}""";
    private readonly OperatorFixture _operator = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ListLogger _log = new();
    private readonly InformerSet _informers;
    private readonly AdmissionWebhook _webhook;

    public AdmissionWebhookTests()
    {
        _informers = new InformerSet(_operator.Api, new() { Seed = 1 }, _operator.Clock);
        _ = new OperatorCaches(_informers, AcceleratorCatalogue.Default);
        _webhook = new(new(_informers, _operator.Api, AcceleratorCatalogue.Default, LicensePolicy.Ignore, new(), _operator.Clock, _log, _operator.Clock), null, _log);
    }

    public async ValueTask InitializeAsync()
    {
        _operator.PutEndpoint("served", """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"usage":"Commercial"}""");
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_refusal_has_the_form_of_the_API_servers_own()
    {
        await StartAsync();

        var response = await AskAsync("llmendpoint", "CREATE", """{"metadata":{"name":"e"},"spec":{"modelRef":{"name":"m"},"accelerator":{"type":"Z9"},"rollout":{"maxSurge":0,"maxUnavailable":0}}}""");

        Assert.False((bool)response["allowed"]!);
        Assert.Equal("uid-of-the-question", (string)response["uid"]!);
        var status = response["status"]!;
        Assert.Equal((422, "Invalid", "Failure"), ((int)status["code"]!, (string)status["reason"]!, (string)status["status"]!));
        Assert.StartsWith("LlmEndpoint.llmops.dev \"e\" is invalid: [spec.rollout.maxUnavailable: Invalid value: 0: with ", (string)status["message"]!, StringComparison.Ordinal);
        Assert.Equal(("LlmEndpoint", "llmops.dev", "e"), ((string)status["details"]!["kind"]!, (string)status["details"]!["group"]!, (string)status["details"]!["name"]!));
        Assert.Equal(
            ["FieldValueInvalid spec.rollout.maxUnavailable", "FieldValueNotSupported spec.accelerator.type"],
            status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["reason"]} {cause["field"]}"));
        Assert.Contains(_log.Lines, line => line.Text.Contains("Refused CREATE of LlmEndpoint default/e by alice", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_that_leaves_the_spec_alone_and_an_object_that_goes_always_pass()
    {
        await StartAsync();
        const string Labelled = """{"metadata":{"name":"e","labels":{"a":"b"}},"spec":{"modelRef":{"name":"m"},"accelerator":{"type":"Z9"}}}""";
        const string Going = """{"metadata":{"name":"e","deletionTimestamp":"2026-01-02T03:04:05Z"},"spec":{"modelRef":{"name":"m"},"accelerator":{"type":"Y9"}}}""";

        Assert.True((bool)(await AskAsync("llmendpoint", "UPDATE", Labelled, Unknown))["allowed"]!);
        Assert.True((bool)(await AskAsync("llmendpoint", "UPDATE", Going, Unknown))["allowed"]!);
        Assert.True((bool)(await AskAsync("llmendpoint", "UPDATE", Unknown.Replace("Z9", "Y9", StringComparison.Ordinal), Unknown, subresource: "status"))["allowed"]!);
        Assert.True((bool)(await AskAsync("llmendpoint", "DELETE", null, Unknown))["allowed"]!);
        Assert.False((bool)(await AskAsync("llmendpoint", "UPDATE", Unknown.Replace("Z9", "Y9", StringComparison.Ordinal), Unknown))["allowed"]!);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"e"},"spec":{"modelRef":{"name":"m"},"replicas":"many"}}""", "spec.replicas")]
    [InlineData("""{"metadata":{"name":"e"},"spec":{"modelRef":7}}""", "spec.modelRef")]
    [InlineData("""{"metadata":{"name":"e"},"spec":{}}""", "spec")]
    [InlineData("""{"metadata":{"name":"e"}}""", "spec")]
    [InlineData("""{"metadata":7}""", "metadata")]
    [InlineData("""[1]""", "")]
    public async Task An_object_that_cannot_be_read_is_refused_with_the_field(string obj, string field)
    {
        await StartAsync();

        var response = await AskAsync("llmendpoint", "CREATE", obj);

        Assert.False((bool)response["allowed"]!);
        Assert.Equal(field, (string)response["status"]!["details"]!["causes"]![0]!["field"]!);
    }

    [Theory]
    [InlineData("", "not an AdmissionReview")]
    [InlineData("null", "expected an AdmissionReview")]
    [InlineData("[]", "not an AdmissionReview")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}""", "expected an AdmissionReview of admission.k8s.io/v1, not AdmissionReview of admission.k8s.io/v1beta1")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}""", "request is missing")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"operation":"CREATE"}}""", "request.uid is missing")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u"}}""", "request.operation is missing")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"}}}""", "this path is for LlmEndpoint of llmops.dev, not Pod of ")]
    public async Task What_is_no_question_is_a_bad_request(string body, string fault)
    {
        await StartAsync();

        var answer = await _webhook.AnswerAsync("/validate/llmendpoint", Encoding.UTF8.GetBytes(body), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(fault, answer.Body);
    }

    [Fact]
    public async Task Nothing_is_answered_before_the_caches_are_filled()
    {
        var answer = await _webhook.AnswerAsync("/validate/llmendpoint", "{}"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _webhook.AnswerAsync("/validate", "{}"u8.ToArray(), TestContext.Current.CancellationToken)).Status);
    }

    [Fact]
    public async Task A_model_applied_a_moment_before_its_endpoint_counts_although_no_cache_has_it_yet()
    {
        await StartAsync();
        _operator.Api.Intercept = (request, token) => request.Verb == "watch" ? Task.Delay(Timeout.Infinite, token) : Task.CompletedTask;
        _operator.Api.BreakWatches();
        _operator.PutModel("fresh", """{"source":{"huggingFace":{"repo":"org/model"}},"card":{"commercialUse":false}}""");
        Assert.Null(_informers.Get<LlmModel>().Get(new("default", "fresh")));

        var response = await AskAsync("llmendpoint", "CREATE", """{"metadata":{"name":"e"},"spec":{"modelRef":{"name":"fresh"},"accelerator":{"type":"A10G"},"usage":"Commercial"}}""");

        Assert.Contains("does not allow that", (string)response["status"]!["message"]!);
    }

    [Fact]
    public async Task A_missing_model_and_a_model_in_use_are_warnings()
    {
        await StartAsync();

        var early = await AskAsync("llmendpoint", "CREATE", """{"metadata":{"name":"e"},"spec":{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}}""");
        var deletion = await AskAsync("llmmodel", "DELETE", null, """{"metadata":{"name":"m"},"spec":{"source":{"pvc":{"claimName":"a"}}}}""");

        Assert.Equal("there is no LlmModel m in this namespace yet: nothing runs until it is created", (string)Assert.Single(early["warnings"]!.AsArray())!);
        Assert.StartsWith("deletion waits for 1 LlmEndpoint that serve", (string)Assert.Single(deletion["warnings"]!.AsArray())!, StringComparison.Ordinal);
        Assert.True((bool)deletion["allowed"]!);
    }

    [Theory]
    [InlineData("spec.template.spec.nodeSelector", "spec.scheduling.nodeSelector")]
    [InlineData("spec.template.spec.containers[0].volumeMounts[2].name", "spec.podTemplate")]
    public async Task What_the_API_server_refuses_of_the_objects_is_refused_at_once_with_its_words(string path, string field)
    {
        await StartAsync();
        _operator.Api.Intercept = (request, _) => request is { Verb: "try", Plural: "deployments" }
            ? throw new KubeApiException(HttpStatusCode.UnprocessableEntity, "Invalid", "it is invalid", [new("FieldValueInvalid", path, "Invalid value: \"a b\": not so")])
            : Task.CompletedTask;

        var response = await AskAsync("llmendpoint", "CREATE", Tried);
        Assert.False((bool)response["allowed"]!);
        var cause = Assert.Single(response["status"]!["details"]!["causes"]!.AsArray())!;
        Assert.Equal((field, $"Invalid value: the API server refuses the Deployment made from it: {path}: Invalid value: \"a b\": not so"), ((string)cause["field"]!, (string)cause["message"]!));
        Assert.Empty(_operator.Writes);

        // What was so before keeps nobody from another change, and is told.
        response = await AskAsync("llmendpoint", "UPDATE", Tried.Replace("A10G", "L4", StringComparison.Ordinal), Tried);
        Assert.True((bool)response["allowed"]!);
        Assert.Contains(response["warnings"]!.AsArray(), warning => ((string)warning!).Contains("the API server refuses the Deployment", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_trial_that_may_not_be_made_or_takes_long_lets_pass_with_a_warning()
    {
        await StartAsync();
        _operator.Api.Intercept = (request, _) => request.Verb == "try" ? throw FakeKubeClient.Error(HttpStatusCode.Forbidden, "Forbidden") : Task.CompletedTask;
        var response = await AskAsync("llmendpoint", "CREATE", Tried);
        Assert.True((bool)response["allowed"]!);
        Assert.Contains(response["warnings"]!.AsArray(), warning => ((string)warning!).StartsWith("the Deployment made from it could not be tried at the API server", StringComparison.Ordinal));

        _operator.Api.Intercept = (request, token) => request.Verb == "try" ? Task.Delay(Timeout.Infinite, token) : Task.CompletedTask;
        var slow = AskAsync("llmendpoint", "CREATE", Tried);
        await Until.TrueAsync(() => slow.IsCompleted, "the review ends", _operator.Clock, TimeSpan.FromMilliseconds(100));
        Assert.True((bool)(await slow)["allowed"]!);
        Assert.Contains((await slow)["warnings"]!.AsArray(), warning => ((string)warning!).EndsWith("there was no answer in time", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Objects_of_a_namespace_that_is_not_looked_after_are_somebody_elses()
    {
        await StartAsync();
        var narrow = new AdmissionWebhook(new(_informers, _operator.Api, AcceleratorCatalogue.Default, LicensePolicy.Ignore, new(), _operator.Clock, _log), "prod", _log);

        Assert.True((bool)(await AskAsync("llmendpoint", "CREATE", Unknown, webhook: narrow))["allowed"]!);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _informers.StoppedAsync();
        await _operator.DisposeAsync();
        _stop.Dispose();
    }

    private async Task StartAsync()
    {
        _informers.Start(_stop.Token);
        await _informers.WaitForSyncAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private async Task<JsonNode> AskAsync(string path, string operation, string? obj, string? old = null, string? subresource = null, AdmissionWebhook? webhook = null)
    {
        var review = new JsonObject
        {
            ["kind"] = "AdmissionReview",
            ["apiVersion"] = "admission.k8s.io/v1",
            ["request"] = new JsonObject
            {
                ["uid"] = "uid-of-the-question",
                ["name"] = "e",
                ["namespace"] = "default",
                ["operation"] = operation,
                ["subResource"] = subresource,
                ["userInfo"] = new JsonObject { ["username"] = "alice" },
                ["object"] = obj is null ? null : JsonNode.Parse(obj),
                ["oldObject"] = old is null ? null : JsonNode.Parse(old),
            },
        };
        var answer = await (webhook ?? _webhook).AnswerAsync($"/validate/{path}", Encoding.UTF8.GetBytes(review.ToJsonString()), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return JsonNode.Parse(answer.Body)!["response"]!;
    }
}
