using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Gateways;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Planning.Tests.Objects;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Planning.Tests.Gateways;

public sealed class GatewayPlannerTests
{
    private static readonly LlmEndpoint Plain = Endpoint("twin", """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}""");

    private static readonly LlmEndpoint Full = Endpoint(
        "chat",
        """
        {"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"prompt":{"templateRef":{"name":"prompts","key":"chat"}},
         "promptTrace":{"exporters":[{"name":"a","url":"http://a","apiKeySecretRef":{"name":"key-b"}},{"name":"b","url":"http://b","headersSecretRef":{"name":"key-a"}}]}}
        """);

    [Fact]
    public void The_gateway_of_a_namespace_is_that_of_the_golden_file()
    {
        var plan = Plan([Plain, Full], new() { GatewayImage = "registry/gateway:1", TraceEndpoint = new("http://collector:4318") });

        Assert.Null(GoldenFile.Difference(PlannedObjects.GoldenPath("gateway"), PlannedObjects.Text(
            plan.ServiceAccount, plan.Role, plan.RoleBinding, plan.ExporterRole, plan.ExporterRoleBinding, plan.Service, plan.DisruptionBudget, plan.Deployment)));
    }

    [Fact]
    public void There_is_none_without_endpoints_and_none_where_it_is_switched_off()
    {
        Assert.Equal(new GatewayPlan(), Plan([]));
        Assert.Equal(new GatewayPlan(), Plan([Plain], new() { Gateway = false }));
    }

    [Fact]
    public void Another_model_or_engine_changes_no_object()
    {
        var other = Endpoint("twin", """{"modelRef":{"name":"n"},"accelerator":{"type":"H100"},"engine":{"type":"TGI"},"replicas":4,"generation":{},"promptTrace":{"sampleRate":0.5}}""");

        Assert.Equal(Text(Plan([Plain])), Text(Plan([other])));
        Assert.False(GatewayPlanner.Differs(Plain, other));
    }

    [Fact]
    public void A_template_or_a_key_changes_what_may_be_read_and_leaves_the_pods_alone()
    {
        var (before, after) = (Plan([Plain]), Plan([Plain, Full]));

        Assert.Equal(PlannedObjects.Text(before.Deployment), PlannedObjects.Text(after.Deployment));
        Assert.Null(before.ExporterRole);
        Assert.Equal(["key-a", "key-b"], after.ExporterRole!.Rules!.Single().ResourceNames!);
        Assert.Equal(["prompts"], after.Role!.Rules!.Single(rule => rule.Resources!.Contains("configmaps")).ResourceNames!);
        Assert.True(GatewayPlanner.Differs(Plain, Full));
    }

    [Fact]
    public void What_retrieval_names_may_be_read_by_name()
    {
        var rag = Endpoint("rag", """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"rag":{"indexRef":{"name":"i"},"helper":{"url":"http://h","apiKeySecretRef":{"name":"helper-key"}}}}""");
        var index = Index("""{"qdrant":{"external":{"url":"https://q","apiKeySecretRef":{"name":"q-key"},"tls":{"caConfigMapRef":{"name":"authority","key":"ca.crt"}}}},"collections":[{"name":"c"}]}""");
        var managed = Index("""{"qdrant":{"managed":{}},"collections":[{"name":"c"}]}""");
        var plan = GatewayPlanner.Plan(new() { Namespace = "prod", Endpoints = [Plain, rag], Indexes = [index, managed] });

        Assert.Equal(["helper-key", "q-key"], plan.ExporterRole!.Rules!.Single().ResourceNames!);
        Assert.Contains(plan.Role!.Rules!, rule => rule.Resources!.Contains("secrets") && rule.ResourceNames!.Contains(QdrantNames.Keys));
        Assert.Equal(["authority"], plan.Role!.Rules!.Single(rule => rule.Resources!.Contains("configmaps")).ResourceNames!);
        Assert.Contains(plan.Role.Rules!, rule => rule.Resources!.Contains("ragindexes") && rule.Verbs!.SequenceEqual(["get", "list", "watch"]));
        Assert.True(GatewayPlanner.Differs(Plain, rag));
        Assert.True(GatewayPlanner.Differs(managed, index));
        Assert.False(GatewayPlanner.Differs(index, index with { Status = new() { Points = 7 } }));
    }

    [Fact]
    public void Secrets_and_ConfigMaps_may_be_read_by_name_alone() =>
        Assert.All(
            new[] { Plan([Plain]).Role!, Plan([Full]).Role!, Plan([Full]).ExporterRole! }.SelectMany(role => role.Rules!).Where(rule => rule.Resources!.Any(resource => resource is "secrets" or "configmaps")),
            rule => Assert.NotEmpty(rule.ResourceNames!));

    [Fact]
    public void The_operator_has_every_right_it_gives_a_gateway()
    {
        var own = YamlJson.Documents("config/base/clusterrole.yaml").Single()["rules"]!.AsArray();
        var reader = YamlJson.Documents("config/base/secret-reader-role.yaml").Single()["rules"]!.AsArray();

        Assert.Empty(Missing(Plan([Full]).Role!, own));
        Assert.Empty(Missing(Plan([Full]).ExporterRole!, reader));
        Assert.NotEmpty(Missing(Plan([Full]).ExporterRole!, own));

        static IEnumerable<string> Missing(Role role, JsonArray held) =>
            from rule in role.Rules!
            from resource in rule.Resources!
            from verb in rule.Verbs!
            from name in rule.ResourceNames ?? [""]
            where !held.Any(has => Has(has!, "apiGroups", rule.ApiGroups!.Single()) && Has(has!, "resources", resource) && Has(has!, "verbs", verb) && (has!["resourceNames"] is null || Has(has, "resourceNames", name)))
            select $"{verb} {resource} {name}";

        static bool Has(JsonNode rule, string list, string value) => rule[list]!.AsArray().Any(entry => entry!.ToString() == value);
    }

    [Fact]
    public void An_object_of_its_name_that_is_somebody_elses_is_left_alone_and_told()
    {
        var ours = Plan([Plain]).Service! with { Metadata = Plan([Plain]).Service!.Metadata with { Annotations = new Dictionary<string, string> { [ApiGroup.ContentHashAnnotation] = "x" } } };
        var owned = ours with { Metadata = ours.Metadata with { OwnerReferences = [new() { ApiVersion = "v1", Kind = "Thing", Name = "t", Uid = "u", Controller = true }] } };

        Assert.Null(Plan([Plain], existing: ours).Conflict);
        Assert.StartsWith("Service llm-gateway is there already", Plan([Plain], existing: owned).Conflict, StringComparison.Ordinal);
        var plan = Plan([Plain], existing: new Service { Metadata = new() { Name = "llm-gateway", Namespace = "prod" } });
        Assert.NotNull(plan.Conflict);
        Assert.Null(plan.Deployment);
    }

    private static GatewayPlan Plan(IReadOnlyList<LlmEndpoint> endpoints, DataPathOptions? options = null, IKubeObject? existing = null) =>
        GatewayPlanner.Plan(new() { Namespace = "prod", Endpoints = endpoints, DataPath = options ?? new(), Existing = existing is null ? [] : [existing] });

    private static string Text(GatewayPlan plan) => PlannedObjects.Text(plan.ServiceAccount, plan.Role, plan.RoleBinding, plan.Service, plan.DisruptionBudget, plan.Deployment);

    private static RagIndex Index(string spec) => new() { Metadata = new() { Name = "i", Namespace = "prod" }, Spec = JsonSerializer.Deserialize(spec, ApiJsonContext.Default.RagIndexSpec) };

    private static LlmEndpoint Endpoint(string name, string spec) => new()
    {
        Metadata = new() { Name = name, Namespace = "prod", Uid = name },
        Spec = JsonSerializer.Deserialize(spec, ApiJsonContext.Default.LlmEndpointSpec),
    };
}
