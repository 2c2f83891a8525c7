using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Nodes;

public sealed class KubeletTests
{
    private readonly SmallCluster _cluster = new();

    public KubeletTests() => _cluster.AddNode("cpu-0");

    [Fact]
    public void A_pod_comes_up_through_pulling_to_ready()
    {
        _cluster.Create(Resources.Pods, Pod("p"));
        _cluster.Pass(0.1);
        Assert.Equal("ContainerCreating", Container("p").Text("state", "waiting", "reason"));

        _cluster.Pass(2);

        var pod = _cluster.Get(Resources.Pods, "p")!;
        Assert.Equal("Running", pod.Text("status", "phase"));
        Assert.True(Container("p").Flag("ready"));
        Assert.Equal(0, Container("p").Integer("restartCount"));
        Assert.NotNull(pod.Text("status", "podIP"));
        Assert.Equal(
            ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"],
            pod.Objects("status", "conditions").Select(condition => condition.Text("type")));
        Assert.Equal(["Scheduled", "Pulling", "Pulled", "Created", "Started"], Events("p"));
    }

    [Fact]
    public void A_deleted_pod_stops_and_goes_well_before_its_grace_is_over()
    {
        _cluster.Create(Resources.Pods, Pod("p"));
        _cluster.Pass(2);
        _cluster.Cluster.Delete(new ObjectRef(Resources.Pods, "default", "p"));
        _cluster.Runtime.RunUntilIdle();
        Assert.NotNull(_cluster.Get(Resources.Pods, "p"));

        _cluster.Pass(1);

        Assert.Null(_cluster.Get(Resources.Pods, "p"));
        Assert.Contains("Killing", Events("p"));
    }

    [Fact]
    public void Init_containers_run_in_order_and_sidecars_stay()
    {
        _cluster.Create(Resources.Pods, """
            {"metadata":{"name":"p"},"spec":{"containers":[{"name":"main","image":"i:1"}],
             "initContainers":[{"name":"side","image":"s:1","restartPolicy":"Always"},{"name":"fetch","image":"f:1"}]}}
            """);
        _cluster.Pass(0.8);
        Assert.Equal("Pending", _cluster.Get(Resources.Pods, "p")!.Text("status", "phase"));
        Assert.Equal("PodInitializing", Container("p").Text("state", "waiting", "reason"));

        _cluster.Pass(5);

        var pod = _cluster.Get(Resources.Pods, "p")!;
        Assert.True(pod.IsReady());
        var init = pod.Objects("status", "initContainerStatuses").ToList();
        Assert.NotNull(init[0].Object("state", "running"));
        Assert.Equal("Completed", init[1].Text("state", "terminated", "reason"));
    }

    [Fact]
    public void A_crash_loop_backs_off_and_ends_when_its_annotation_goes()
    {
        _cluster.Create(Resources.Pods, Pod("p", """{"sandbox.llmops.dev/fail":"CrashLoop","sandbox.llmops.dev/log":"out of memory"}"""));
        _cluster.Pass(8);

        Assert.Equal("CrashLoopBackOff", Container("p").Text("state", "waiting", "reason"));
        Assert.Equal(1, Container("p").Integer("lastState", "terminated", "exitCode"));
        Assert.Contains("BackOff", Events("p"));
        var restarts = Container("p").Integer("restartCount");
        Assert.True(restarts >= 1);

        _cluster.Change(Resources.Pods, "p", pod => pod["metadata"]!["annotations"]!.AsObject().Remove("sandbox.llmops.dev/fail"));
        _cluster.Pass(60);

        Assert.True(_cluster.Get(Resources.Pods, "p")!.IsReady());
    }

    [Fact]
    public void An_image_that_cannot_be_pulled_alternates_between_error_and_back_off()
    {
        _cluster.Create(Resources.Pods, Pod("p", """{"sandbox.llmops.dev/fail":"ImagePull"}"""));
        _cluster.Pass(0.5);
        Assert.Equal("ErrImagePull", Container("p").Text("state", "waiting", "reason"));

        _cluster.Pass(2);

        Assert.Equal("ImagePullBackOff", Container("p").Text("state", "waiting", "reason"));
        Assert.Equal("Pending", _cluster.Get(Resources.Pods, "p")!.Text("status", "phase"));
    }

    [Fact]
    public void A_pod_told_never_to_be_ready_runs_unready()
    {
        _cluster.Create(Resources.Pods, Pod("p", """{"sandbox.llmops.dev/fail":"NeverReady"}"""));
        _cluster.Pass(5);

        Assert.Equal("Running", _cluster.Get(Resources.Pods, "p")!.Text("status", "phase"));
        Assert.Equal("ContainersNotReady", _cluster.Get(Resources.Pods, "p")!.Condition("Ready").Text("reason"));
        Assert.Contains("Unhealthy", Events("p"));
    }

    [Theory]
    [InlineData("""{"sandbox.llmops.dev/fail":"NeverStarts"}""")]
    [InlineData("""{"sandbox.llmops.dev/start-seconds":"31"}""")]
    public void A_container_whose_startup_probe_fails_to_the_end_is_killed_and_started_again(string annotations)
    {
        const string Spec = """{"containers":[{"name":"c","image":"i:1","startupProbe":{"httpGet":{"port":80},"periodSeconds":10,"failureThreshold":3}}]}""";
        _cluster.Create(Resources.Pods, $$$"""{"metadata":{"name":"p","annotations":{{{annotations}}}},"spec":{{{Spec}}}}""");
        _cluster.Pass(29);
        Assert.Equal(0, Container("p").Integer("restartCount"));
        Assert.False(Container("p").Flag("started"));

        _cluster.Pass(3);

        Assert.Equal(1, Container("p").Integer("restartCount"));
        Assert.Equal(137, Container("p").Integer("lastState", "terminated", "exitCode"));
        Assert.Equal("Error", Container("p").Text("lastState", "terminated", "reason"));
        Assert.Contains("Killing", Events("p"));
    }

    [Fact]
    public void A_container_that_crashes_while_it_loads_is_never_ready()
    {
        _cluster.Create(Resources.Pods, Pod("p", """{"sandbox.llmops.dev/fail":"CrashLoop","sandbox.llmops.dev/start-seconds":"30"}"""));
        for (var step = 0; step < 100; step++)
        {
            _cluster.Pass(0.25);
            Assert.NotEqual("True", _cluster.Get(Resources.Pods, "p")!.Condition("Ready").Text("status"));
        }

        Assert.Equal(2, Container("p").Integer("restartCount"));
    }

    [Fact]
    public void A_container_that_starts_within_its_budget_is_left_alone()
    {
        _cluster.Create(Resources.Pods, """
            {"metadata":{"name":"p","annotations":{"sandbox.llmops.dev/start-seconds":"29"}},
             "spec":{"containers":[{"name":"c","image":"i:1","startupProbe":{"httpGet":{"port":80},"periodSeconds":10,"failureThreshold":3}}]}}
            """);
        _cluster.Pass(60);

        Assert.Equal(0, Container("p").Integer("restartCount"));
        Assert.True(Container("p").Flag("ready"));
    }

    [Fact]
    public async Task A_log_shows_what_the_annotation_says_and_is_refused_before_the_start()
    {
        _cluster.Create(Resources.Pods, Pod("p", """{"sandbox.llmops.dev/log":"one\ntwo\nthree"}"""));
        _cluster.Pass(0.1);
        var refusal = await Assert.ThrowsAsync<StatusException>(() => Read(new PodLogOptions()));
        Assert.Equal("container \"c\" in pod \"p\" is waiting to start: ContainerCreating", refusal.Message);

        _cluster.Pass(2);

        Assert.Equal(["two", "three"], await Read(new PodLogOptions { TailLines = 2 }));
    }

    private async Task<List<string>> Read(PodLogOptions options)
    {
        var lines = new List<string>();
        await foreach (var line in _cluster.Logs.Read(_cluster.Get(Resources.Pods, "p")!, options, TestContext.Current.CancellationToken))
        {
            lines.Add(line);
        }

        return lines;
    }

    private System.Text.Json.Nodes.JsonObject Container(string pod) => _cluster.Get(Resources.Pods, pod)!.Objects("status", "containerStatuses").First();

    private List<string?> Events(string pod) => [.. _cluster.Cluster.List(Resources.Events)
        .Where(each => each.Text("involvedObject", "name") == pod)
        .OrderBy(each => long.Parse(each.Text("metadata", "resourceVersion")!))
        .Select(each => each.Text("reason"))];

    private static string Pod(string name, string annotations = "{}") => $$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}","annotations":{{{{{annotations}}}}}},"spec":{"containers":[{"name":"c","image":"i:1"}],"terminationGracePeriodSeconds":30}}
        """;
}
