using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Tests.Conformance;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Server;

public sealed class ClusterAnswerTests
{
    private static readonly TimeSpan HangGuard = TimeSpan.FromMinutes(1);

    [Fact]
    public Task Addresses_and_node_ports_that_are_taken_or_out_of_range_are_refused() => WithServer(async send =>
    {
        await send("POST", "services", """{"metadata":{"name":"a"},"spec":{"type":"NodePort","clusterIP":"10.96.7.7","ports":[{"port":80,"nodePort":30080}]}}""");

        Assert.Equal((422, "spec.ports[0].nodePort"), Cause(await send("POST", "services", """{"metadata":{"name":"b"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}""")));
        Assert.Equal((422, "spec.clusterIPs"), Cause(await send("POST", "services", """{"metadata":{"name":"b"},"spec":{"clusterIP":"10.96.7.7","ports":[{"port":80}]}}""")));
        Assert.Equal((422, "spec.clusterIPs"), Cause(await send("POST", "services", """{"metadata":{"name":"b"},"spec":{"clusterIP":"192.168.7.7","ports":[{"port":80}]}}""")));
        var (_, changed, _) = await send("PATCH", "services/a", """{"spec":{"type":"ClusterIP"}}""");
        Assert.Null(changed["spec"]!["externalTrafficPolicy"]);
        Assert.Null(changed["spec"]!["ports"]![0]!["nodePort"]);
    });

    [Fact]
    public Task An_eviction_names_its_pod_and_marks_it() => WithServer(async send =>
    {
        await send("POST", "pods", """{"metadata":{"name":"p","finalizers":["example.com/hold"]},"spec":{"containers":[{"name":"c","image":"i"}]}}""");

        Assert.Equal(400, (await send("POST", "pods/p/eviction", """{"metadata":{"name":"other"}}""")).Status);
        Assert.Equal(201, (await send("POST", "pods/p/eviction", """{"metadata":{"name":"p"}}""")).Status);
        var (_, pod, _) = await send("GET", "pods/p", null);
        var condition = pod["status"]!["conditions"]!.AsArray().Single(each => each!["type"]!.GetValue<string>() == "DisruptionTarget")!;
        Assert.Equal("EvictionByEvictionAPI", condition["reason"]!.GetValue<string>());
    });

    [Fact]
    public Task Deleting_a_job_without_a_policy_warns_that_its_pods_stay() => WithServer(async send =>
    {
        const string Job = """{"metadata":{"name":"j"},"spec":{"suspend":true,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""";
        await send("POST", "jobs", Job);
        Assert.Contains("child pods are preserved by default", (await send("DELETE", "jobs/j", null)).Warning);

        await send("POST", "pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        Assert.Empty((await send("DELETE", "pods/p", null)).Warning);
    });

    [Fact]
    public Task A_docker_config_must_be_json() => WithServer(async send =>
        Assert.Equal(
            (422, "data[.dockerconfigjson]"),
            Cause(await send("POST", "secrets", """{"metadata":{"name":"d"},"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"bm90anNvbg=="}}"""))));

    private static (int Status, string? Field) Cause((int Status, JsonNode Body, string Warning) answer) =>
        (answer.Status, answer.Body["details"]?["causes"]?[0]?["field"]?.GetValue<string>());

    private static async Task WithServer(Func<Func<string, string, string?, Task<(int Status, JsonNode Body, string Warning)>>, Task> test)
    {
        using var guard = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        guard.CancelAfter(HangGuard);
        await using var server = await SandboxServer.StartAsync(new SandboxServerOptions { Time = new ManualTimeProvider() }, guard.Token);
        using var client = TestClient.For(server);
        await test(async (method, path, body) =>
        {
            var root = path.StartsWith("jobs", StringComparison.Ordinal) ? "/apis/batch/v1" : "/api/v1";
            using var message = new HttpRequestMessage(new HttpMethod(method), $"{root}/namespaces/default/{path}");
            if (body is not null)
            {
                message.Content = new StringContent(body, Encoding.UTF8, method == "PATCH" ? "application/merge-patch+json" : "application/json");
            }

            using var response = await client.SendAsync(message, guard.Token);
            var warning = response.Headers.NonValidated.TryGetValues("Warning", out var values) ? string.Join('|', values) : "";
            return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(guard.Token))!, warning);
        });
    }
}
