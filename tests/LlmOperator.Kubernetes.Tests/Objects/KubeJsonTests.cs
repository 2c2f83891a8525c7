using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Objects;

public sealed class KubeJsonTests
{
    [Fact]
    public void An_object_says_its_version_and_kind_and_nothing_that_was_not_set()
    {
        var deployment = new Deployment
        {
            Metadata = new ObjectMeta { Name = "web", Namespace = "shop" },
            Spec = new DeploymentSpec { Strategy = new DeploymentStrategy { RollingUpdate = new RollingUpdateDeployment { MaxSurge = "25%", MaxUnavailable = 0 } } },
        };

        AssertJson("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":0,"maxSurge":"25%"}}}}""",
            JsonSerializer.Serialize(deployment, KubeJson.Default.Deployment));
    }

    [Fact]
    public void Times_are_written_in_utc_with_seconds_and_micro_times_with_six_decimals()
    {
        var moment = new DateTimeOffset(2026, 1, 2, 4, 4, 5, 123, TimeSpan.FromHours(1)).AddTicks(4567);
        var lease = new Lease { Metadata = new ObjectMeta { CreationTimestamp = moment }, Spec = new LeaseSpec { RenewTime = moment } };

        AssertJson("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{"renewTime":"2026-01-02T03:04:05.123456Z"}}""",
            JsonSerializer.Serialize(lease, KubeJson.Default.Lease));
    }

    [Fact]
    public void An_object_without_metadata_has_empty_metadata()
    {
        var pod = JsonSerializer.Deserialize("""{"spec":{"containers":[{"name":"a"}]}}""", KubeJson.Default.Pod)!;

        Assert.Null(pod.Metadata.Name);
        Assert.Equal("a", pod.Spec!.Containers![0].Name);
    }

    [Fact]
    public void A_lease_keeps_the_fields_we_do_not_know_and_drops_managed_fields()
    {
        var lease = JsonSerializer.Deserialize(
            """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","later":{"a":1},
             "metadata":{"name":"x","selfLink":"/x","managedFields":[{"manager":"m","fieldsV1":{"f:spec":{}}}]},
             "spec":{"holderIdentity":"me","preferredHolder":"you","strategy":"OldestEmulationVersion"}}
            """, KubeJson.Default.Lease)!;

        AssertJson(
            """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","later":{"a":1},"metadata":{"name":"x","selfLink":"/x"},
             "spec":{"holderIdentity":"other","preferredHolder":"you","strategy":"OldestEmulationVersion"}}
            """, JsonSerializer.Serialize(lease with { Spec = lease.Spec! with { HolderIdentity = "other" } }, KubeJson.Default.Lease));
        Assert.False(lease.Metadata.Extra!.ContainsKey("managedFields"));
    }

    [Fact]
    public void A_schema_keeps_boolean_and_schema_forms_of_additional_properties()
    {
        const string Text = """
            {"type":"object","additionalProperties":{"type":"object","additionalProperties":false,"default":{"a":[1,null]},"x-kubernetes-preserve-unknown-fields":true},
             "x-kubernetes-validations":[{"rule":"self.a > 1","message":"m"}],"minimum":0.5,"maxLength":63,"enum":["a","b"]}
            """;

        AssertJson(Text, JsonSerializer.Serialize(JsonSerializer.Deserialize(Text, KubeJson.Default.JsonSchemaProps)!, KubeJson.Default.JsonSchemaProps));
    }

    [Theory]
    [InlineData("80")]
    [InlineData("\"80\"")]
    [InlineData("\"http\"")]
    [InlineData("-1")]
    public void An_int_or_string_stays_which_of_the_two_it_was(string json) =>
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<IntOrString>(json, Options), Options));

    [Theory]
    [InlineData("1.5")]
    [InlineData("4294967296")]
    [InlineData("true")]
    [InlineData("{}")]
    public void An_int_or_string_is_nothing_else(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<IntOrString>(json, Options));

    [Fact]
    public void Strings_that_many_objects_share_are_one()
    {
        const string Json = """{"metadata":{"namespace":"team-a","labels":{"app.kubernetes.io/name":"web"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"u"}]}}""";
        var one = JsonSerializer.Deserialize(Json, KubeJson.Default.Pod)!.Metadata;
        var two = JsonSerializer.Deserialize(Json, KubeJson.Default.Pod)!.Metadata;

        Assert.Same(one.Namespace, two.Namespace);
        Assert.Same(one.Labels!.Keys.Single(), two.Labels!.Keys.Single());
        Assert.Same(one.Labels!["app.kubernetes.io/name"], two.Labels!["app.kubernetes.io/name"]);
        Assert.Same(one.OwnerReferences![0].Kind, two.OwnerReferences![0].Kind);
    }

    private static JsonSerializerOptions Options { get; } = new(KubeJson.Default.Options);

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), $"expected {expected}\nactual   {actual}");
}
