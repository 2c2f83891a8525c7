using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Workloads;

public sealed class OtherWorkloadTests
{
    private readonly SmallCluster _cluster = new();

    public OtherWorkloadTests() => _cluster.AddNode("cpu-0");

    [Fact]
    public void A_job_completes_and_is_removed_after_its_time_to_live()
    {
        _cluster.Create(Resources.Jobs, Job(""","ttlSecondsAfterFinished":30"""));
        _cluster.Pass(5);

        var job = _cluster.Get(Resources.Jobs, "j")!;
        Assert.Equal(1, job.Integer("status", "succeeded"));
        Assert.Equal(["SuccessCriteriaMet", "Complete"], job.Objects("status", "conditions").Select(condition => condition.Text("type")));

        _cluster.Pass(40);

        Assert.Null(_cluster.Get(Resources.Jobs, "j"));
        Assert.Empty(_cluster.Pods());
    }

    [Fact]
    public void A_job_fails_once_its_backoff_limit_is_exceeded()
    {
        _cluster.Create(Resources.Jobs, Job(""","backoffLimit":1""", """{"sandbox.llmops.dev/exit-code":"3"}"""));
        _cluster.Pass(60);

        var job = _cluster.Get(Resources.Jobs, "j")!;
        Assert.Equal(2, job.Integer("status", "failed"));
        Assert.Equal("BackoffLimitExceeded", job.Condition("Failed").Text("reason"));
    }

    [Fact]
    public void A_suspended_job_starts_when_it_is_resumed()
    {
        _cluster.Create(Resources.Jobs, Job(""","suspend":true"""));
        _cluster.Pass(5);
        Assert.Empty(_cluster.Pods());
        Assert.True(_cluster.Get(Resources.Jobs, "j")!.IsTrue("Suspended"));

        _cluster.Change(Resources.Jobs, "j", job => job["spec"]!["suspend"] = false);
        _cluster.Pass(5);

        Assert.True(_cluster.Get(Resources.Jobs, "j")!.IsTrue("Complete"));
    }

    [Fact]
    public void A_stateful_set_starts_one_pod_after_the_other()
    {
        _cluster.Create(Resources.StatefulSets, StatefulSet(3, ""));
        _cluster.Pass(0.1);
        Assert.Equal(["s-0"], _cluster.Pods().Select(pod => pod.Name()));

        _cluster.Pass(10);

        Assert.Equal(["s-0", "s-1", "s-2"], _cluster.Pods().Select(pod => pod.Name()));
        Assert.Equal(3, _cluster.Get(Resources.StatefulSets, "s")!.Integer("status", "readyReplicas"));
        var pod = _cluster.Get(Resources.Pods, "s-1")!;
        Assert.Equal(("s-1", "s", "1"), (pod.Text("spec", "hostname"), pod.Text("spec", "subdomain"), pod.Label("apps.kubernetes.io/pod-index")));
    }

    [Fact]
    public void A_partition_holds_back_the_lower_ordinals_of_a_roll()
    {
        _cluster.Create(Resources.StatefulSets, StatefulSet(3, ""","podManagementPolicy":"Parallel","updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}"""));
        _cluster.Pass(5);
        _cluster.Change(Resources.StatefulSets, "s", set => set["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "q:2");
        _cluster.Pass(10);

        Assert.Equal(["q:1", "q:1", "q:2"], _cluster.Pods().Select(pod => pod.Objects("spec", "containers").First().Text("image")!));
        var set = _cluster.Get(Resources.StatefulSets, "s")!;
        Assert.Equal((1, 3), (set.Integer("status", "updatedReplicas"), set.Integer("status", "readyReplicas")));

        _cluster.Change(Resources.StatefulSets, "s", obj => obj["spec"]!["replicas"] = 1);
        _cluster.Pass(5);

        Assert.Equal(["s-0"], _cluster.Pods().Select(pod => pod.Name()));
    }

    [Fact]
    public void A_slice_lists_the_ready_pods_of_a_service_and_is_empty_without_them()
    {
        _cluster.Create(Resources.Services, """{"metadata":{"name":"web"},"spec":{"selector":{"app":"w"},"ports":[{"name":"http","port":80,"targetPort":8000}]}}""");
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("w", replicas: 2));
        _cluster.Pass(5);

        var slice = Assert.Single(_cluster.Cluster.List(Resources.EndpointSlices));
        Assert.Equal("web", slice.Label("kubernetes.io/service-name"));
        Assert.Equal("""[{"name":"http","protocol":"TCP","port":8000}]""", slice["ports"]!.ToJsonString());
        Assert.Equal(2, slice.Objects("endpoints").Count());
        Assert.All(slice.Objects("endpoints"), endpoint => Assert.Equal("""{"ready":true,"serving":true,"terminating":false}""", endpoint["conditions"]!.ToJsonString()));
        Assert.Equal(
            _cluster.Cluster.List(Resources.Pods).Select(pod => ((string?)"Pod", (string?)pod.Name(), (string?)pod.Uid(), pod.Text("status", "podIP"))).Order(),
            slice.Objects("endpoints").Select(endpoint => (endpoint.Text("targetRef", "kind"), endpoint.Text("targetRef", "name"), endpoint.Text("targetRef", "uid"), (string?)endpoint["addresses"]![0]!)).Order());

        _cluster.Change(Resources.Deployments, "w", obj => obj["spec"]!["replicas"] = 0);
        _cluster.Pass(3);

        Assert.Null(Assert.Single(_cluster.Cluster.List(Resources.EndpointSlices))["endpoints"]);
    }

    [Fact]
    public void Slices_of_pods_with_other_ports_leave_no_moment_without_a_pod_that_is_ready()
    {
        _cluster.Create(Resources.Services, """{"metadata":{"name":"web"},"spec":{"selector":{"app":"w"},"ports":[{"name":"http","port":80,"targetPort":"http"}]}}""");
        var deployment = JsonNode.Parse(SmallCluster.Deployment("w", replicas: 1))!.AsObject();
        Listen(deployment, 8081);
        _cluster.Create(Resources.Deployments, deployment.ToJsonString());
        _cluster.Pass(5);

        // Whoever watches sees one write after the other.
        var (gaps, most) = (0, 0);
        using (_cluster.Cluster.Subscribe(_ =>
        {
            var slices = _cluster.Cluster.List(Resources.EndpointSlices);
            gaps += slices.Any(slice => slice.Objects("endpoints").Any(endpoint => endpoint.Object("conditions").Flag("ready") == true)) ? 0 : 1;
            most = Math.Max(most, slices.Count);
        }))
        {
            _cluster.Change(Resources.Deployments, "w", obj => Listen(obj, 8080));
            _cluster.Pass(10);
        }

        Assert.Equal((0, 2), (gaps, most));
        Assert.Equal(8080, Assert.Single(_cluster.Cluster.List(Resources.EndpointSlices)).Objects("ports").Single().Integer("port"));

        static void Listen(JsonObject obj, int port) => obj["spec"]!["template"]!["spec"]!["containers"]![0]!["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["containerPort"] = port });
    }

    private static string Job(string spec, string annotations = "{}") => $$$$"""
        {"metadata":{"name":"j"},"spec":{"template":{"metadata":{"annotations":{{{{annotations}}}}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox"}]}}{{{{spec}}}}}}
        """;

    private static string StatefulSet(int replicas, string spec) => $$$$"""
        {"metadata":{"name":"s"},"spec":{"serviceName":"s","replicas":{{{{replicas}}}},"selector":{"matchLabels":{"app":"s"}},
         "template":{"metadata":{"labels":{"app":"s"}},"spec":{"containers":[{"name":"c","image":"q:1"}]}}{{{{spec}}}}}}
        """;
}
