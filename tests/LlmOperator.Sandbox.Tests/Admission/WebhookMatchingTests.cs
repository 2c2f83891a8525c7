using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Admission;

public sealed class WebhookMatchingTests : WebhookCluster
{
    [Theory]
    [InlineData("", "v1", "configmaps", "CREATE", "*", true)]
    [InlineData("*", "*", "*", "*", "Namespaced", true)]
    [InlineData("*", "*", "*/*", "CREATE", "*", true)]
    [InlineData("apps", "v1", "configmaps", "CREATE", "*", false)]
    [InlineData("", "v2", "configmaps", "CREATE", "*", false)]
    [InlineData("", "v1", "configmaps/status", "CREATE", "*", false)]
    [InlineData("", "v1", "*/scale", "CREATE", "*", false)]
    [InlineData("", "v1", "secrets", "CREATE", "*", false)]
    [InlineData("", "v1", "configmaps", "DELETE", "*", false)]
    [InlineData("", "v1", "configmaps", "CREATE", "Cluster", false)]
    public async Task A_rule_names_groups_versions_resources_operations_and_scope(string group, string version, string resource, string operation, string scope, bool asked)
    {
        Hook.On("/judge", _ => TestWebhook.Allow());
        await Validating(Entry("/judge", entry => entry["rules"] = new JsonArray(new JsonObject
        {
            ["apiGroups"] = new JsonArray(group),
            ["apiVersions"] = new JsonArray(version),
            ["resources"] = new JsonArray(resource),
            ["operations"] = new JsonArray(operation),
            ["scope"] = scope,
        })));

        Assert.Equal(201, (await CreateConfigMap("a")).Code);
        Assert.Equal(asked, !Hook.Requests.IsEmpty);
    }

    [Fact]
    public async Task Namespaces_are_selected_by_their_labels_of_which_the_name_is_one()
    {
        Hook.On("/judge", _ => TestWebhook.Deny("no"));
        await Validating(Entry("/judge", entry => entry["namespaceSelector"] = JsonNode.Parse("""{"matchLabels":{"kubernetes.io/metadata.name":"default"}}""")));
        await Send(HttpMethod.Post, "/api/v1/namespaces", JsonNode.Parse("""{"metadata":{"name":"other"}}"""));

        Assert.Equal(400, (await CreateConfigMap("a")).Code);
        Assert.Equal(201, (await Send(HttpMethod.Post, "/api/v1/namespaces/other/configmaps", JsonNode.Parse("""{"metadata":{"name":"a"}}"""))).Code);
    }

    [Fact]
    public async Task Objects_are_selected_by_their_labels_before_or_after_the_change()
    {
        Hook.On("/judge", _ => TestWebhook.Allow());
        await Validating(Entry("/judge", entry => entry["objectSelector"] = JsonNode.Parse("""{"matchLabels":{"watch":"me"}}""")));
        await CreateConfigMap("a");
        Assert.Empty(Hook.Requests);

        var patch = "application/merge-patch+json";
        await Send(HttpMethod.Patch, $"{ConfigMaps}/a", JsonNode.Parse("""{"metadata":{"labels":{"watch":"me"}}}"""), patch);
        await Send(HttpMethod.Patch, $"{ConfigMaps}/a", JsonNode.Parse("""{"metadata":{"labels":{"watch":null}}}"""), patch);
        await Send(HttpMethod.Patch, $"{ConfigMaps}/a", JsonNode.Parse("""{"data":{"a":"3"}}"""), patch);
        Assert.Equal(2, Hook.Requests.Count);
    }

    [Theory]
    [InlineData("Equivalent", true)]
    [InlineData("Exact", false)]
    public async Task An_equivalent_match_sees_the_object_in_the_version_its_rule_names(string policy, bool asked)
    {
        Hook.On("/judge", _ => TestWebhook.Allow());
        await Validating(Entry("/judge", entry =>
        {
            entry["matchPolicy"] = policy;
            entry["rules"] = JsonNode.Parse("""[{"apiGroups":["autoscaling"],"apiVersions":["v2"],"resources":["horizontalpodautoscalers"],"operations":["CREATE"]}]""");
        }));
        var scaler = JsonNode.Parse("""{"metadata":{"name":"a"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d"},"targetCPUUtilizationPercentage":50}}""");

        Assert.Equal(201, (await Send(HttpMethod.Post, "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", scaler)).Code);

        Assert.Equal(asked, !Hook.Requests.IsEmpty);
        if (asked)
        {
            var request = Hook.Requests.Single();
            Assert.Equal(("v2", "v1"), (request.Text("kind", "version"), request.Text("requestKind", "version")));
            Assert.Equal("autoscaling/v2", request.Text("object", "apiVersion"));
            Assert.Equal(50, request["object"]!["spec"]!["metrics"]![0]!.Integer("resource", "target", "averageUtilization"));
        }
    }

    [Fact]
    public async Task Conditions_decide_over_the_objects_and_the_request()
    {
        Hook.On("/judge", _ => TestWebhook.Deny("asked"));
        await Validating(Entry("/judge", entry => entry["matchConditions"] = JsonNode.Parse(
            """
            [{"name":"user","expression":"request.userInfo.username == 'kubernetes-admin' && request.operation == 'CREATE'"},
             {"name":"data","expression":"object.data.a == '1' && oldObject == null"}]
            """)));

        Assert.Equal("admission webhook \"judge.example.com\" denied the request: asked", (await CreateConfigMap("a")).Message);
        Assert.Equal(201, (await Send(HttpMethod.Post, ConfigMaps, JsonNode.Parse("""{"metadata":{"name":"b"},"data":{"a":"2"}}"""))).Code);
        var fault = await Send(HttpMethod.Post, ConfigMaps, JsonNode.Parse("""{"metadata":{"name":"c"}}"""));
        Assert.Equal(403, fault.Code);
        Assert.Contains("no such key: data", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configurations_of_webhooks_are_never_put_before_webhooks()
    {
        Hook.On("/judge", _ => TestWebhook.Deny("no"));
        await Validating(Entry("/judge", entry => entry["rules"] = JsonNode.Parse("""[{"apiGroups":["*"],"apiVersions":["*"],"resources":["*"],"operations":["*"]}]""")));

        Assert.Equal(201, (await Mutating(Entry("/other"))).Code);
        Assert.Equal(200, (await Send(HttpMethod.Delete, "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/validation")).Code);
    }

    [Fact]
    public async Task A_service_is_reached_where_it_is_registered_under_its_own_name()
    {
        await using var service = await TestWebhook.StartAsync("hook.system.svc");
        service.On("/judge", _ => TestWebhook.Deny("asked", 403));
        await Validating(Entry("/judge", entry => entry["clientConfig"] = new JsonObject
        {
            ["service"] = new JsonObject { ["namespace"] = "system", ["name"] = "hook", ["path"] = "/judge" },
            ["caBundle"] = service.Authority,
        }));
        const string Failed = "Internal error occurred: failed calling webhook \"judge.example.com\": failed to call webhook: Post \"https://hook.system.svc:443/judge?timeout=10s\": ";

        Assert.Equal(Failed + "service \"hook\" not found", (await CreateConfigMap("a")).Message);

        await Send(HttpMethod.Post, "/api/v1/namespaces", JsonNode.Parse("""{"metadata":{"name":"system"}}"""));
        await Send(HttpMethod.Post, "/api/v1/namespaces/system/services", JsonNode.Parse("""{"metadata":{"name":"hook"},"spec":{"ports":[{"port":443}]}}"""));
        Assert.Equal(Failed + "no endpoints available for service \"hook\"", (await CreateConfigMap("a")).Message);

        Server.RegisterWebhookService("system", "hook", service.Address);
        Assert.Equal("admission webhook \"judge.example.com\" denied the request: asked", (await CreateConfigMap("a")).Message);
    }

    [Fact]
    public async Task Writes_of_the_clusters_own_components_are_asked_about_under_their_names()
    {
        Hook.On("/judge", _ => TestWebhook.Deny("no", 403));
        await Validating(Entry("/judge"));

        var refusal = await Assert.ThrowsAsync<LlmOperator.Sandbox.Server.StatusException>(() => Task.Run(() => Server.Cluster.Create(
            new("", "configmaps"), JsonNode.Parse("""{"metadata":{"name":"a","namespace":"default"}}""")!.AsObject(), "kube-controller-manager")));

        Assert.Equal("admission webhook \"judge.example.com\" denied the request: no", refusal.Message);
        Assert.Equal("system:kube-controller-manager", Hook.Requests.Single().Text("userInfo", "username"));
    }
}
