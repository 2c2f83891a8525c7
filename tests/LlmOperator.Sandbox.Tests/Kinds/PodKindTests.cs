using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Kinds;

public sealed class PodKindTests
{
    private readonly BuiltinCluster _cluster = new();

    [Fact]
    public void A_minimal_pod_gets_what_the_api_server_fills_in()
    {
        var pod = Create("""{"containers":[{"name":"c","image":"app:1","ports":[{"containerPort":80}],"livenessProbe":{"httpGet":{"port":80}}}]}""");

        Same("""{"phase":"Pending","qosClass":"BestEffort"}""", pod["status"]);
        var spec = pod["spec"]!;
        Assert.Equal("Always", (string?)spec["restartPolicy"]);
        Assert.Equal("ClusterFirst", (string?)spec["dnsPolicy"]);
        Assert.Equal(30, (int?)spec["terminationGracePeriodSeconds"]);
        Assert.Equal("default-scheduler", (string?)spec["schedulerName"]);
        Assert.True((bool?)spec["enableServiceLinks"]);
        Assert.Equal(0, (int?)spec["priority"]);
        Same("{}", spec["securityContext"]);
        Same(
            """
            {"name":"c","image":"app:1","imagePullPolicy":"IfNotPresent","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",
             "ports":[{"containerPort":80,"protocol":"TCP"}],
             "livenessProbe":{"httpGet":{"port":80,"path":"/","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}}
            """,
            spec["containers"]![0]);
        Assert.Equal(
            ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"],
            spec.Objects("tolerations").Select(toleration => toleration.Text("key")));
    }

    [Theory]
    [InlineData("app", "Always")]
    [InlineData("app:latest", "Always")]
    [InlineData("registry:5000/app", "Always")]
    [InlineData("registry:5000/app:v1", "IfNotPresent")]
    [InlineData("app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "IfNotPresent")]
    public void The_tag_decides_when_an_image_is_pulled(string image, string policy) =>
        Assert.Equal(policy, (string?)Create($$"""{"containers":[{"name":"c","image":"{{image}}"}]}""")["spec"]!["containers"]![0]!["imagePullPolicy"]);

    [Theory]
    [InlineData("""{}""", "BestEffort")]
    [InlineData("""{"limits":{"cpu":"1","memory":"1Gi"}}""", "Guaranteed")]
    [InlineData("""{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1000m","memory":"1024Mi"}}""", "Guaranteed")]
    [InlineData("""{"requests":{"cpu":"1"}}""", "Burstable")]
    [InlineData("""{"limits":{"nvidia.com/gpu":"1"}}""", "BestEffort")]
    public void Quality_of_service_follows_from_processor_and_memory(string resources, string quality) =>
        Assert.Equal(quality, (string?)Create($$$"""{"containers":[{"name":"c","image":"a:1","resources":{{{resources}}}}]}""")["status"]!["qosClass"]);

    [Fact]
    public void Requests_follow_limits_in_pods_but_not_in_templates()
    {
        const string Spec = """{"containers":[{"name":"c","image":"a:1","resources":{"limits":{"nvidia.com/gpu":1,"cpu":"2000m"}}}]}""";

        Same("""{"limits":{"nvidia.com/gpu":"1","cpu":"2"},"requests":{"nvidia.com/gpu":"1","cpu":"2"}}""", Create(Spec)["spec"]!["containers"]![0]!["resources"]);
        var template = _cluster.Create("podtemplates", $$$"""{"metadata":{"name":"t"},"template":{"spec":{{{Spec}}}}}""");
        Same("""{"limits":{"nvidia.com/gpu":"1","cpu":"2"}}""", template["template"]!["spec"]!["containers"]![0]!["resources"]);
    }

    [Theory]
    [InlineData("""{"containers":[]}""", "spec.containers")]
    [InlineData("""{}""", "spec.containers")]
    [InlineData("""{"containers":[{"name":"c"}]}""", "spec.containers[0].image")]
    [InlineData("""{"containers":[{"name":"","image":"a"}]}""", "spec.containers[0].name")]
    [InlineData("""{"containers":[{"name":"C_1","image":"a"}]}""", "spec.containers[0].name")]
    [InlineData("""{"containers":[{"name":"c","image":"a"},{"name":"c","image":"a"}]}""", "spec.containers[1].name")]
    [InlineData("""{"containers":[{"name":"c","image":"a","ports":[{"containerPort":70000}]}]}""", "spec.containers[0].ports[0].containerPort")]
    [InlineData("""{"containers":[{"name":"c","image":"a","ports":[{}]}]}""", "spec.containers[0].ports[0].containerPort")]
    [InlineData("""{"containers":[{"name":"c","image":"a","volumeMounts":[{"name":"none","mountPath":"/x"}]}]}""", "spec.containers[0].volumeMounts[0].name")]
    [InlineData("""{"containers":[{"name":"c","image":"a","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}}}]}""", "spec.containers[0].resources.requests")]
    [InlineData("""{"containers":[{"name":"c","image":"a","resources":{"requests":{"nvidia.com/gpu":"1"}}}]}""", "spec.containers[0].resources.limits")]
    [InlineData("""{"containers":[{"name":"c","image":"a","resources":{"requests":{"nvidia.com/gpu":"1"},"limits":{"nvidia.com/gpu":"2"}}}]}""", "spec.containers[0].resources.requests")]
    [InlineData("""{"containers":[{"name":"c","image":"a","resources":{"limits":{"nvidia.com/gpu":"500m"}}}]}""", "spec.containers[0].resources.limits[nvidia.com/gpu]")]
    [InlineData("""{"containers":[{"name":"c","image":"a","livenessProbe":{"periodSeconds":3}}]}""", "spec.containers[0].livenessProbe")]
    [InlineData("""{"restartPolicy":"Sometimes","containers":[{"name":"c","image":"a"}]}""", "spec.restartPolicy")]
    [InlineData("""{"tolerations":[{"operator":"Equal"}],"containers":[{"name":"c","image":"a"}]}""", "spec.tolerations[0].operator")]
    [InlineData("""{"volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/"}}],"containers":[{"name":"c","image":"a"}]}""", "spec.volumes[0].hostPath")]
    public void An_invalid_pod_is_refused_naming_the_field(string spec, string field)
    {
        var refusal = _cluster.Refusal("pods", $$$"""{"metadata":{"name":"p"},"spec":{{{spec}}}}""");

        Assert.Equal(422, refusal.Code);
        Assert.Contains(field, refusal.Fields());
        Assert.Equal(refusal.Fields().Distinct(), refusal.Fields());
    }

    [Fact]
    public void A_variable_or_a_port_given_twice_is_taken_as_it_is()
    {
        var pod = Create("""{"containers":[{"name":"c","image":"a","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}],"ports":[{"containerPort":80},{"containerPort":80}]}]}""");

        Assert.Equal(2, pod["spec"]!["containers"]![0]!["env"]!.AsArray().Count);
        Assert.Equal(2, pod["spec"]!["containers"]![0]!["ports"]!.AsArray().Count);
    }

    [Fact]
    public void Text_that_is_no_quantity_cannot_be_decoded()
    {
        var refusal = _cluster.Refusal("pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"a","resources":{"limits":{"cpu":"much"}}}]}}""");

        Assert.Equal(400, refusal.Code);
        Assert.Contains("quantities must match the regular expression", refusal.Message);
    }

    [Fact]
    public void Of_a_running_pods_spec_only_images_and_a_few_others_change()
    {
        Create("""{"containers":[{"name":"c","image":"a:1"}]}""");

        var changed = _cluster.Change("pods", "p", pod => pod["spec"]!["containers"]![0]!["image"] = "a:2");
        Assert.Equal(2, (int?)changed["metadata"]!["generation"]);
        _cluster.Change("pods", "p", pod => pod["spec"]!["activeDeadlineSeconds"] = 60);
        _cluster.Change("pods", "p", pod => pod["spec"]!["tolerations"]!.AsArray().Add(new JsonObject { ["key"] = "k", ["operator"] = "Exists" }));
        Assert.Equal(["spec"], _cluster.RefusedChange("pods", "p", pod => pod["spec"]!["containers"]![0]!["args"] = new JsonArray("x")).Fields());
        Assert.Equal(["spec"], _cluster.RefusedChange("pods", "p", pod => pod["spec"]!["tolerations"]!.AsArray().RemoveAt(0)).Fields());
        Assert.Equal(["spec"], _cluster.RefusedChange("pods", "p", pod => pod["spec"]!["nodeName"] = "n").Fields());
    }

    [Fact]
    public void A_priority_class_gives_the_pod_its_number_and_must_exist()
    {
        _cluster.Create("priorityclasses.scheduling.k8s.io", """{"metadata":{"name":"high"},"value":1000}""");

        var pod = Create("""{"priorityClassName":"high","containers":[{"name":"c","image":"a"}]}""");
        Assert.Equal(1000, (int?)pod["spec"]!["priority"]);
        var refusal = _cluster.Refusal("pods", """{"metadata":{"name":"q"},"spec":{"priorityClassName":"none","containers":[{"name":"c","image":"a"}]}}""");
        Assert.Equal(403, refusal.Code);
    }

    [Fact]
    public void Pods_are_selected_by_the_few_fields_the_api_server_knows()
    {
        var pod = Create("""{"containers":[{"name":"c","image":"a"}]}""");
        var behavior = BuiltinCluster.Kind("pods").Behavior;

        Assert.Equal("Pending", behavior.SelectableField(pod, "status.phase"));
        Assert.Equal("", behavior.SelectableField(pod, "spec.nodeName"));
        Assert.Equal("false", behavior.SelectableField(pod, "spec.hostNetwork"));
        Assert.Null(behavior.SelectableField(pod, "spec.color"));
    }

    private JsonObject Create(string spec) => _cluster.Create("pods", $$$"""{"metadata":{"name":"p"},"spec":{{{spec}}}}""");

    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}, is {actual?.ToJsonString()}");
}
