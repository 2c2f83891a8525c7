using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Kinds;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Admission;

public sealed class WebhookConfigurationTests
{
    private const string Validating = "validatingwebhookconfigurations.admissionregistration.k8s.io";
    private const string Mutating = "mutatingwebhookconfigurations.admissionregistration.k8s.io";

    private readonly BuiltinCluster _cluster = new();

    [Fact]
    public void What_a_configuration_leaves_out_has_the_usual_values()
    {
        var webhook = _cluster.Create(Mutating, Configuration(_ => { })).Objects("webhooks").Single();

        Assert.Equal(("Fail", "Equivalent", 10L), (webhook.Text("failurePolicy"), webhook.Text("matchPolicy"), webhook.Integer("timeoutSeconds")));
        Assert.Equal("Never", webhook.Text("reinvocationPolicy"));
        Assert.Equal("*", webhook.Objects("rules").Single().Text("scope"));
        Assert.Equal("{}", webhook["namespaceSelector"]!.ToJsonString());
    }

    [Fact]
    public void A_service_listens_on_443_unless_it_says_otherwise() => Assert.Equal(
        443,
        _cluster.Create(Validating, Configuration(webhook => webhook["clientConfig"] = JsonNode.Parse("""{"service":{"namespace":"a","name":"b"}}""")))
            .Objects("webhooks").Single().Integer("clientConfig", "service", "port"));

    [Theory]
    [InlineData("name", "\"short\"", "webhooks[0].name: Invalid value: \"short\": should be a domain with at least three segments separated by dots")]
    [InlineData("failurePolicy", "\"Maybe\"", "webhooks[0].failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", \"Ignore\"")]
    [InlineData("matchPolicy", "\"Near\"", "webhooks[0].matchPolicy: Unsupported value: \"Near\": supported values: \"Equivalent\", \"Exact\"")]
    [InlineData("sideEffects", "null", "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun")]
    [InlineData("sideEffects", "\"Some\"", "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"")]
    [InlineData("timeoutSeconds", "31", "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds")]
    [InlineData("clientConfig", "{}", "webhooks[0].clientConfig: Required value: exactly one of url or service is required")]
    [InlineData("clientConfig", """{"url":"http://x"}""", "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]")]
    [InlineData("clientConfig", """{"url":"https://x?y"}""", "webhooks[0].clientConfig.url: Invalid value: \"y\": query parameters are not permitted in the URL")]
    [InlineData("clientConfig", """{"service":{"name":"a","namespace":"b","path":"xy"}}""", "webhooks[0].clientConfig.service.path: Invalid value: \"xy\": must start with a '/'")]
    [InlineData("admissionReviewVersions", """["v7"]""", "webhooks[0].admissionReviewVersions: Invalid value: [\"v7\"]: must include at least one of v1, v1beta1")]
    [InlineData("admissionReviewVersions", """["v1","v1"]""", "webhooks[0].admissionReviewVersions[1]: Invalid value: \"v1\": duplicate version")]
    [InlineData("matchConditions", """[{"name":"a"}]""", "webhooks[0].matchConditions[0].expression: Required value")]
    [InlineData("matchConditions", """[{"name":"a","expression":"object."}]""", "webhooks[0].matchConditions[0].expression: Invalid value: \"object.\": compilation failed: ERROR: <input>:1:8: Syntax error: no viable alternative at input '<EOF>'\n | object.\n | .......^")]
    [InlineData("matchConditions", """[{"name":"a","expression":"1"}]""", "webhooks[0].matchConditions[0].expression: Invalid value: \"1\": must evaluate to bool")]
    public void A_webhook_that_says_something_wrong_is_refused_with_the_field(string field, string value, string message)
    {
        var refusal = _cluster.Refusal(Validating, Configuration(webhook => webhook[field] = JsonNode.Parse(value)));
        Assert.Equal(422, refusal.Code);
        Assert.Equal($"ValidatingWebhookConfiguration.admissionregistration.k8s.io \"c\" is invalid: {message}", refusal.Message);
    }

    [Theory]
    [InlineData("""{"operations":["*","CREATE"]}""", "rules[0].operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not specify other operations")]
    [InlineData("""{"operations":["Create"]}""", "rules[0].operations[0]: Unsupported value: \"Create\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"")]
    [InlineData("""{"apiGroups":[]}""", "rules[0].apiGroups: Required value")]
    [InlineData("""{"resources":["pods","*"]}""", "rules[0].resources: Invalid value: [\"pods\",\"*\"]: if '*' is present, must not specify other resources without subresources")]
    [InlineData("""{"resources":["pods/*","pods/status"]}""", "rules[0].resources[1]: Invalid value: \"pods/status\": if 'pods/*' is present, must not specify pods/status")]
    [InlineData("""{"scope":"Here"}""", "rules[0].scope: Unsupported value: \"Here\": supported values: \"*\", \"Cluster\", \"Namespaced\"")]
    public void A_rule_that_says_something_wrong_is_refused_with_the_field(string change, string message)
    {
        var refusal = _cluster.Refusal(Validating, Configuration(webhook =>
        {
            foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
            {
                webhook["rules"]![0]![name] = value?.DeepClone();
            }
        }));
        Assert.EndsWith($"is invalid: webhooks[0].{message}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_within_a_configuration_differ()
    {
        var configuration = JsonNode.Parse(Configuration(_ => { }))!.AsObject();
        configuration["webhooks"]!.AsArray().Add(configuration["webhooks"]![0]!.DeepClone());

        Assert.EndsWith("webhooks[1].name: Duplicate value: \"a.example.com\"", _cluster.Refusal(Validating, configuration.ToJsonString()).Message, StringComparison.Ordinal);
    }

    private static string Configuration(Action<JsonObject> adjust)
    {
        var configuration = JsonNode.Parse(
            """
            {"metadata":{"name":"c"},"webhooks":[{"name":"a.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"url":"https://x"},
             "rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}]}]}
            """)!.AsObject();
        adjust(configuration["webhooks"]![0]!.AsObject());
        return configuration.ToJsonString();
    }
}
