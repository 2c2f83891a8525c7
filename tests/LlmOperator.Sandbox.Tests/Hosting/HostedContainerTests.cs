using System.Collections.Concurrent;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Hosting;

public sealed class HostedContainerTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<FakeContainer> _started = new();
    private readonly List<string> _order = [];
    private HostedCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await HostedCluster.StartAsync(
        ContainerHost.ForImage("web", context => Started(new(context, 8080) { Order = _order })),
        ContainerHost.ForImage("side", context => Started(new(context, 9090) { Order = _order })));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_container_finds_its_environment_arguments_and_files()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"COLOUR":"green","config.json":"{\"a\":1}"}}""");
        _cluster.Create(new("", "secrets"), """{"metadata":{"name":"keys"},"stringData":{"token":"s3cret"}}""");
        _cluster.Create(Resources.Pods, """
            {"metadata":{"name":"p","labels":{"team":"blue"}},"spec":{
              "containers":[{"name":"main","image":"registry.example:5000/team/web:v1@sha256:abc","args":["--name=$(WHO)","$$(WHO)","$(ABSENT)"],
                "envFrom":[{"prefix":"MAP_","configMapRef":{"name":"settings"}},{"secretRef":{"name":"absent","optional":true}}],
                "env":[{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":"IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}},
                  {"name":"TEAM","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['team']"}}},{"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"keys","key":"token"}}},
                  {"name":"MEMORY","valueFrom":{"resourceFieldRef":{"resource":"limits.memory","divisor":"1Mi"}}},{"name":"WHO","value":"$(POD)-$(MAP_COLOUR)"}],
                "resources":{"limits":{"memory":"64Mi"}},
                "volumeMounts":[{"name":"config","mountPath":"/etc/app"},{"name":"scratch","mountPath":"/var/scratch"}]}],
              "volumes":[{"name":"config","configMap":{"name":"settings","items":[{"key":"config.json","path":"sub/c.json"}]}},{"name":"scratch","emptyDir":{}}]}}
            """);
        await _cluster.ReadyAsync("p");

        var context = _started.Single().Context;
        Assert.Equal(["--name=p-green", "$(WHO)", "$(ABSENT)"], context.Args);
        Assert.Equal(("p", "blue", "s3cret", "64"), (context.Environment["POD"], context.Environment["TEAM"], context.Environment["TOKEN"], context.Environment["MEMORY"]));
        Assert.Equal(_cluster.Pod("p").Text("status", "podIP"), context.Environment["IP"]);
        Assert.Equal("{\"a\":1}", await File.ReadAllTextAsync(context.RealPath("/etc/app/sub/c.json")!, TestContext.Current.CancellationToken));
        Assert.True(Directory.Exists(context.RealPath("/var/scratch")));
        Assert.Null(context.RealPath("/etc/application"));
        Assert.Null(context.RealPath("/etc/app/../../passwd"));
    }

    [Fact]
    public async Task Pods_have_addresses_of_their_own_and_the_same_port()
    {
        _cluster.Create(Resources.Pods, Pod("a"));
        _cluster.Create(Resources.Pods, Pod("b"));
        await _cluster.ReadyAsync("a", "b");

        var addresses = new[] { "a", "b" }.Select(pod => _cluster.Pod(pod).Text("status", "podIP")!).ToList();
        Assert.Equal(2, addresses.Distinct().Count());
        Assert.All(addresses, address => Assert.StartsWith("127.", address));
        foreach (var (pod, address) in new[] { "a", "b" }.Zip(addresses))
        {
            Assert.Equal(pod, await _cluster.Client.GetStringAsync($"http://{address}:8080/", TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("exec?command=ls&container=main", "kubectl logs")]
    [InlineData("attach", "kubectl logs")]
    [InlineData("portforward", "127.244.")]
    public async Task A_connection_into_a_container_is_refused_with_what_there_is_instead(string subresource, string hint)
    {
        _cluster.Create(Resources.Pods, Pod("p"));
        await _cluster.ReadyAsync("p");
        using var client = Conformance.TestClient.For(_cluster.Embedded.Server);

        using var refused = await client.PostAsync(new Uri($"/api/v1/namespaces/default/pods/p/{subresource}", UriKind.Relative), null, TestContext.Current.CancellationToken);
        using var absent = await client.GetAsync(new Uri("/api/v1/namespaces/default/pods/q/exec", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal((501, 404), ((int)refused.StatusCode, (int)absent.StatusCode));
        Assert.Contains(hint, await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_container_lacks_is_told_and_awaited()
    {
        _cluster.Create(Resources.Pods, Pod("p", """,{"name":"K","valueFrom":{"secretKeyRef":{"name":"late","key":"k"}}}"""));
        await _cluster.UntilAsync(() => _cluster.Pod("p").Objects("status", "containerStatuses").Any(status => status.Text("state", "waiting", "reason") == "CreateContainerConfigError"), "an error is told");
        Assert.Equal("secret \"late\" not found", _cluster.Container("p", "main").Text("state", "waiting", "message"));
        Assert.Empty(_started);

        _cluster.Create(new("", "secrets"), """{"metadata":{"name":"late"},"stringData":{"k":"v"}}""");
        await _cluster.ReadyAsync("p");

        Assert.Equal("v", _started.Single().Context.Environment["K"]);
    }

    [Fact]
    public async Task Readiness_follows_the_probe_and_sidecars_start_first_and_end_last()
    {
        _cluster.Create(Resources.Pods, """
            {"metadata":{"name":"p"},"spec":{"terminationGracePeriodSeconds":20,
             "initContainers":[{"name":"side","image":"side:1","restartPolicy":"Always","startupProbe":{"tcpSocket":{"port":9090}}}],
             "containers":[{"name":"main","image":"web:1","ports":[{"name":"http","containerPort":8080}],"readinessProbe":{"httpGet":{"port":"http","path":"/ready"},"periodSeconds":1,"failureThreshold":2}}]}}
            """);
        await _cluster.ReadyAsync("p");
        var main = _started.Single(container => container.Context.Container == "main");

        main.Status = 503;
        await _cluster.UntilAsync(() => !_cluster.Pod("p")!.IsReady(), "the pod is not ready");
        Assert.Contains("Unhealthy", _cluster.Events("p"));
        main.Status = 204;
        await _cluster.ReadyAsync("p");
        Assert.Equal(0, _cluster.Container("p", "main").Integer("restartCount"));

        _cluster.Embedded.Objects.Delete(new(Resources.Pods, "default", "p"));
        await _cluster.UntilAsync(() => _cluster.Pod("p") is null, "the pod goes");
        Assert.Equal(["start side", "start main", "stop main", "stop side"], _order);
    }

    [Fact]
    public async Task A_failing_liveness_probe_has_the_container_killed_and_started_again()
    {
        _cluster.Create(Resources.Pods, """
            {"metadata":{"name":"p"},"spec":{"terminationGracePeriodSeconds":3,
             "containers":[{"name":"main","image":"web:1","livenessProbe":{"httpGet":{"port":8080},"periodSeconds":2,"failureThreshold":2}}]}}
            """);
        await _cluster.ReadyAsync("p");
        var first = _started.Single();
        (first.IgnoresSignal, first.Status) = (true, 500);

        await _cluster.UntilAsync(() => _cluster.Container("p", "main").Integer("restartCount") == 1 && _cluster.Pod("p")!.IsReady(), "it runs again");

        Assert.True(first.WasKilled);
        Assert.Equal(1, _cluster.Container("p", "main").Integer("restartCount"));
        Assert.Equal(137, _cluster.Container("p", "main").Integer("lastState", "terminated", "exitCode"));
        Assert.Contains("Killing", _cluster.Events("p"));
    }

    [Fact]
    public async Task A_container_that_exits_is_started_again_with_backoff_and_its_log_is_kept()
    {
        _cluster.Create(Resources.Pods, Pod("p"));
        await _cluster.ReadyAsync("p");
        _started.Last().Context.WriteLine("last words");
        _started.Last().Exit(3);
        await _cluster.UntilAsync(() => _cluster.Container("p", "main").Integer("restartCount") == 1 && _cluster.Pod("p")!.IsReady(), "it runs again");

        Assert.Equal(3, _cluster.Container("p", "main").Integer("lastState", "terminated", "exitCode"));
        Assert.Equal(["main runs", "last words"], await _cluster.LogAsync("p", "main", previous: true));
        Assert.Equal(["main runs"], await _cluster.LogAsync("p", "main"));

        _started.Last().Exit(1);
        await _cluster.UntilAsync(() => _cluster.Container("p", "main").Text("state", "waiting", "reason") == "CrashLoopBackOff", "it backs off");
        await _cluster.UntilAsync(() => _cluster.Container("p", "main").Integer("restartCount") == 2, "it runs once more");
        Assert.Equal(3, _started.Count);
    }

    [Fact]
    public async Task A_pod_that_does_not_end_is_killed_when_its_grace_is_over_and_gives_its_port_back()
    {
        _cluster.Create(Resources.Pods, Pod("p"));
        await _cluster.ReadyAsync("p");
        var address = _cluster.Pod("p").Text("status", "podIP")!;
        _started.Single().IgnoresSignal = true;
        var began = _cluster.Time.GetUtcNow();

        _cluster.Embedded.Objects.Delete(new(Resources.Pods, "default", "p"));
        await _cluster.UntilAsync(() => _cluster.Pod("p") is null, "the pod goes");

        Assert.True(_started.Single().WasKilled);
        Assert.True(_cluster.Time.GetUtcNow() - began >= TimeSpan.FromSeconds(5));
        Assert.False(await HostedCluster.ListensAsync(address, 8080));
    }

    [Fact]
    public async Task A_followed_log_shows_lines_as_they_are_written_and_ends_with_the_container()
    {
        _cluster.Create(Resources.Pods, Pod("p"));
        await _cluster.ReadyAsync("p");
        await using var lines = _cluster.Embedded.Logs.Read(_cluster.Pod("p")!, new() { Follow = true }, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await lines.MoveNextAsync());

        var next = lines.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);
        _started.Single().Context.WriteLine("news");
        Assert.True(await next);
        Assert.Equal("news", lines.Current);

        _started.Single().Exit(0);
        Assert.False(await _cluster.WhileAsync(lines.MoveNextAsync().AsTask()));
    }

    private FakeContainer Started(FakeContainer container)
    {
        _started.Enqueue(container);
        return container;
    }

    private static string Pod(string name, string env = "") => $$$$"""
        {"metadata":{"name":"{{{{name}}}}"},"spec":{"terminationGracePeriodSeconds":5,
         "containers":[{"name":"main","image":"web:1","env":[{"name":"A","value":"b"}{{{{env}}}}],"readinessProbe":{"tcpSocket":{"port":8080},"periodSeconds":1}}]}}
        """;
}
