using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Kinds.Behaviors;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Kinds;

public sealed class CoreKindTests
{
    private readonly BuiltinCluster _cluster = new();

    [Fact]
    public void Services_get_addresses_of_their_own_and_keep_them()
    {
        var one = Service("one", """{"ports":[{"port":80}]}""");
        var two = Service("two", """{"ports":[{"port":80}]}""");
        var ip = one.Text("spec", "clusterIP")!;

        Assert.StartsWith("10.", ip);
        Assert.NotEqual(ip, two.Text("spec", "clusterIP"));
        Assert.Equal([ip], one.Texts("spec", "clusterIPs"));
        Assert.Equal("""{"loadBalancer":{}}""", one["status"]!.ToJsonString());
        var changed = _cluster.Change("services", "one", obj =>
        {
            obj["spec"]!.AsObject().Remove("clusterIP");
            obj["spec"]!.AsObject().Remove("clusterIPs");
        });
        Assert.Equal(ip, changed.Text("spec", "clusterIP"));
        Assert.Equal("spec.clusterIPs[0]", _cluster.RefusedChange("services", "one", obj => obj["spec"]!["clusterIP"] = "10.96.200.200").Fields()[0]);
    }

    [Fact]
    public void Addresses_lie_in_the_service_range_and_none_is_given_twice()
    {
        var taken = new HashSet<string?>();
        for (var i = 0; i < 2000; i++)
        {
            var address = ServiceAddresses.Next("ns/same-name", taken);
            Assert.True(taken.Add(address));
            var bytes = System.Net.IPAddress.Parse(address).GetAddressBytes();
            Assert.True(bytes[0] == 10 && bytes[1] is >= 96 and < 112, address);
        }
    }

    [Fact]
    public void A_headless_service_has_no_address()
    {
        var service = Service("s", """{"clusterIP":"None","ports":[{"port":80}]}""");

        Assert.Equal(["None"], service.Texts("spec", "clusterIPs"));
        Assert.Equal(80, service.Objects("spec", "ports").First().Integer("targetPort"));
    }

    [Fact]
    public void Node_ports_come_from_their_range_and_are_kept()
    {
        var service = Service("s", """{"type":"NodePort","ports":[{"name":"a","port":80},{"name":"b","port":81}]}""");
        var ports = service.Objects("spec", "ports").Select(port => port.Integer("nodePort") ?? 0).ToList();

        Assert.All(ports, port => Assert.InRange(port, 30000, 32767));
        Assert.Equal(2, ports.Distinct().Count());
        Assert.Equal("Cluster", service.Text("spec", "externalTrafficPolicy"));
        var changed = _cluster.Change("services", "s", obj => obj["spec"]!["ports"] = JsonNode.Parse("""[{"name":"a","port":80}]"""));
        Assert.Equal(ports[0], changed.Objects("spec", "ports").First().Integer("nodePort"));
    }

    [Theory]
    [InlineData("""{}""", "spec.ports")]
    [InlineData("""{"ports":[{"port":0}]}""", "spec.ports[0].port")]
    [InlineData("""{"ports":[{"port":80},{"port":81}]}""", "spec.ports[0].name")]
    [InlineData("""{"ports":[{"name":"a","port":80},{"name":"a","port":81}]}""", "spec.ports[1].name")]
    [InlineData("""{"ports":[{"port":80,"targetPort":"Not A Name"}]}""", "spec.ports[0].targetPort")]
    [InlineData("""{"ports":[{"port":80,"nodePort":30080}]}""", "spec.ports[0].nodePort")]
    [InlineData("""{"type":"NodePort","ports":[{"port":80,"nodePort":80}]}""", "spec.ports[0].nodePort")]
    [InlineData("""{"type":"Magic","ports":[{"port":80}]}""", "spec.type")]
    [InlineData("""{"type":"ExternalName"}""", "spec.externalName")]
    public void An_invalid_service_is_refused_naming_the_field(string spec, string field) =>
        Assert.Contains(field, _cluster.Refusal("services", "{\"metadata\":{\"name\":\"s\"},\"spec\":" + spec + "}").Fields());

    [Fact]
    public void Plain_text_of_a_secret_is_kept_encoded()
    {
        var secret = _cluster.Create("secrets", """{"metadata":{"name":"s"},"data":{"b":"eA=="},"stringData":{"a":"hello","b":"new"}}""");

        Assert.Equal("""{"b":"bmV3","a":"aGVsbG8="}""", secret["data"]!.ToJsonString());
        Assert.False(secret.ContainsKey("stringData"));
        Assert.Equal("Opaque", secret.Text("type"));
        Assert.Equal(["type"], _cluster.RefusedChange("secrets", "s", obj => obj["type"] = "other").Fields());
        Assert.Equal(["data[tls.key]"], _cluster.Refusal("secrets", """{"metadata":{"name":"t"},"type":"kubernetes.io/tls","data":{"tls.crt":"eA=="}}""").Fields());
        Assert.Equal(400, _cluster.Refusal("secrets", """{"metadata":{"name":"t"},"data":{"a":"not base64!"}}""").Code);
    }

    [Fact]
    public void An_immutable_config_map_stays()
    {
        _cluster.Create("configmaps", """{"metadata":{"name":"c"},"data":{"k":"v"},"immutable":true}""");

        Assert.Equal(["data"], _cluster.RefusedChange("configmaps", "c", obj => obj["data"]!["k"] = "w").Fields());
        Assert.Equal(["immutable"], _cluster.RefusedChange("configmaps", "c", obj => obj.Remove("immutable")).Fields());
        Assert.Equal(["data[a b]"], _cluster.Refusal("configmaps", """{"metadata":{"name":"d"},"data":{"a b":"v"}}""").Fields());
    }

    [Fact]
    public void A_namespace_carries_its_name_as_a_label_and_a_finalizer_of_its_own()
    {
        var ns = _cluster.Create("namespaces", """{"metadata":{"name":"team"}}""");

        Assert.Equal("team", ns.Text("metadata", "labels", "kubernetes.io/metadata.name"));
        Assert.Equal(["kubernetes"], ns.Texts("spec", "finalizers"));
        Assert.Equal("Active", ns.Text("status", "phase"));
    }

    [Fact]
    public void A_claim_takes_the_default_class_and_then_stays()
    {
        _cluster.Create("storageclasses.storage.k8s.io", """{"metadata":{"name":"fast","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"x"}""");
        var claim = _cluster.Create("persistentvolumeclaims", """{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1024Mi"}}}}""");

        Assert.Equal("fast", claim.Text("spec", "storageClassName"));
        Assert.Equal("Filesystem", claim.Text("spec", "volumeMode"));
        Assert.Equal("1Gi", claim.Text("spec", "resources", "requests", "storage"));
        Assert.Equal("Pending", claim.Text("status", "phase"));
        _cluster.Change("persistentvolumeclaims", "c", obj => obj["spec"]!["volumeName"] = "pv-1");
        Assert.Equal(["spec"], _cluster.RefusedChange("persistentvolumeclaims", "c", obj => obj["spec"]!["volumeName"] = "pv-2").Fields());
        Assert.Equal(
            ["spec.accessModes", "spec.resources[storage]"],
            _cluster.Refusal("persistentvolumeclaims", """{"metadata":{"name":"d"},"spec":{}}""").Fields());
    }

    [Fact]
    public void An_event_is_one_object_in_two_shapes()
    {
        const string Json = """
            {"metadata":{"name":"e"},"eventTime":"2026-01-02T03:04:05.1Z","reportingController":"example.com/ctl","reportingInstance":"ctl-0","action":"Doing",
             "reason":"Because","regarding":{"kind":"ConfigMap","name":"x","namespace":"default"},"note":"hello","type":"Normal"}
            """;
        var kind = BuiltinCluster.Kind("events.events.k8s.io");
        var obj = JsonNode.Parse(Json)!.AsObject();

        var core = kind.ToStorage!(obj);
        Assert.Equal("hello", core.Text("message"));
        Assert.Equal("x", core.Text("involvedObject", "name"));
        Assert.Equal("example.com/ctl", core.Text("reportingComponent"));
        Assert.True(core.ContainsKey("firstTimestamp") && core["firstTimestamp"] is null);
        var back = kind.FromStorage!(core);
        foreach (var (name, value) in obj)
        {
            Assert.True(JsonNode.DeepEquals(value, back[name]), name);
        }
    }

    [Fact]
    public void The_old_view_of_an_autoscaler_loses_nothing()
    {
        var kind = BuiltinKinds.All.Single(candidate => candidate is { Group: "autoscaling", Version: "v1" });
        var stored = _cluster.Create(
            "horizontalpodautoscalers.autoscaling",
            """
            {"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"maxReplicas":3,
             "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}},
                        {"type":"Pods","pods":{"metric":{"name":"q"},"target":{"type":"AverageValue","averageValue":"5"}}}],
             "behavior":{"scaleDown":{"stabilizationWindowSeconds":60}}}}
            """);

        var view = kind.FromStorage!(stored);
        Assert.Equal(70, view.Integer("spec", "targetCPUUtilizationPercentage"));
        Assert.Null(view.At("spec", "metrics"));
        var back = kind.ToStorage!(view);
        Assert.True(JsonNode.DeepEquals(stored["spec"], back["spec"]), back.ToJsonString());
        Assert.True(JsonNode.DeepEquals(stored["metadata"], back["metadata"]), back.ToJsonString());
    }

    [Theory]
    [InlineData("horizontalpodautoscalers.autoscaling", """{"scaleTargetRef":{"kind":"D","name":"d"},"minReplicas":0,"maxReplicas":3}""", "spec.minReplicas")]
    [InlineData("horizontalpodautoscalers.autoscaling", """{"scaleTargetRef":{"kind":"D","name":"d"},"minReplicas":4,"maxReplicas":3}""", "spec.maxReplicas")]
    [InlineData("horizontalpodautoscalers.autoscaling", """{"scaleTargetRef":{"kind":"D","name":"d"}}""", "spec.maxReplicas")]
    [InlineData("poddisruptionbudgets.policy", """{"minAvailable":"50%","maxUnavailable":1}""", "spec")]
    [InlineData("poddisruptionbudgets.policy", """{"minAvailable":"half"}""", "spec.minAvailable")]
    [InlineData("leases.coordination.k8s.io", """{"leaseDurationSeconds":0}""", "spec.leaseDurationSeconds")]
    [InlineData("networkpolicies.networking.k8s.io", """{"ingress":[{"from":[{}]}]}""", "spec.ingress[0].from[0]")]
    [InlineData("ingresses.networking.k8s.io", """{}""", "spec")]
    public void An_invalid_spec_is_refused_naming_the_field(string resource, string spec, string field) =>
        Assert.Contains(field, _cluster.Refusal(resource, "{\"metadata\":{\"name\":\"x\"},\"spec\":" + spec + "}").Fields());

    [Fact]
    public void A_binding_keeps_what_it_grants()
    {
        var binding = _cluster.Create("rolebindings.rbac.authorization.k8s.io", """{"metadata":{"name":"b"},"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"}]}""");

        Assert.Equal("rbac.authorization.k8s.io", binding.Text("roleRef", "apiGroup"));
        Assert.Equal("rbac.authorization.k8s.io", binding.Objects("subjects").Single().Text("apiGroup"));
        Assert.Equal(["roleRef"], _cluster.RefusedChange("rolebindings.rbac.authorization.k8s.io", "b", obj => obj["roleRef"]!["name"] = "other").Fields());
    }

    [Fact]
    public void Empty_lists_that_the_api_serves_as_null_are_null()
    {
        var slice = _cluster.Create("endpointslices.discovery.k8s.io", """{"metadata":{"name":"s"},"addressType":"IPv4","endpoints":[],"ports":[{"port":80}]}""");
        var role = _cluster.Create("roles.rbac.authorization.k8s.io", """{"metadata":{"name":"r"}}""");

        Assert.True(slice.ContainsKey("endpoints") && slice["endpoints"] is null);
        Assert.Equal("""[{"port":80,"name":"","protocol":"TCP"}]""", slice["ports"]!.ToJsonString().Replace("\"protocol\":\"TCP\",\"name\":\"\"", "\"name\":\"\",\"protocol\":\"TCP\"", StringComparison.Ordinal));
        Assert.True(role.ContainsKey("rules") && role["rules"] is null);
    }

    private JsonObject Service(string name, string spec) => _cluster.Create("services", "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":" + spec + "}");
}
