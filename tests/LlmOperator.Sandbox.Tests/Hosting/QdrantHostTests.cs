using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.StandIns.Qdrant;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Hosting;

/// <summary>Containers of Qdrant's image: the stand-in, a server elsewhere, a program.</summary>
public sealed class QdrantHostTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pods_of_a_stateful_set_are_nodes_of_one_cluster_and_keep_their_data_while_they_restart()
    {
        var hosts = new QdrantHosts();
        await using var cluster = await HostedCluster.StartAsync(hosts.Registration);
        cluster.Create(Resources.StatefulSets, StatefulSet(2));
        await cluster.ReadyAsync("q-0", "q-1");

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(cluster, "q-0", HttpMethod.Get, "/collections", key: null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(cluster, "q-0", HttpMethod.Put, "/collections/c", """{"vectors":{"size":2,"distance":"Dot"}}""")).Status);
        var (_, peers) = await SendAsync(cluster, "q-1", HttpMethod.Get, "/cluster");
        Assert.Equal(2, peers["result"]!["peers"]!.AsObject().Count);
        var peer = (await SendAsync(cluster, "q-1", HttpMethod.Get, "/cluster")).Body["result"]!["peer_id"]!.GetValue<ulong>();
        var before = cluster.Pod("q-1")!.Uid();

        cluster.Embedded.Objects.Delete(new(Resources.Pods, "default", "q-1"));
        await cluster.UntilAsync(() => cluster.Pod("q-1") is { } pod && pod.Uid() != before && pod.IsReady(), "q-1 is back");

        var (_, collections) = await SendAsync(cluster, "q-1", HttpMethod.Get, "/collections");
        Assert.Equal("c", collections["result"]!["collections"]![0]!["name"]!.GetValue<string>());
        Assert.Equal(peer, (await SendAsync(cluster, "q-1", HttpMethod.Get, "/cluster")).Body["result"]!["peer_id"]!.GetValue<ulong>());
        Assert.Equal(["default/q"], hosts.Clusters.Keys);
        Assert.Equal(new Version(1, 18, 2), hosts.Clusters["default/q"].Version);
    }

    [Fact]
    public async Task A_node_that_comes_back_with_an_empty_volume_is_not_let_in_while_the_one_before_holds_shards_and_says_so_as_its_last_words()
    {
        var hosts = new QdrantHosts();
        await using var cluster = await HostedCluster.StartAsync(hosts.Registration);
        cluster.Create(Resources.StatefulSets, StatefulSet(3));
        await cluster.ReadyAsync("q-0", "q-1", "q-2");
        await SendAsync(cluster, "q-0", HttpMethod.Put, "/collections/c", """{"vectors":{"size":2,"distance":"Dot"},"shard_number":3}""");
        var before = hosts.Clusters["default/q"].Nodes.Single(node => node.Name == "q-1").PeerId;

        cluster.Embedded.Objects.Delete(new(Resources.Claims, "default", "storage-q-1"));
        cluster.Embedded.Objects.Update(new(Resources.Claims, "default", "storage-q-1"), claim => claim["metadata"]!.AsObject().Remove("finalizers"), "test");
        cluster.Embedded.Objects.Delete(new(Resources.Pods, "default", "q-1"));
        string? words = null;
        await cluster.UntilAsync(() => (words = cluster.Pod("q-1")?["status"]?["containerStatuses"]?[0]?["lastState"]?["terminated"]?["message"]?.GetValue<string>()) is not null, "it ends");
        Assert.Contains($"already used by peer {before}", words, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(cluster, "q-0", HttpMethod.Delete, "/collections/c")).Status);
        await cluster.ReadyAsync("q-1");
        Assert.DoesNotContain(hosts.Clusters["default/q"].Nodes, node => node.PeerId == before);
        Assert.Equal(3, hosts.Clusters["default/q"].Nodes.Count);
    }

    [Fact]
    public async Task A_pod_of_a_stateful_set_is_reached_by_its_name()
    {
        await using var cluster = await HostedCluster.StartAsync(new QdrantHosts().Registration);
        cluster.Create(Resources.StatefulSets, StatefulSet(1));
        await cluster.ReadyAsync("q-0");

        Assert.Contains("stand-in", await cluster.Client.GetStringAsync(new Uri("http://q-0.q-headless.default.svc:6333/"), Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_of_the_image_that_only_prepares_a_volume_ends()
    {
        await using var cluster = await HostedCluster.StartAsync(new QdrantHosts().Registration);
        cluster.Create(Resources.Pods, """
            {"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"chown","image":"docker.io/qdrant/qdrant:v1.19.0","command":["chown","-R","1000:3000","/qdrant/storage"]}],
              "containers":[{"name":"qdrant","image":"docker.io/qdrant/qdrant:v1.19.0","readinessProbe":{"httpGet":{"path":"/readyz","port":6333}}}]}}
            """);

        await cluster.ReadyAsync("p");
    }

    [Fact]
    public async Task A_server_elsewhere_gets_the_requests_with_its_own_key_when_the_pods_key_was_right()
    {
        var real = new QdrantCluster { ApiKey = "real" };
        await using var server = await QdrantStandIn.StartAsync(real, cancellationToken: Stop);
        await using var cluster = await HostedCluster.StartAsync(new QdrantHosts { Target = new(server.Address, "real") }.Registration);
        cluster.Create(Resources.StatefulSets, StatefulSet(1));
        await cluster.ReadyAsync("q-0");

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(cluster, "q-0", HttpMethod.Put, "/collections/a%20b?timeout=3", """{"vectors":{"size":2,"distance":"Dot"}}""")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(cluster, "q-0", HttpMethod.Get, "/collections", key: "real")).Status);

        Assert.Equal("PUT /collections/a b", real.Calls.Last(call => call.Method == "PUT").ToString());
        Assert.Equal("3", real.Calls.Last(call => call.Method == "PUT").Query["timeout"]);
    }

    [Fact]
    public async Task A_program_runs_with_the_containers_settings_and_ends_when_it_is_asked_to()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the program of this test is a shell script");
        var folder = Directory.CreateTempSubdirectory("qdrant-program-");
        try
        {
            var program = Path.Combine(folder.FullName, "qdrant");
            await File.WriteAllTextAsync(
                program,
                """
                #!/bin/sh
                trap 'echo ended; exit 0' TERM
                echo "listens on $QDRANT__SERVICE__HOST:$QDRANT__SERVICE__HTTP_PORT, keeps $QDRANT__STORAGE__STORAGE_PATH, level $QDRANT__LOG_LEVEL, $*" > "$QDRANT__STORAGE__STORAGE_PATH/said"
                while true; do sleep 0.05; done
                """,
                Stop);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            await using var cluster = await HostedCluster.StartAsync(new QdrantHosts { Program = program }.Registration);
            cluster.Create(Resources.Pods, """
                {"metadata":{"name":"q-0"},"spec":{"containers":[{"name":"qdrant","image":"qdrant/qdrant:v1.19.0",
                  "env":[{"name":"QDRANT__LOG_LEVEL","value":"WARN"},{"name":"QDRANT__CLUSTER__ENABLED","value":"true"}],
                  "volumeMounts":[{"name":"s","mountPath":"/qdrant/storage"}]}],"volumes":[{"name":"s","emptyDir":{}}]}}
                """);
            await cluster.ReadyAsync("q-0");

            var ip = cluster.Pod("q-0").Text("status", "podIP");
            string? said = null;
            await cluster.UntilAsync(() => (said = Said(ip)) is not null, "the program has said what it found");
            Assert.Contains($"listens on {ip}:6333", said, StringComparison.Ordinal);
            Assert.Contains($"level WARN, --uri http://{ip}:6335", said, StringComparison.Ordinal);

            cluster.Embedded.Objects.Delete(new(Resources.Pods, "default", "q-0"));
            await cluster.UntilAsync(() => cluster.Pod("q-0") is null, "the pod is gone");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>What the program wrote into its storage; null when it has not yet.</summary>
    private static string? Said(string? ip) => Directory.EnumerateDirectories(Path.GetTempPath(), "llm-sandbox-*")
        .SelectMany(root => Directory.Exists(Path.Combine(root, "pods")) ? Directory.EnumerateFiles(Path.Combine(root, "pods"), "said", SearchOption.AllDirectories) : [])
        .Select(File.ReadAllText)
        .FirstOrDefault(text => text.Contains($"{ip}:", StringComparison.Ordinal));

    private static async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(HostedCluster cluster, string pod, HttpMethod method, string path, string? body = null, string? key = "k3y")
    {
        using var request = new HttpRequestMessage(method, $"http://{cluster.Pod(pod).Text("status", "podIP")}:6333{path}") { Content = body is null ? null : new StringContent(body) };
        if (key is not null)
        {
            request.Headers.Add("api-key", key);
        }

        using var response = await cluster.Client.SendAsync(request, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        return (response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : []);
    }

    private static string StatefulSet(int replicas) => """
        {"metadata":{"name":"q"},"spec":{"replicas":REPLICAS,"serviceName":"q-headless","podManagementPolicy":"Parallel","selector":{"matchLabels":{"app":"q"}},
          "template":{"metadata":{"labels":{"app":"q"}},"spec":{"containers":[{"name":"qdrant","image":"docker.io/qdrant/qdrant:v1.18.2-unprivileged",
            "command":["/bin/bash","-c","./entrypoint.sh --uri http://q-0.q-headless:6335"],
            "env":[{"name":"QDRANT__SERVICE__API_KEY","value":"k3y"},{"name":"QDRANT__CLUSTER__ENABLED","value":"true"}],
            "ports":[{"name":"http","containerPort":6333}],"terminationMessagePolicy":"FallbackToLogsOnError","readinessProbe":{"httpGet":{"path":"/readyz","port":"http"},"periodSeconds":1},
            "volumeMounts":[{"name":"storage","mountPath":"/qdrant/storage","subPath":"storage"}]}]}},
          "volumeClaimTemplates":[{"metadata":{"name":"storage"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}}
        """.Replace("REPLICAS", $"{replicas}", StringComparison.Ordinal);
}
